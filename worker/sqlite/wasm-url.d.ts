/** Where a bundler serves the file. */
declare module "*.wasm?url" {
  const url: string;
  export default url;
}

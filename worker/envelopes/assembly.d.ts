declare module "*.ts?wasm" {
  /** What the AssemblyScript was compiled to, as base64: it is small, and there from the beginning. */
  export const wasm: string;
}

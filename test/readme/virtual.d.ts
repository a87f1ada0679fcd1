declare module "virtual:readme" {
  // oxlint-disable-next-line typescript/consistent-type-imports -- an ambient module cannot import a relative path
  export const examples: readonly import("./run-example.js").RunnableExample[];
}

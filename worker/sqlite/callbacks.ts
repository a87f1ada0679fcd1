// C calls a function by its place in the module's table, where only functions of WebAssembly can stand. A function of
// JavaScript becomes one by being imported into a module that exports it again.

const TYPES = { i: 0x7f, j: 0x7e } as const;

/** A function that C calls, and its parameters' types: "i" is 32 bits or a pointer, "j" 64 bits. All of them give 32 bits. */
export type Callback = readonly [parameters: string, work: (...values: never[]) => number];

export function callback(parameters: string, work: (...values: never[]) => number): Callback {
  return [parameters, work];
}

/** By the names and types of what they export: compiled once. */
const modules = new Map<string, WebAssembly.Module>();

/** Puts functions into the table. Gives their places. */
export function install<Name extends string>(
  table: WebAssembly.Table,
  callbacks: Readonly<Record<Name, Callback>>,
): Record<Name, number> {
  const entries = Object.entries(callbacks) as [Name, Callback][];
  const work = Object.fromEntries(entries.map(([name, [, run]]) => [name, run]));
  const key = entries.map(([name, [parameters]]) => `${name}:${parameters}`).join();
  const module = modules.get(key) ?? new WebAssembly.Module(reexport(entries));
  modules.set(key, module);
  const { exports } = new WebAssembly.Instance(module, { e: work });
  const first = table.grow(entries.length);
  return Object.fromEntries(
    entries.map(([name], place) => {
      table.set(first + place, exports[name]);
      return [name, first + place];
    }),
  ) as Record<Name, number>;
}

/** https://webassembly.github.io/spec/core/binary/modules.html: types, imports from "e", exports of the same names. */
function reexport(entries: readonly (readonly [name: string, Callback])[]): Uint8Array<ArrayBuffer> {
  const types = entries.map(([, [parameters]]) => {
    const codes = Array.from(parameters, (type) => TYPES[type as keyof typeof TYPES]);
    return [0x60, codes.length, ...codes, 1, TYPES.i];
  });
  const imports = entries.map(([name], place) => [1, "e".charCodeAt(0), ...text(name), 0, place]);
  const exports = entries.map(([name], place) => [...text(name), 0, place]);
  const begin = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  return Uint8Array.from([...begin, ...section(1, types), ...section(2, imports), ...section(7, exports)]);
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = [items.length, ...items.flat()];
  return [id, (content.length & 127) | 128, content.length >> 7, ...content];
}

function text(name: string): number[] {
  return [name.length, ...new TextEncoder().encode(name)];
}

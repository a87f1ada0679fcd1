/**
 * A value that is made when it is first asked for. For what takes the engine long, and what opens a database does not
 * need: every tab waits for that.
 */
export function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => (made ??= { value: make() }).value;
}

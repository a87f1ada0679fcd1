/** Values by name, made when they are asked for. Those that were not used for longest go, so that it does not grow. */
export class Recent<Value> {
  readonly #limit: number;
  readonly #make: (name: string) => Value;
  readonly #drop: (value: Value) => void;
  readonly #values = new Map<string, Value>();

  constructor(limit: number, make: (name: string) => Value, drop: (value: Value) => void = () => {}) {
    this.#limit = limit;
    this.#make = make;
    this.#drop = drop;
  }

  get(name: string): Value {
    const value = this.#values.get(name) ?? this.#make(name);
    // A map keeps the order in which its names were set.
    this.#values.delete(name);
    this.#values.set(name, value);
    const [oldest] = this.#values;
    if (this.#values.size > this.#limit) this.#remove(oldest!);
    return value;
  }

  clear(): void {
    for (const entry of this.#values) this.#remove(entry);
  }

  #remove([name, value]: [string, Value]): void {
    this.#values.delete(name);
    this.#drop(value);
  }
}

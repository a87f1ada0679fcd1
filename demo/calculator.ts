// The calculator that the responder calls: sums, products, powers and parentheses, no eval.

/** The longest piece of a text that reads like arithmetic, or undefined. */
export function findExpression(text: string): string | undefined {
  const candidates =
    text
      .replaceAll("×", "*")
      .replaceAll("÷", "/")
      .match(/[-(\d.][\d\s.+\-*/^%()]*[\d)]/g) ?? [];
  return candidates
    .map((candidate) => candidate.trim())
    .filter((candidate) => /\d\s*[-+*/^%]\s*[-(\d.]/.test(candidate) && !isDate(candidate))
    .sort((a, b) => b.length - a.length)[0];
}

function isDate(text: string): boolean {
  return /^\d{4}-\d{1,2}-\d{1,2}$/.test(text);
}

/** The value of an expression. Throws a sentence that says what is wrong with it. */
export function calculate(expression: string): number {
  const tokens = expression.match(/\d+\.?\d*|\.\d+|[-+*/^%()]/g) ?? [];
  let at = 0;

  const take = (...wanted: readonly string[]): string | undefined =>
    wanted.includes(tokens[at] ?? "") ? tokens[at++] : undefined;

  const sum = (): number => {
    let value = product();
    for (let sign = take("+", "-"); sign; sign = take("+", "-")) value += (sign === "+" ? 1 : -1) * product();
    return value;
  };

  const product = (): number => {
    let value = signed();
    for (let sign = take("*", "/", "%"); sign; sign = take("*", "/", "%")) {
      const right = signed();
      if (sign !== "*" && right === 0) throw new Error("Division by zero.");
      value = sign === "*" ? value * right : sign === "/" ? value / right : value % right;
    }
    return value;
  };

  const signed = (): number => (take("-") ? -signed() : power());

  const power = (): number => {
    const base = atom();
    return take("^") ? base ** signed() : base;
  };

  const atom = (): number => {
    if (take("(")) {
      const value = sum();
      if (!take(")")) throw new Error("A parenthesis is never closed.");
      return value;
    }
    const value = Number(tokens[at++]);
    if (Number.isNaN(value)) throw new Error("A number is missing.");
    return value;
  };

  const value = sum();
  if (at < tokens.length) throw new Error(`I do not know what to do with "${tokens[at]}".`);
  if (!Number.isFinite(value)) throw new Error("The result is too large for me.");
  return value;
}

/** A result as people write it: no `0.30000000000000004`. */
export function showNumber(value: number): string {
  return new Intl.NumberFormat("en", { maximumSignificantDigits: 12 }).format(value);
}

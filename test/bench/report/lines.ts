import { rounded } from "./goals.js";
import { SERIES, svg, text } from "./svg.js";

const [WIDTH, HEIGHT] = [760, 380];
const [LEFT, RIGHT, TOP, BOTTOM] = [60, 190, 44, 64];

/** A line of the chart: its name and a value for each size. */
export interface Line {
  readonly title: string;
  readonly values: readonly number[];
}

/** Lines over sizes, both logarithmic: what does not grow is flat. */
export function lineChart(sizes: readonly number[], lines: readonly Line[], note: string): string {
  const all = lines.flatMap(({ values }) => values);
  const [low, high] = [10 ** Math.floor(Math.log10(Math.min(...all))), 10 ** Math.ceil(Math.log10(Math.max(...all)))];
  const x = scale(sizes[0]!, sizes.at(-1)!, LEFT, WIDTH - RIGHT);
  const y = scale(low, high, HEIGHT - BOTTOM, TOP);
  const ticks = Array.from({ length: Math.round(Math.log10(high / low)) + 1 }, (_, power) => low * 10 ** power);
  return svg(WIDTH, HEIGHT, "Milliseconds of a call over the number of messages in the database", [
    text(12, 22, "Milliseconds of a call, by messages in the database", 'class="title"'),
    ...ticks.flatMap((tick) => [
      `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(tick)}" y2="${y(tick)}" class="axis"/>`,
      text(LEFT - 8, y(tick) + 4, String(Number(tick.toPrecision(1))), 'text-anchor="end" class="note"'),
    ]),
    ...sizes.map((size) =>
      text(x(size), HEIGHT - BOTTOM + 20, size.toLocaleString("en"), 'text-anchor="middle" class="note"'),
    ),
    ...lines.flatMap(({ title, values }, index) => {
      const colour = SERIES[index % SERIES.length]!;
      const points = values.map((value, at) => `${x(sizes[at]!)},${y(value)}`).join(" ");
      const last = values.at(-1)!;
      const label = text(WIDTH - RIGHT + 10, y(last) + 4, `${title} ${rounded(last)}`, `style="fill: ${colour}"`);
      return [`<polyline points="${points}" class="line" stroke="${colour}"/>`, label];
    }),
    text(12, HEIGHT - 12, note, 'class="note"'),
  ]);
}

function scale(low: number, high: number, from: number, to: number): (value: number) => number {
  const span = Math.log(high / low) || 1;
  return (value) => Math.round((from + ((to - from) * Math.log(value / low)) / span) * 10) / 10;
}

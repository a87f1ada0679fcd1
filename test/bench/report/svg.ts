// What the charts share. The colours follow the reader's; the fonts are the system's.

const STYLE = `
  <style>
    text { font: 12px system-ui, sans-serif; fill: #1f2328 }
    .title { font-size: 14px; font-weight: 600 }
    .note { fill: #59636e; font-size: 11px }
    .axis { stroke: #d1d9e0 }
    .ours { fill: #0969da } .rival { fill: #afb8c1 } .floor { fill: #d9a441 }
    .line { fill: none; stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc } .note { fill: #9198a1 } .axis { stroke: #3d444d }
      .ours { fill: #4493f8 } .rival { fill: #656c76 } .floor { fill: #b98a2f }
    }
  </style>`;

export const SERIES = ["#0969da", "#bf3989", "#1a7f37", "#9a6700", "#8250df", "#cf222e"];

export function svg(width: number, height: number, label: string, body: readonly string[]): string {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escape(label)}">`;
  return [open, `  <title>${escape(label)}</title>${STYLE}`, ...body.map((line) => `  ${line}`), "</svg>", ""].join(
    "\n",
  );
}

export function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x}" y="${y}"${attributes && ` ${attributes}`}>${escape(content)}</text>`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

// `npm run check`: everything that is checked without a browser, as one table. Needs the build.
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { promisify } from "node:util";
import { againstLayers } from "./layers.mjs";
import { deadLinks } from "./links.mjs";
import { pageSize, wholeSize } from "./sizes.mjs";

// In bytes: what has been reached, and a few more since zlib's result depends on the processor. A change that adds to it
// says so here. All must stay below 460 KiB.
const PAGE_BUDGET = 12_400;
const WHOLE_BUDGET = 446_250;
/** Versions that were measured, tried against the browsers, or both. */
const PINS = {
  "@sqlite.org/sqlite-wasm": "3.54.1-build1",
  "@playwright/test": "1.64.1",
  playwright: "1.64.1",
  vitest: "4.1.",
};

const run = promisify(execFile);

/** A check resolves to a note for the table, and rejects where something is wrong. */
const checks = {
  format: () => tool("oxfmt", "--check"),
  lint: () => tool("oxlint", "--type-aware", "--deny-warnings"),
  ...Object.fromEntries(
    readdirSync(".", { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && existsSync(`${entry.name}/tsconfig.json`))
      .map(({ name }) => [`types: ${name}`, () => tool("tsc", "-p", name)]),
  ),
  publint: () => tool("publint", "--strict"),
  "are the types wrong": () =>
    tool(
      "attw",
      "--pack",
      "--profile",
      "esm-only",
      "--exclude-entrypoints",
      "sqlite3.wasm",
      "--no-emoji",
      "--no-color",
    ),
  "size: page": async () => within(await pageSize(), PAGE_BUDGET),
  "size: all": async () => within(await wholeSize(), WHOLE_BUDGET),
  layers: async () => none(againstLayers()),
  links: async () => none(deadLinks(["README.md", "CHANGELOG.md", "test/bench/RESULTS.md"])),
  pins: async () => pins(),
};

const results = await Promise.all(
  Object.entries(checks).map(async ([name, check]) => {
    try {
      return { name, ok: true, note: await check() };
    } catch (error) {
      const detail = [error.stdout, error.stderr, error.message].find(Boolean);
      return { name, ok: false, note: "see below", detail };
    }
  }),
);

const width = Math.max(...results.map(({ name }) => name.length));
for (const { name, ok, note } of results)
  console.log(`${ok ? "ok  " : "FAIL"}  ${name.padEnd(width)}  ${note}`.trimEnd());
const failed = results.filter(({ ok }) => !ok);
for (const { name, detail } of failed) console.error(`\n${name}:\n${detail}`);
if (process.env.CHECK_REPORT) {
  writeFileSync(
    process.env.CHECK_REPORT,
    JSON.stringify({ passed: results.length - failed.length, failed: failed.length }),
  );
}
process.exitCode = failed.length > 0 ? 1 : 0;

function none(found) {
  if (found.length > 0) throw new Error(found.join("\n"));
  return "";
}

async function tool(name, ...args) {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" };
  await run(`node_modules/.bin/${name}`, args, { env, maxBuffer: 64 * 1024 * 1024 });
  return "";
}

function within(bytes, budget) {
  const note = `${bytes.toLocaleString("en")} of ${budget.toLocaleString("en")} bytes`;
  if (bytes > budget) throw new Error(note);
  return note;
}

function pins() {
  const { devDependencies } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [name, pin] of Object.entries(PINS)) {
    const { version } = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8"));
    const held = pin.endsWith(".") ? version.startsWith(pin) : version === pin;
    if (!held || devDependencies[name] !== version) {
      throw new Error(`${name}: ${pin} is pinned, ${devDependencies[name]} declared, ${version} installed.`);
    }
  }
  return "";
}

// `npm test`: sets up, builds, then runs every kind of test and prints one line with the sum of them.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const reports = mkdtempSync(join(tmpdir(), "axio-context-opfs-test-"));

const setup = [
  ["browsers", "node", "test/tools/browsers.mjs"],
  ["build", "npm", "run", "build"],
];

/** Each kind of test: its command, the environment that makes it write a report, and what the report says. */
const suites = {
  check: {
    command: ["node", "test/tools/check.mjs"],
    env: { CHECK_REPORT: report("check") },
    count: (result) => result,
  },
  vitest: {
    command: ["npx", "vitest", "run", "--reporter=default", "--reporter=json", `--outputFile.json=${report("vitest")}`],
    env: {},
    count: ({ numPassedTests, numFailedTests }) => ({ passed: numPassedTests, failed: numFailedTests }),
  },
  playwright: {
    command: ["npx", "playwright", "test", "--reporter=list,json"],
    env: { PLAYWRIGHT_JSON_OUTPUT_NAME: report("playwright") },
    count: ({ stats }) => ({ passed: stats.expected + stats.flaky, failed: stats.unexpected }),
  },
};

let passed = 0;
let failed = 0;
const ready = setup.every(([name, ...command]) => run(name, command) || fail(`${name} failed.`));
for (const [name, suite] of ready ? Object.entries(suites) : []) {
  const ok = run(name, suite.command, suite.env);
  const counts = read(name, suite.count);
  passed += counts.passed;
  failed += counts.failed;
  if (counts.passed + counts.failed === 0) fail(`${name} ran no test.`);
  // What fails outside a test, such as an error that nothing caught, is not in the counts.
  else if (!ok && counts.failed === 0) fail(`${name} failed, though no test did.`);
}
rmSync(reports, { recursive: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;

function report(name) {
  return join(reports, `${name}.json`);
}

function read(name, count) {
  try {
    return count(JSON.parse(readFileSync(report(name), "utf8")));
  } catch {
    return { passed: 0, failed: 0 };
  }
}

function run(name, [command, ...args], env = {}) {
  console.log(`\n=== ${name} ===`);
  const { status } = spawnSync(command, args, {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...env },
  });
  return status === 0;
}

function fail(message) {
  console.error(message);
  failed++;
  return false;
}

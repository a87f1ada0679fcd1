// Sees to it that the browsers of test/browsers.ts are there: Debian's, or Playwright's own downloads. On Debian also
// Python, whose standard library reads in the tests what the browser wrote.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { chromium, firefox } from "playwright";

const DEBIAN = ["/usr/bin/chromium", "/usr/bin/firefox-esr", "/usr/bin/python3"];
const isRoot = process.getuid?.() === 0;

if (present(DEBIAN)) {
  // Nothing to do.
} else if (isRoot && isDebian()) {
  run("apt-get", "update");
  run("apt-get", "install", "--yes", "--no-install-recommends", "chromium", "firefox-esr", "python3");
} else if (!present([chromium.executablePath(), firefox.executablePath()])) {
  run("npx", "playwright", "install", ...(isRoot ? ["--with-deps"] : []), "chromium", "firefox");
}

function present(files) {
  return files.every((file) => existsSync(file));
}

// Ubuntu's packages of these names only point to its app store.
function isDebian() {
  return existsSync("/etc/os-release") && /^ID=debian$/m.test(readFileSync("/etc/os-release", "utf8"));
}

function run(command, ...args) {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const { status, error } = spawnSync(command, args, { stdio: ["ignore", "inherit", "inherit"], env });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed.`, { cause: error });
}

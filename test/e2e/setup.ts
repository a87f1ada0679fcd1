import { build, type Plugin } from "vite";
import { assembly } from "../tools/build/assembly.js";
import { PORT_VARIABLE, SITE, startServer } from "./server.js";

/** Builds the demo and the test page, and serves both until the tests are over. */
export async function setup(): Promise<() => Promise<void>> {
  await build({ logLevel: "warn", build: { outDir: `${SITE}/demo` } });
  await buildPage("page");
  await buildPage("next", [nextProtocol()]);
  const server = await startServer();
  process.env[PORT_VARIABLE] = String(server.port);
  return server.stop;
}

// Nothing is shaken off the workers: package.json says that the package has no side effects, and the files that make
// faults have nothing else.
async function buildPage(name: string, more: Plugin[] = []): Promise<void> {
  const plugins = [assembly(), ...more];
  await build({
    configFile: false,
    logLevel: "warn",
    root: `${import.meta.dirname}/page`,
    base: "./",
    plugins,
    worker: { format: "es", plugins: () => plugins, rolldownOptions: { treeshake: false } },
    build: { outDir: `${SITE}/${name}`, emptyOutDir: true, target: "esnext" },
  });
}

/** Makes the package of the page one that speaks the next protocol. */
function nextProtocol(): Plugin {
  return {
    name: "next-protocol",
    transform(code, id) {
      if (!id.endsWith("/src/protocol.ts")) return undefined;
      const raised = code.replace(/(?<=PROTOCOL = )\d+/, (number) => String(Number(number) + 1));
      if (raised === code) throw new Error("Found no number of the protocol to raise.");
      return raised;
    },
  };
}

// oxlint-disable-next-line import/no-default-export -- Playwright takes a global setup from the default export alone.
export default setup;

// `npm run bench`: what is in TypeScript here, Vite loads.
import { join } from "node:path";
import { runnerImport } from "vite";

const { module } = await runnerImport(join(import.meta.dirname, "main.ts"), { configFile: false });
process.exitCode = await module.main(process.argv.slice(2));

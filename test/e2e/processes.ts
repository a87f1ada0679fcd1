import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Kills the processes that were started with the folder as their profile, and waits until they are gone. */
export async function killProcessesOf(folder: string): Promise<void> {
  const killed = await processesOf(folder);
  if (killed.length === 0) throw new Error(`No process has ${folder} as its profile.`);
  for (const id of killed) kill(id);
  while ((await processesOf(folder)).some((id) => killed.includes(id))) continue;
}

/** The processes that were started with the folder as their profile. */
export async function processesOf(folder: string): Promise<number[]> {
  const { stdout } = await run("ps", ["-axo", "pid=,args="]);
  return stdout
    .split("\n")
    .filter((line) => line.includes(folder))
    .map((line) => Number.parseInt(line, 10));
}

function kill(id: number): void {
  try {
    process.kill(id, "SIGKILL");
  } catch {
    // It went together with one that was killed before it.
  }
}

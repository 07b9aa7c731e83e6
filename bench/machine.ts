/**
 * The machine and the programs of a bench.
 *
 * @module
 */
import { capture } from "@remote-plugin/tools/run";

/** In words, for the page. */
export async function machine(python: string): Promise<Record<string, string>> {
  const versions = await Promise.all([capture([python, "--version"]), capture(["node", "--version"])]);
  const [pythonVersion, node] = versions.map(({ code, stdout }) => code === 0 ? stdout.trim() : "none");
  return {
    cores: String(navigator.hardwareConcurrency),
    system: `${Deno.build.os} ${Deno.build.arch}`,
    deno: Deno.version.deno,
    python: pythonVersion!.replace("Python ", ""),
    node: node!.replace("v", ""),
  };
}

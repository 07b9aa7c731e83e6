/**
 * Runs a host program as a user would: in a process of its own, with exactly the flags that it is given.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** What a host program printed, and how it ended. */
export interface HostRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = new URL("../../", import.meta.url);

/** The arguments of `deno run` before the program's own flags: the import map is the one that these tests run with. */
export function hostArguments(): string[] {
  return [
    "run",
    "--no-prompt",
    "--quiet",
    "--no-lock",
    "--no-config",
    `--import-map=${fromFileUrl(new URL("tools/npm_imports.json", ROOT))}`,
  ];
}

/** The path of a program in `tests/fixtures/hosts/`. */
export function hostProgram(name: string): string {
  return fromFileUrl(new URL(`tests/fixtures/hosts/${name}.ts`, ROOT));
}

/**
 * Runs a host whose memory is measured. V8 lets garbage lie while there is room, and more of it on a busy machine; with little room what it holds is what
 * the program holds. A program that keeps more than that ends, and its test with it.
 */
export async function runMeasuredHost<Reading>(name: string, args: readonly unknown[]): Promise<Reading> {
  const { code, stdout, stderr } = await runHost(name, ["--allow-all", "--v8-flags=--max-old-space-size=40,--max-semi-space-size=4"], args);
  if (code !== 0) throw new Error(`The host "${name}" ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

/** Starts a program of `tests/fixtures/hosts/` with these flags; its arguments are passed on as JSON. */
export function spawnHost(name: string, flags: readonly string[], args: readonly unknown[]): Deno.ChildProcess {
  return hostCommand(name, flags, args).spawn();
}

/** Runs such a program to its end, with these variables besides those of the tests. */
export async function runHost(
  name: string,
  flags: readonly string[],
  args: readonly unknown[],
  env: Readonly<Record<string, string>> = {},
): Promise<HostRun> {
  const { code, stdout, stderr } = await hostCommand(name, flags, args, env).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout).trim(), stderr: decoder.decode(stderr) };
}

/** What `/bin/sh` runs a command by, whose folders' permissions count for it even as the superuser. */
const AS_ANYBODY = 'if [ "$(id -u)" = 0 ]; then exec setpriv --bounding-set=-dac_override,-dac_read_search "$@"; else exec "$@"; fi';

/** Runs a host that may look only into folders whose permissions say so. Linux alone has what that takes. */
export async function runHostAsAnybody(name: string, args: readonly unknown[]): Promise<HostRun> {
  const program = [Deno.execPath(), ...hostArguments(), "--allow-all", hostProgram(name), ...args.map((arg) => JSON.stringify(arg))];
  const { code, stdout, stderr } = await new Deno.Command("/bin/sh", { args: ["-c", AS_ANYBODY, "sh", ...program] }).output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout).trim(), stderr: decoder.decode(stderr) };
}

function hostCommand(
  name: string,
  flags: readonly string[],
  args: readonly unknown[],
  env: Readonly<Record<string, string>> = {},
): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [...hostArguments(), ...flags, hostProgram(name), ...args.map((arg) => JSON.stringify(arg))],
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/**
 * What the tools have in common about their arguments. `parseArgs` of `@std/cli` reads them.
 *
 * @module
 */

/** A mistake in what was typed: the reader needs its message alone. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** What `parseArgs` calls for an argument that it has not been told of: a flag is refused, anything else is left to the tool. */
export function refuseFlags(usage: string): (argument: string, key?: string) => void {
  return (argument, key) => {
    if (key !== undefined) throw new UsageError(`"${argument}" is not known. ${usage}`);
  };
}

/** As {@linkcode refuseFlags}, for a tool that takes nothing else. */
export function refuseAll(usage: string): (argument: string) => void {
  return (argument) => {
    throw new UsageError(`"${argument}" is not known. ${usage}`);
  };
}

/** The number in the value of a flag; without a value it is the default. */
export function readNumber(text: string | undefined, { name, fallback, usage }: { name: string; fallback: number; usage: string }): number {
  if (text === undefined) return fallback;
  if (/^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new UsageError(`"${name} ${text}" is no number. ${usage}`);
}

/** Runs a tool and ends the program with its exit code; 2 after a mistake in what was typed. */
export async function runTool(main: () => Promise<number>): Promise<never> {
  try {
    Deno.exit(await main());
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    Deno.exit(2);
  }
}

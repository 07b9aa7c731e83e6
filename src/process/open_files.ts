/**
 * How many files and connections this process has open, of all that it may have.
 *
 * @module
 */
import { closeSync, openSync } from "node:fs";

/** About how many are open: a file that is opened gets the lowest number that is free. `undefined` where that cannot be told. */
export function openFiles(): number | undefined {
  const [first, second] = [lowestFree(), lowestFree()];
  // Where a number is not given again, it counts nothing.
  return first === second ? first : undefined;
}

function lowestFree(): number | undefined {
  try {
    // Any file that is there, wherever this module comes from.
    const file = openSync(Deno.execPath(), "r");
    closeSync(file);
    return file;
  } catch {
    return undefined;
  }
}

/** How many there may be, as a shell tells it, which is given what this process has. `undefined` where there is none that may be asked. */
export async function mostOpenFiles(): Promise<number | undefined> {
  try {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", "ulimit -n"], stdin: "null", stderr: "null" }).output();
    const most = Number(new TextDecoder().decode(stdout));
    return Number.isInteger(most) && most > 0 ? most : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Where `serve` listens, for `stats` to find it.
 *
 * @module
 */
import { join } from "@std/path";
import { ifThere } from "../../protocol/is_there.ts";

/** Where a server listens, and its tokens. */
export interface ServerFile {
  readonly url: string;
  readonly token: string;
  readonly operatorToken: string;
  readonly pid: number;
}

/** Tells others where this server listens, in a file that only its owner reads, until it is disposed of. */
export async function writeServerFile(stateDir: string, content: ServerFile): Promise<AsyncDisposable> {
  const path = pathIn(stateDir);
  await Deno.mkdir(stateDir, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(path, JSON.stringify(content), { mode: 0o600 });
  return {
    [Symbol.asyncDispose]: async () => {
      const now = await Deno.readTextFile(path).catch(() => "");
      if (now === JSON.stringify(content)) await Deno.remove(path);
    },
  };
}

/** The server that runs; `undefined` when none does. */
export async function readServerFile(stateDir: string): Promise<ServerFile | undefined> {
  const text = await ifThere(Deno.readTextFile(pathIn(stateDir)));
  return text === undefined ? undefined : JSON.parse(text);
}

function pathIn(stateDir: string): string {
  return join(stateDir, "server.json");
}

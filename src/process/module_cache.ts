/**
 * Where fetched modules are kept from one start of a plugin to the next.
 *
 * @module
 */
import { join } from "@std/path";
import { isGranted } from "../manifest/host_access.ts";
import { userCache } from "../manifest/user_cache.ts";
import { removeIfThere } from "../payload/private_folder.ts";

/** Nobody else removes the folder of a plugin that is gone. */
const UNUSED_MS = 30 * 24 * 3600 * 1000;

const PREFIX = "deno-";

/**
 * The folder in which one plugin with one set of permissions keeps the modules that it has fetched: what it puts there reaches no other plugin, and not the
 * user's own Deno. There is none where it cannot be had, or belongs to somebody else; then each start fetches anew.
 *
 * @param identity What makes the plugin another one.
 * @param own A folder of this program's, which tells whose folders may be used.
 */
export async function keptModules(identity: unknown, own: string): Promise<string | undefined> {
  const cache = Deno.build.os === "windows" ? undefined : userCache();
  if (cache === undefined || !mayUse(cache)) return undefined;
  try {
    const { uid } = await Deno.lstat(own);
    const base = join(cache, "remote-plugin");
    const folder = join(base, PREFIX + await hashOf(JSON.stringify(identity)));
    for (const path of [cache, base, folder]) await makeIfMissing(path, uid);
    for (const path of [base, folder]) await demandOwn(path, uid);
    await Deno.utime(folder, new Date(), new Date());
    await shutStorage(folder);
    await forgetUnused(base);
    return folder;
  } catch {
    return undefined;
  }
}

function mayUse(path: string): boolean {
  return (["read", "write"] as const).every((name) => isGranted({ name, path }));
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex().slice(0, 32);
}

/** Who is root in another user's home leaves nothing there that its owner could not remove. */
async function makeIfMissing(path: string, uid: number | null): Promise<void> {
  try {
    await Deno.lstat(path);
  } catch {
    if ((await Deno.stat(join(path, ".."))).uid !== uid) throw new Error(`"${path}" is not ours to make`);
    await Deno.mkdir(path, { mode: 0o700 });
  }
}

async function demandOwn(path: string, uid: number | null): Promise<void> {
  const { isDirectory, uid: owner, mode } = await Deno.lstat(path);
  if (!isDirectory || owner !== uid || mode === null || (mode & 0o022) !== 0) throw new Error(`"${path}" is not ours alone`);
}

/** What a plugin stores by the Cache API would stay for ever, each worker's in a place of its own. Where Deno wants a folder for it stands a file. */
async function shutStorage(folder: string): Promise<void> {
  await Deno.writeFile(join(folder, "location_data"), new Uint8Array());
}

async function forgetUnused(base: string): Promise<void> {
  for await (const { name } of Deno.readDir(base)) {
    const path = join(base, name);
    const unused = name.startsWith(PREFIX) && Date.now() - ((await Deno.lstat(path)).mtime?.getTime() ?? Date.now()) > UNUSED_MS;
    if (unused) await removeIfThere(path);
  }
}

/**
 * What `doctor` finds on the host.
 *
 * @module
 */
import { join } from "@std/path";
import { scratchRoot } from "../permissions/required.ts";
import type { Context } from "./_context.ts";

/** One thing that was looked at. */
export interface Finding {
  /** The host, or a plugin. */
  readonly about: string;
  readonly check: string;
  readonly verdict: "good" | "odd" | "bad";
  readonly found: string;
  /** What to do about it. */
  readonly fix?: string;
}

/** A worker's folder that is younger may be that of one that is just being started. */
const LEFT_AFTER_MS = 60_000;

/** Looks at Deno, the folder for temporary files, sockets, and what is left of workers that were killed. */
export async function hostFindings(_context: Context, fix: boolean): Promise<Finding[]> {
  return [denoVersion(), await scratch(), await sockets(), await leftovers(fix)];
}

function finding(check: string, verdict: Finding["verdict"], found: string, fix?: string): Finding {
  return { about: "host", check, verdict, found, fix };
}

function denoVersion(): Finding {
  const { deno } = Deno.version;
  const [major = 0, minor = 0] = deno.split(".").map(Number);
  if (major > 2 || (major === 2 && minor >= 9)) return finding("Deno", "good", deno);
  return finding("Deno", "bad", `${deno}, wanted is 2.9 or later`, "deno upgrade");
}

async function scratch(): Promise<Finding> {
  const root = scratchRoot({});
  try {
    const folder = await Deno.makeTempDir({ dir: root, prefix: "remote-plugin-doctor-" });
    await Deno.writeFile(join(folder, "probe"), new Uint8Array(64 * 1024));
    await Deno.remove(folder, { recursive: true });
    return finding("temporary files", "good", root);
  } catch (error) {
    return finding(
      "temporary files",
      "bad",
      `${root}: ${(error as Error).message}`,
      "Make room there, or set TMPDIR to a folder that can be written",
    );
  }
}

async function sockets(): Promise<Finding> {
  if (Deno.build.os === "windows") return finding("sockets", "good", "loopback TCP");
  const folder = await Deno.makeTempDir({ dir: scratchRoot({}), prefix: "remote-plugin-doctor-" });
  try {
    Deno.listen({ transport: "unix", path: join(folder, "s.sock") }).close();
    return finding("sockets", "good", "unix sockets work");
  } catch (error) {
    return finding(
      "sockets",
      "bad",
      (error as Error).message,
      'Set TMPDIR to a folder with a shorter path, or "transport": "tcp" in manifests',
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function leftovers(fix: boolean): Promise<Finding> {
  const left = await leftFolders(scratchRoot({}));
  if (left.length === 0) return finding("leftovers", "good", "none");
  const what = `${left.length} ${left.length === 1 ? "folder" : "folders"} of workers that are gone: ${left.slice(0, 3).join(", ")}${
    left.length > 3 ? ", …" : ""
  }`;
  if (!fix) return finding("leftovers", "odd", what, "remote-plugin doctor --fix");
  for (const folder of left) await Deno.remove(folder, { recursive: true });
  return finding("leftovers", "good", `${what}; removed`);
}

/** Folders that hold a worker's program or socket, which no running process names. */
async function leftFolders(root: string): Promise<string[]> {
  const commands = await runningCommands();
  if (commands === undefined) return [];
  const entries = await Array.fromAsync(Deno.readDir(root));
  const folders = entries.filter(({ name, isDirectory }) => isDirectory && name.startsWith("remote-plugin-")).map(({ name }) =>
    join(root, name)
  );
  const isLeft = await Promise.all(folders.map(async (folder) => !commands.includes(folder) && await isWorkerFolder(folder)));
  return folders.filter((_, at) => isLeft[at]);
}

async function isWorkerFolder(folder: string): Promise<boolean> {
  try {
    const { mtime } = await Deno.stat(folder);
    const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name);
    const isOld = Date.now() - (mtime?.getTime() ?? 0) > LEFT_AFTER_MS;
    return isOld && (names.includes("worker.py") || names.includes("worker.sock"));
  } catch {
    return false; // Somebody else's, or gone by now.
  }
}

async function runningCommands(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("ps", { args: ["-A", "-ww", "-o", "args="], stdin: "null", stderr: "null" }).output();
    return new TextDecoder().decode(stdout);
  } catch {
    return undefined; // Without ps nobody can tell which are in use.
  }
}

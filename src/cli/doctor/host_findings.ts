/**
 * What `doctor` finds on the host.
 *
 * @module
 */
import { findLeftFolders, PrivateFolder, sweepFolders } from "../../payload/private_folder.ts";
import { scratchRoot } from "../../permissions/required.ts";
import { PACKAGE_VERSION } from "../../protocol/version.ts";
import type { Finding } from "./finding.ts";

/** Looks at Deno, the folder for temporary files, sockets, and what is left of workers that were killed. */
export async function hostFindings({ fix }: { readonly fix: boolean }): Promise<Finding[]> {
  const root = scratchRoot({});
  const files = await scratch(root);
  return files.verdict === "bad"
    ? [programVersion(), denoVersion(), files]
    : [programVersion(), denoVersion(), files, await sockets(root), await leftovers(root, fix)];
}

function finding(check: string, verdict: Finding["verdict"], found: string, fix?: string): Finding {
  return { about: "host", check, verdict, found, fix };
}

function programVersion(): Finding {
  return finding("remote-plugin", "good", PACKAGE_VERSION);
}

function denoVersion(): Finding {
  const { deno } = Deno.version;
  const [major = 0, minor = 0] = deno.split(".").map(Number);
  if (major > 2 || (major === 2 && minor >= 9)) return finding("Deno", "good", deno);
  return finding("Deno", "bad", `${deno}, wanted is 2.9 or later`, "deno upgrade");
}

async function scratch(root: string): Promise<Finding> {
  try {
    await using folder = PrivateFolder.create(root);
    await Deno.writeFile(folder.file("probe"), new Uint8Array(64 * 1024));
    return finding("temporary files", "good", root);
  } catch (error) {
    const fix = "Make room there, or set TMPDIR to a folder that can be written";
    return finding("temporary files", "bad", `${root}: ${(error as Error).message}`, fix);
  }
}

async function sockets(root: string): Promise<Finding> {
  if (Deno.build.os === "windows") return finding("sockets", "good", "loopback TCP");
  await using folder = PrivateFolder.create(root);
  try {
    Deno.listen({ transport: "unix", path: folder.file("s.sock") }).close();
    return finding("sockets", "good", "unix sockets work");
  } catch (error) {
    const fix = 'Set TMPDIR to a folder with a shorter path, or "transport": "tcp" in manifests';
    return finding("sockets", "bad", (error as Error).message, fix);
  }
}

async function leftovers(root: string, fix: boolean): Promise<Finding> {
  await using own = PrivateFolder.create(root);
  const left = await findLeftFolders(root, own.path);
  if (left.length === 0) return finding("leftovers", "good", "none");
  const folders = left.length === 1 ? "folder" : "folders";
  const names = `${left.slice(0, 3).join(", ")}${left.length > 3 ? ", …" : ""}`;
  const what = `${left.length} ${folders} of workers that are gone: ${names}`;
  if (!fix) return finding("leftovers", "odd", what, "remote-plugin doctor --fix");
  await sweepFolders(root, own.path, { limit: Infinity });
  return finding("leftovers", "good", `${what}; removed`);
}

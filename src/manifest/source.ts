/**
 * Manifests as they are read from files and from the network.
 *
 * @module
 */
import { resolve, toFileUrl } from "@std/path";
import { messageOf } from "../protocol/text.ts";
import { ManifestError, PermissionDeniedError } from "../errors.ts";

/** Where a manifest is that was given by its path or URL. */
export function toUrl(from: string | URL): URL {
  if (from instanceof URL) return from;
  return /^(file|https?):/.test(from) ? new URL(from) : toFileUrl(resolve(from));
}

/** What is read, for messages. */
interface ReadSource {
  readonly what: "manifest" | "script";
  readonly path: string;
}

/**
 * The text of a manifest or a script.
 *
 * @throws {ManifestError} When it cannot be read.
 * @throws {PermissionDeniedError} When the host may not read it.
 */
export async function readText(url: URL, read: ReadSource): Promise<string> {
  const { what, path: source } = read;
  try {
    if (url.protocol === "file:") return await Deno.readTextFile(url);
    const response = await fetch(url);
    if (response.ok) return await response.text();
    throw new Error(`the server answered ${response.status}`);
  } catch (cause) {
    if (cause instanceof Deno.errors.NotCapable) throw mayNotRead(url, read, cause);
    const reason = cause instanceof Deno.errors.NotFound ? "there is no such file" : messageOf(cause);
    throw new ManifestError(`Cannot read the ${what} "${source}": ${reason}`, { plugin: source, source, cause });
  }
}

function mayNotRead(url: URL, { what, path: source }: ReadSource, cause: Error): PermissionDeniedError {
  const file = url.protocol === "file:";
  const flag = file ? `--allow-read=${source}` : `--allow-net=${url.host}`;
  const missing: Deno.PermissionDescriptor = file ? { name: "read", path: source } : { name: "net", host: url.host };
  return new PermissionDeniedError(`Cannot read the ${what} "${source}": the host lacks a permission. Add ${flag}`, {
    plugin: source,
    missing: [missing],
    flags: [flag],
    cause,
  });
}

/** What a manifest says. */
export function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    const reason = messageOf(cause);
    throw new ManifestError(`Cannot use the manifest "${source}": it is no JSON (${reason})`, { plugin: source, source, cause });
  }
}

/**
 * What to do about imports that cannot be found.
 *
 * @module
 */
import { dirname, fromFileUrl } from "@std/path";
import type { PluginSpec } from "../manifest/manifest.ts";

/** What to add to Deno's own message, where the host may not read the file that may say what the imported name stands for. */
export function importAdvice({ runtime }: PluginSpec, message: string): string {
  if (runtime.kind !== "deno" || !runtime.module.startsWith("file:") || !message.includes("not a dependency and not in import map")) {
    return "";
  }
  const path = dirname(fromFileUrl(runtime.module));
  if (Deno.permissions.querySync({ name: "read", path }).state === "granted") return "";
  return `. The host may not read "${path}", where a "deno.json" may say what that is: add --allow-read=${path}`;
}

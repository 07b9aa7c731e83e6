/**
 * What `uv` says when it fails, and what to do about it.
 *
 * @module
 */
import { requiredPython } from "./commands.ts";
import type { EnvironmentForm } from "./inputs.ts";

/** What to do, by what it says. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/No space left|os error 28|os error 122/, "Make room there, or set XDG_CACHE_HOME and UV_CACHE_DIR to folders that have it"],
  [/Read-only file system|Permission denied|os error (13|30)\b/, "Set XDG_CACHE_HOME and UV_CACHE_DIR to folders that can be written"],
  [/offline|--offline|UV_OFFLINE/i, "Go online once, so that they are in the cache of uv"],
  [/No interpreter found|No download found/, "Install that Python, for example by uv python install, or correct what is required"],
  [
    /Failed to fetch|dns error|error sending request|Connection refused|timed out|Could not connect/i,
    "Look at the network and at the index",
  ],
  [/not found in the package registry|No solution found/, "Correct the dependencies"],
  [/parse|UTF-8|inline script metadata/i, "Correct it"],
];

/** The reason that `uv` gives, without the steps before it, where it was looking, and what to do. */
export function uvSays(output: string, form: EnvironmentForm): string {
  const lines = output.trim().split("\n");
  const start = lines.findIndex((line) => /^\s*(error|×)/.test(line));
  const reason = lines.slice(Math.max(start, 0)).map((line) => line.trim()).filter((line) => line !== "").join(" ");
  const advice = ADVICE.find(([pattern]) => pattern.test(reason))?.[1];
  const required = requiredPython(form);
  const whose = form.kind === "inline" ? "its manifest" : `"${form.path}"`;
  const python = required === undefined ? "" : `, which requires Python "${required}"`;
  return `from ${whose}${python}: uv says: ${reason.replace(/^error:\s*/, "").replace(/[.]$/, "")}${
    advice === undefined ? "" : `. ${advice}`
  }`;
}

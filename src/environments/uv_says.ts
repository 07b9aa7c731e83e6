/**
 * What `uv` says when it fails, and what to do about it.
 *
 * @module
 */
import type { Making } from "./making.ts";

/** What to do, by what it says. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/No space left|os error (28|122)\b/, "Make room there, or set XDG_CACHE_HOME and UV_CACHE_DIR to folders that have it"],
  [/Read-only file system|Permission denied|os error (13|30)\b/, "Set XDG_CACHE_HOME and UV_CACHE_DIR to folders that can be written"],
  [/^Failed to build/, "Install what it takes to build it, or choose a version that needs no building"],
  [/lockfile .*needs to be updated/, "Make it anew: remote-plugin env lock, or uv lock"],
  [/authentication credentials|\b40[13] /, "Look at the address of the index, and at its name and password"],
  [/network was disabled|--offline|offline mode/i, "Go online once, so that the cache of uv has them"],
  [
    /No interpreter found|python-build-standalone|No download found/,
    "Install that Python, by uv python install or from https://www.python.org/downloads/, or correct what is required",
  ],
  [/Failed to fetch|error sending request|HTTP status|timed out/i, "Look at the network, and at the address of the index"],
  [/No solution found|not found in/, "Correct the dependencies"],
  [/parse|UTF-8|Unexpected/i, "Correct what cannot be read"],
];

/** How it says that something would have to be built, which it was told not to do. */
const NOT_BUILT = /[Bb]uilding source (distributions|dependencies) is disabled|no-build|no usable wheels|no wheels/;

const WHEELS =
  "The host requires bounds, and to build a package runs its code outside of them. Choose a version that has a wheel for this system, or " +
  "make the environment beforehand: remote-plugin env sync";

/** A message that is longer is cut: some reasons list each version of a package. */
const MAX_LENGTH = 1_000;

/** The lines of a quotation that point at its parts. */
const POINTERS = /^\d*\s*\|?[\s^]*$/;

/** The reason that `uv` gives, without the steps before it, and what to do. */
export function uvSays(output: string, { wheelsOnly = false }: Partial<Pick<Making, "wheelsOnly">> = {}): string {
  const lines = output.trim().split("\n").map((line) => line.trim());
  const start = lines.findIndex((line) => /^(error|×)/.test(line));
  const told = lines.slice(Math.max(start, 0)).filter((line) => !POINTERS.test(line)).join(" ");
  const reason = told.replace(/^error:\s*/, "").replace(/\.$/, "");
  const advice = wheelsOnly && NOT_BUILT.test(reason) ? WHEELS : ADVICE.find(([pattern]) => pattern.test(reason))?.[1];
  const shown = reason.length > MAX_LENGTH ? `${reason.slice(0, MAX_LENGTH)} …` : reason;
  return `uv says: ${shown}${advice === undefined ? "" : `. ${advice}`}`;
}

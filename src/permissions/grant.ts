/**
 * What a Deno plugin may do: what its manifest asks for, as far as the host's policy allows it.
 *
 * @module
 */
import { isAbsolute, relative } from "@std/path";
import type { PermissionSet } from "../protocol/messages.ts";

/**
 * The host's policy for a Deno plugin: the most that it may get, or `"requested"` for whatever its manifest asks for. Default: nothing.
 */
export type PermissionPolicy = PermissionSet | "requested";

/** The kinds of permission, in the order of their flags. */
export const PERMISSION_KINDS = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;

/** One kind of permission. */
export type PermissionKind = typeof PERMISSION_KINDS[number];

/** What both the request and the policy allow. Paths must be absolute. */
export function intersectPermissions(requested: PermissionSet, policy: PermissionPolicy): PermissionSet {
  if (policy === "requested") return requested;
  const granted: { [kind in PermissionKind]?: true | readonly string[] } = {};
  for (const kind of PERMISSION_KINDS) {
    const common = intersect(requested[kind], policy[kind], NARROWER[kind]);
    if (common !== undefined) granted[kind] = common;
  }
  return granted;
}

type Allowance = true | readonly string[] | undefined;

/** The narrower of two entries when one contains the other. */
type Narrower = (a: string, b: string) => string | undefined;

function intersect(asked: Allowance, allowed: Allowance, narrower: Narrower): Allowance {
  if (asked === undefined || allowed === undefined) return undefined;
  if (asked === true) return allowed;
  if (allowed === true) return asked;
  const common = asked.flatMap((one) => allowed.map((other) => narrower(one, other) ?? []).flat());
  return common.length === 0 ? undefined : [...new Set(common)];
}

const NARROWER: Record<PermissionKind, Narrower> = {
  read: narrowerPath,
  write: narrowerPath,
  net: narrowerHost,
  env: narrowerName,
  run: narrowerName,
  ffi: narrowerPath,
  sys: narrowerName,
  import: narrowerHost,
};

function narrowerPath(a: string, b: string): string | undefined {
  return containsPath(a, b) ? b : containsPath(b, a) ? a : undefined;
}

/** Whether a path is the folder itself or lies in it, by its text alone: links are not followed. */
export function containsPath(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !way.startsWith("..\\") && !isAbsolute(way);
}

/** A host without a port stands for all its ports. */
function narrowerHost(a: string, b: string): string | undefined {
  if (a === b || b.startsWith(`${a}:`)) return b;
  return a.startsWith(`${b}:`) ? a : undefined;
}

/** A name may end in `*`, as in Deno's own `--allow-env=AWS_*`. */
function narrowerName(a: string, b: string): string | undefined {
  if (a === b || covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

function covers(pattern: string, name: string): boolean {
  return pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1));
}

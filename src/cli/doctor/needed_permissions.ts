/**
 * The permissions that a plugin needs, by what it was seen to try.
 *
 * @module
 */
import { dirname } from "@std/path";
import { portOf } from "../../manifest/permissions.ts";
import { containsPath, PERMISSION_KINDS, type PermissionKind } from "../../permissions/grant.ts";
import type { PermissionUse } from "../../process/permission_audit.ts";
import type { PermissionSet } from "../../protocol/messages.ts";

/** So many files of one folder stand for the folder. */
const MANY_FILES = 4;

/** Whom the permissions are for. */
export interface NeedsOf {
  readonly runtime: "python" | "deno";
  /** What it may do already. */
  readonly granted: PermissionSet;
}

/** What was granted, and what was refused besides. */
export function neededPermissions(refused: readonly PermissionUse[], { runtime, granted }: NeedsOf): PermissionSet {
  const set: { -readonly [Kind in PermissionKind]?: true | readonly string[] } = { ...granted };
  for (const kind of PERMISSION_KINDS) {
    const values = refused.filter(({ permission }) => permission === kind).map(({ value }) => value);
    const earlier = set[kind] ?? [];
    if (values.length > 0 && earlier !== true) set[kind] = entriesOf(kind, values, { runtime, earlier });
  }
  return set;
}

interface EarlierEntries {
  readonly runtime: NeedsOf["runtime"];
  readonly earlier: readonly string[];
}

function entriesOf(
  kind: PermissionKind,
  values: readonly (string | undefined)[],
  { runtime, earlier }: EarlierEntries,
): true | readonly string[] {
  const named = values.filter((value) => value !== undefined);
  if (runtime === "python" && kind === "run") return true;
  if (runtime === "python" && kind === "net") return portsOf(named, earlier);
  if (named.length < values.length) return true;
  return kind === "read" || kind === "write" ? shortest([...earlier, ...named]) : [...new Set([...earlier, ...named])];
}

/** A host whose address was asked for has no port yet, and the connection that follows has one. */
function portsOf(targets: readonly string[], earlier: readonly string[]): true | readonly string[] {
  const found = targets.map((target) => /:\d+$/.exec(target)?.[0] ?? "").filter((port) => portOf(port) !== undefined);
  const ports = [...new Set([...earlier, ...found])];
  return ports.length === 0 ? true : ports;
}

/** Folders in the place of many files in them, and nothing that lies in another entry. */
function shortest(paths: readonly string[]): readonly string[] {
  const siblings = Map.groupBy(new Set(paths), dirname);
  const folded = [...siblings].flatMap(([folder, inside]) => inside.length < MANY_FILES || folder === "/" ? inside : [folder]);
  return folded.filter((path) => !folded.some((other) => other !== path && containsPath(other, path)));
}

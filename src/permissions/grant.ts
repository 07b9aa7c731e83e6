/**
 * What a plugin may do: what its manifest asks for, as far as the host's policy allows it.
 *
 * @module
 */
import { basename, isAbsolute, relative, resolve } from "@std/path";
import { isSameVariable } from "../manifest/variables.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import { findProgram, isBareName } from "../manifest/programs.ts";

/**
 * The host's policy for a plugin: the most that it may get, or `"requested"` for whatever its manifest asks for. Default: nothing.
 */
export type PermissionPolicy = PermissionSet | "requested";

/** The kinds of permission, in the order of their flags. */
export const PERMISSION_KINDS = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;

/** One kind of permission. */
export type PermissionKind = typeof PERMISSION_KINDS[number];

/** What a plugin is given, and what nobody could find. */
export interface Grant {
  /** What both sides allow; programs by their absolute paths, as far as the host may look for them. */
  readonly permissions: PermissionSet;
  /** Names of programs for which the policy has room, and that were not found. */
  readonly notFound: readonly string[];
}

/**
 * What both the request and the policy allow a Deno plugin. Paths of the request must be absolute.
 *
 * @throws {TypeError} When the policy has an entry that Deno would read as another one, or a pattern for programs.
 */
export function grantPermissions(requested: PermissionSet, policy: PermissionPolicy): Grant {
  const allowed = allowedBy(policy, requested);
  if (requested.run === undefined || allowed.run === undefined) {
    return { permissions: intersectPermissions(requested, allowed), notFound: [] };
  }
  const own = { ...requested, run: foundPrograms(requested.run) };
  const permissions = intersectPermissions(own, allowed === requested ? own : { ...allowed, run: foundPrograms(allowed.run) });
  const wanted = listOf(requested.run === true ? allowed.run : requested.run).filter(isBareName);
  const notFound = wanted.filter((name) => !listsProgram(permissions.run, name) && listsProgram(allowed.run, name));
  return { permissions, notFound };
}

/**
 * Whether a program has to be looked for before it is known what a plugin may run.
 *
 * @throws {TypeError} As {@linkcode grantPermissions} does.
 */
export function looksForPrograms(requested: PermissionSet, policy: PermissionPolicy): boolean {
  const allowed = allowedBy(policy, requested);
  if (requested.run === undefined || allowed.run === undefined) return false;
  return [...listOf(requested.run), ...listOf(allowed.run)].some(isBareName);
}

/**
 * Whether a policy names a variable by itself. `true` and a pattern were meant for what a plugin may read.
 *
 * @param requested What the plugin asks for, which is what the policy `"requested"` allows.
 */
export function namesVariable(policy: PermissionPolicy, requested: PermissionSet, variable: string): boolean {
  const { env } = policy === "requested" ? requested : policy;
  return listOf(env).some((name) => isSameVariable(name, variable));
}

/** What both sides allow. All paths of the request, and programs on both sides, must be absolute. */
export function intersectPermissions(requested: PermissionSet, policy: PermissionPolicy): PermissionSet {
  const allowed = policy === "requested" ? requested : policy;
  const granted: { [kind in PermissionKind]?: true | readonly string[] } = {};
  for (const kind of PERMISSION_KINDS) {
    const asked = inNormalForm(requested[kind], kind);
    // A list has itself in common with itself, and to find that out by pairs would take a long one minutes.
    const common = allowed === requested ? distinct(asked) : intersect(asked, inNormalForm(allowed[kind], kind), RULES[kind].narrower);
    if (common === true || (common !== undefined && common.length > 0)) granted[kind] = common;
  }
  return granted;
}

type Allowance = true | readonly string[] | undefined;

function distinct(allowance: Allowance): Allowance {
  return allowance === undefined || allowance === true ? allowance : [...new Set(allowance)];
}

function listOf(allowance: Allowance): readonly string[] {
  return allowance === true ? [] : allowance ?? [];
}

/** Whether there is a program of this name among these, by whatever path. */
function listsProgram(allowance: Allowance, name: string): boolean {
  return allowance === true || listOf(allowance).some((program) => basename(program) === name);
}

function foundPrograms(allowance: true | readonly string[]): true | readonly string[] {
  return allowance === true ? true : allowance.flatMap((program) => findProgram(program) ?? []);
}

/**
 * What a policy allows of a request.
 *
 * @throws {TypeError} When it has an entry that Deno would read as another one, or a pattern for programs.
 */
export function allowedBy(policy: PermissionPolicy, requested: PermissionSet): PermissionSet {
  if (policy === "requested") return requested;
  for (const kind of PERMISSION_KINDS) {
    for (const entry of listOf(policy[kind])) {
      const problem = problemOf(kind, entry);
      if (problem !== undefined) throw new TypeError(`The policy "permissions" has "${entry}" in "${kind}", which ${problem}`);
    }
  }
  return policy;
}

function problemOf(kind: PermissionKind, entry: string): string | undefined {
  if (entry === "") return "would allow everything. Write true for that";
  if (entry.includes(",")) return "contains a comma, and no flag of Deno can carry one";
  if (kind === "run" && entry.includes("*")) return "looks like a pattern, and Deno has none for programs. Name each of them";
  return undefined;
}

function inNormalForm(allowance: Allowance, kind: PermissionKind): Allowance {
  return allowance === undefined || allowance === true ? allowance : allowance.map(RULES[kind].normal);
}

/** The narrower of two entries when one contains the other. */
type Narrower = (a: string, b: string) => string | undefined;

function intersect(asked: Allowance, allowed: Allowance, narrower: Narrower): Allowance {
  if (asked === undefined || allowed === undefined) return undefined;
  if (asked === true) return allowed;
  if (allowed === true) return asked;
  return distinct(asked.flatMap((one) => allowed.map((other) => narrower(one, other) ?? []).flat()));
}

/** How the entries of a kind are written, and compared. */
interface Rule {
  readonly normal: (entry: string) => string;
  readonly narrower: Narrower;
}

const PATHS: Rule = { normal: (path) => resolve(path), narrower: narrowerPath };
const HOSTS: Rule = { normal: (host) => isSocket(host) ? host : host.toLowerCase(), narrower: narrowerHost };
const NAMES: Rule = { normal: (name) => name, narrower: narrowerName };

const RULES: Record<PermissionKind, Rule> = {
  read: PATHS,
  write: PATHS,
  net: HOSTS,
  env: NAMES,
  run: { normal: (program) => program, narrower: (a, b) => a === b ? a : undefined },
  ffi: PATHS,
  sys: NAMES,
  import: HOSTS,
};

function narrowerPath(a: string, b: string): string | undefined {
  return containsPath(a, b) ? b : containsPath(b, a) ? a : undefined;
}

/** Whether a path is the folder itself or lies in it, by its text alone: links are not followed. */
export function containsPath(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !way.startsWith("..\\") && !isAbsolute(way);
}

/** A host without a port stands for all its ports. A socket has none: what follows a colon in its path is a part of it. */
function narrowerHost(a: string, b: string): string | undefined {
  if (a === b) return b;
  if (isSocket(a) || isSocket(b)) return undefined;
  if (b.startsWith(`${a}:`)) return b;
  return a.startsWith(`${b}:`) ? a : undefined;
}

function isSocket(host: string): boolean {
  return /^(unix|vsock):/.test(host);
}

/** A name may end in `*`, as in Deno's own `--allow-env=AWS_*`. */
function narrowerName(a: string, b: string): string | undefined {
  if (a === b || covers(a, b)) return b;
  return covers(b, a) ? a : undefined;
}

function covers(pattern: string, name: string): boolean {
  return pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1));
}

/**
 * What a plugin tries and is given or refused. Its worker tells that among what it prints, by lines that are kept out of the log.
 *
 * @module
 */
import { isRecord, parseJson } from "../protocol/json.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import { containsPath, intersectPermissions, PERMISSION_KINDS, type PermissionKind } from "../permissions/grant.ts";

/** Something that a plugin tried for which it takes a permission. */
export interface PermissionUse {
  /** The kind of permission, which is the key in `permissions`. */
  readonly permission: keyof PermissionSet;
  /** What it was tried on: a path, a host, a port, a name; `undefined` for everything of the kind. */
  readonly value: string | undefined;
  /** Whether the plugin was allowed to. */
  readonly allowed: boolean;
}

/** Takes what a plugin tries, each thing once. */
export type PermissionListener = (use: PermissionUse) => void;

/** Whose lines are read. */
export interface AuditedWorker {
  /** What a Deno plugin was given, whose runtime tells what is tried and not what comes of it; `undefined` for a Python worker, which tells both. */
  readonly granted: PermissionSet | undefined;
  /** Whether nobody holds the plugin to anything, so that all that it tries is allowed. */
  readonly isFree: boolean;
  /** The worker's folder, its address and the like. What is done there is the worker's doing, and not the plugin's. */
  readonly own: readonly string[];
  /** Folders from which a Deno plugin's modules are loaded, of which its runtime tells as of files that the plugin itself reads. */
  readonly modules: readonly string[];
}

/** How many uses are told of. A plugin can write such lines itself, and each is remembered. */
export const MOST_TOLD = 10_000;

/** Reads a worker's lines, and tells of each use once. */
export class PermissionAudit {
  readonly #tell: PermissionListener;
  readonly #worker: AuditedWorker;
  readonly #told = new Set<string>();

  /** Reads nothing yet. */
  constructor(tell: PermissionListener, worker: AuditedWorker) {
    this.#tell = tell;
    this.#worker = worker;
  }

  /** Whether a line is no log text. */
  take(line: string): boolean {
    const told = this.#worker.granted === undefined ? pythonUse(line) : denoUse(line, this.#worker.granted);
    if (told === undefined) return false;
    const use = this.#worker.isFree ? { ...told, allowed: true } : told;
    const key = JSON.stringify([use.permission, use.value, use.allowed]);
    if (!this.#told.has(key) && this.#told.size < MOST_TOLD && !this.#isOwn(use)) {
      this.#told.add(key);
      // What the listener throws is its program's error, and not one of reading what the worker prints.
      queueMicrotask(() => this.#tell(use));
    }
    return true;
  }

  #isOwn({ value, allowed }: PermissionUse): boolean {
    const { granted, own, modules } = this.#worker;
    // A Deno worker asks for everything of a kind when it makes the plugin's thread.
    if (value === undefined) return granted !== undefined;
    const path = value.replace(/^unix:/, "");
    return own.some((place) => containsPath(place, path)) || (!allowed && modules.some((folder) => containsPath(folder, path)));
  }
}

/** `RS {…, "access": {…}} US`, in front of a record of the Python worker's. */
// deno-lint-ignore no-control-regex
const TAG = /^\x1e(\{[^\x1f]*"access"[^\x1f]*\})\x1f/;

function pythonUse(line: string): PermissionUse | undefined {
  const [, json] = TAG.exec(line) ?? [];
  const told = json === undefined ? undefined : parseJson(json);
  if (!isRecord(told) || !isRecord(told.access) || !isKind(told.access.key)) return undefined;
  const { key: permission, target, allowed } = told.access;
  return { permission, value: typeof target === "string" ? target : undefined, allowed: allowed === true };
}

/** A line of Deno's own audit log. */
function denoUse(line: string, granted: PermissionSet): PermissionUse | undefined {
  if (!line.startsWith('{"v":1,"datetime":')) return undefined;
  const told = parseJson(line);
  if (!isRecord(told) || !isKind(told.permission)) return undefined;
  const { permission } = told;
  const value = typeof told.value === "string" ? told.value : undefined;
  return { permission, value, allowed: allows(granted, permission, value) };
}

function isKind(kind: unknown): kind is PermissionKind {
  return PERMISSION_KINDS.some((known) => known === kind);
}

/** Whether a set holds all of what was tried, and not a part of it. */
export function allows(granted: PermissionSet, kind: PermissionKind, value: string | undefined): boolean {
  const asked = value === undefined ? true : [value];
  const common = intersectPermissions({ [kind]: asked }, granted)[kind];
  return common === true || (value !== undefined && common?.length === 1 && common[0] === value);
}

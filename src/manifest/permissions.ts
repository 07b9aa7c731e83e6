/**
 * What a manifest asks for. Of a Python plugin the kernel keeps the bounds, which knows files, ports and programs, and nothing else.
 *
 * @module
 */
import type { PermissionSet } from "../protocol/messages.ts";
import type { Manifest } from "./manifest.ts";

/** All that there is to ask for. */
export const ALL_PERMISSIONS: PermissionSet = {
  read: true,
  write: true,
  net: true,
  env: true,
  run: true,
  ffi: true,
  sys: true,
  import: true,
};

/** Where else the other kinds are decided for a Python plugin. */
const ELSEWHERE = {
  env: 'its environment is what "env_vars" and "inherit_env" say',
  ffi: "Python loads libraries without asking, and they are held to the same bounds",
  sys: "the kernel does not ask about the system's facts",
  import: 'what it may read ("read") it may import',
} as const;

/** A port as `permissions` names it, the kernel having no host names. */
const PORT = /^:([1-9]\d{0,4})$/;

/** The number of a port such as `:443`; `undefined` for what is none. */
export function portOf(entry: string): number | undefined {
  const port = Number(PORT.exec(entry)?.[1]);
  return port <= 65_535 ? port : undefined;
}

/** Whether a manifest's worker is ours. */
export function isBuiltin({ worker = "builtin" }: Manifest): boolean {
  return worker === "builtin";
}

/** Refuses what no kernel could hold a Python plugin to: whoever writes it expects it to be kept. */
export function checkPythonPermissions(manifest: Manifest, refuse: (place: string, what: string) => Error): void {
  const { permissions = {}, sandbox } = manifest;
  if (manifest.permissions === undefined && sandbox === undefined) return;
  if (!isBuiltin(manifest)) {
    throw refuse(
      sandbox === undefined ? "$.permissions" : "$.sandbox",
      `cannot be kept by the worker "${manifest.worker}". Remove "worker", so that the builtin one keeps them`,
    );
  }
  const { net = [], run = [] } = permissions;
  const ports = net === true ? [] : net;
  const wrong = ports.findIndex((entry) => portOf(entry) === undefined);
  if (wrong !== -1) throw refuse(`$.permissions.net[${wrong}]`, `is ${JSON.stringify(ports[wrong])}, ${WANTED_PORT}`);
  if (run !== true && run.length > 0) throw refuse("$.permissions.run", WANTED_RUN);
}

const WANTED_PORT = 'wanted is a port such as ":443", or true for "net": the kernel cannot hold a Python plugin to a host\'s name';
const WANTED_RUN =
  "is a list, wanted is true: the kernel cannot hold a Python plugin to single programs. What it starts stays within the same bounds";

/** What a Python plugin asks for and can be held to; `undefined` for one that its manifest does not bound. */
export function heldPermissions({ permissions, sandbox }: Manifest, paths: ManifestPaths): PermissionSet | undefined {
  if (permissions === undefined) return sandbox === undefined ? undefined : {};
  const { read, write, net, run } = resolvePermissions(permissions, paths);
  return Object.fromEntries(Object.entries({ read, write, net, run }).filter(([, value]) => value !== undefined));
}

/** What looks wrong in the permissions of a Python plugin and does no harm, since nothing is given for it. */
export function unheldPermissions(plugin: string, { runtime, permissions = {} }: Manifest): string[] {
  if (runtime === "deno") return [];
  const kinds = Object.keys(ELSEWHERE).filter((kind): kind is keyof typeof ELSEWHERE => kind in permissions);
  return kinds.map((kind) => `"${kind}" in "permissions" of "${plugin}" means nothing for a Python plugin: ${ELSEWHERE[kind]}`);
}

/** Makes absolute what a manifest names. */
export interface ManifestPaths {
  file(path: string): string;
  /** A bare name stays as it is. */
  program(program: string): string;
}

/** Makes the paths in a set of permissions absolute. */
export function resolvePermissions(set: PermissionSet, paths: ManifestPaths): PermissionSet {
  const resolved = { ...set };
  for (const key of ["read", "write", "ffi"] as const) {
    const list = set[key];
    if (Array.isArray(list)) resolved[key] = list.map((path) => paths.file(path));
  }
  if (Array.isArray(set.run)) resolved.run = set.run.map((program) => paths.program(program));
  return resolved;
}

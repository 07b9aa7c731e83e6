/**
 * Permissions as `deno run` takes them.
 *
 * @module
 */
import type { PermissionSet } from "../protocol/messages.ts";
import { PERMISSION_KINDS, type PermissionKind } from "./grant.ts";

/**
 * The `--allow-…` flags for a set of permissions.
 *
 * @throws {TypeError} When an entry cannot be written as a flag: it contains a comma or is empty.
 */
export function permissionFlags(set: PermissionSet): string[] {
  return PERMISSION_KINDS.flatMap((kind) => {
    const allowance = set[kind];
    if (allowance === undefined || (allowance !== true && allowance.length === 0)) return [];
    return allowance === true ? [`--allow-${kind}`] : [`--allow-${kind}=${allowance.map(flagEntry).join(",")}`];
  });
}

/** The flags for a list of descriptors, one a kind. */
export function descriptorFlags(descriptors: readonly Deno.PermissionDescriptor[]): string[] {
  const set: { [kind in PermissionKind]?: true | string[] } = {};
  for (const descriptor of descriptors) {
    const entry = descriptorEntry(descriptor);
    const earlier = set[descriptor.name];
    if (entry === undefined || earlier === true) set[descriptor.name] = true;
    else if (!earlier?.includes(entry)) set[descriptor.name] = [...earlier ?? [], entry];
  }
  return permissionFlags(set);
}

function descriptorEntry(descriptor: Deno.PermissionDescriptor): string | undefined {
  switch (descriptor.name) {
    case "read":
    case "write":
    case "ffi":
      return descriptor.path?.toString();
    case "net":
    case "import":
      return descriptor.host;
    case "env":
      return descriptor.variable;
    case "run":
      return descriptor.command?.toString();
    case "sys":
      return descriptor.kind;
  }
}

/** Deno splits a flag at its commas and knows no escape for them, so such an entry would grant something else than it says. */
function flagEntry(entry: string): string {
  if (entry === "") throw new TypeError("A permission has an empty entry, which would allow everything");
  if (entry.includes(",")) throw new TypeError(`The permission "${entry}" contains a comma, which no flag of Deno can carry`);
  return entry;
}

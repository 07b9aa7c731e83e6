/**
 * What this host may look at without asking anybody.
 *
 * @module
 */

/** Whether the host has a permission already. */
export function isGranted(permission: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(permission).state === "granted";
}

/** Whether the host may read a path. */
export function mayRead(path: string): boolean {
  return isGranted({ name: "read", path });
}

/** Whether the host may read a variable of its own. */
export function mayReadEnv(variable: string): boolean {
  return isGranted({ name: "env", variable });
}

/** A variable of the host that is not empty, if it may be read. */
export function hostVariable(variable: string): string | undefined {
  return (mayReadEnv(variable) && Deno.env.get(variable)) || undefined;
}

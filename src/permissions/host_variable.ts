/**
 * Variables of the host itself.
 *
 * @module
 */

/** Whether the host may read a variable, without asking anybody. */
export function mayReadEnv(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}

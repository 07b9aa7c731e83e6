/**
 * Writes permissions as the flags that give them.
 *
 * @module
 */
import type { PermissionSet } from "@remote-plugin/proxy/protocol";

/** The flags for a set of permissions, for example what a Deno plugin was given. */
export function flagsOf(permissions: PermissionSet): string[] {
  return Object.entries(permissions).map(([kind, allowance]) =>
    allowance === true ? `--allow-${kind}` : `--allow-${kind}=${allowance.join(",")}`
  );
}

/** One flag a kind that gives all that these flags give together. */
export function mergeFlags(flags: readonly string[]): string[] {
  const values = new Map<string, Set<string>>();
  for (const flag of flags) {
    const [name = "", list = ""] = flag.split(/=(.*)/s);
    values.set(name, (values.get(name) ?? new Set()).union(new Set(list.split(","))));
  }
  return [...values].map(([name, set]) => set.has("") ? name : `${name}=${[...set].join(",")}`);
}

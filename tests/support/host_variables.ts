/**
 * Variables of the process in which a test runs.
 *
 * @module
 */

/** Sets variables of this process for as long as a test runs. */
export function hostVariables(values: Readonly<Record<string, string>>): Disposable {
  const before = Object.keys(values).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(values)) Deno.env.set(name, value);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) value === undefined ? Deno.env.delete(name) : Deno.env.set(name, value);
    },
  };
}

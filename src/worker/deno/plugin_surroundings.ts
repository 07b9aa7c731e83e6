/**
 * What a plugin finds around it in the place of the runtime's own: variables, and programs that see them. The plugin's thread imports this before the plugin,
 * when there is anything of it: to touch `Deno.Command` makes the runtime load it, which takes 2 ms.
 *
 * @module
 */

import { watchKills } from "./kill_watch.ts";

/** What is different for a plugin. */
export interface Surroundings {
  /** The plugin's own variables. They are not in the process, where they would configure the runtime. */
  readonly variables: readonly (readonly [name: string, value: string])[];
  /** Whether the plugin may start programs. */
  readonly mayRun: boolean;
}

/** Puts them in place. */
export function surround({ variables, mayRun }: Surroundings): void {
  const own = new Map(variables.map(([name, value]) => [keyOf(name), value]));
  if (own.size > 0) showVariables(own);
  if (!mayRun) return;
  adaptPrograms(own);
  watchKills();
}

/** Windows makes no difference between "Path" and "PATH". */
function keyOf(name: string): string {
  return Deno.build.os === "windows" ? name.toUpperCase() : name;
}

/** `process.env` reads these too. The real one is always asked first: it knows what the plugin may read, and what is a name. */
function showVariables(own: Map<string, string>): void {
  const real = { ...Deno.env };
  Object.assign(Deno.env, {
    get(name: string): string | undefined {
      const value = real.get(name);
      return own.get(keyOf(name)) ?? value;
    },
    has(name: string): boolean {
      const isThere = real.has(name);
      return own.has(keyOf(name)) || isThere;
    },
    set(name: string, value: string): void {
      if (!own.has(keyOf(name))) return real.set(name, value);
      real.has(name);
      own.set(keyOf(name), String(value));
    },
    delete(name: string): void {
      real.delete(name);
      own.delete(keyOf(name));
    },
    toObject(): Record<string, string> {
      return { ...real.toObject(), ...Object.fromEntries(own) };
    },
  });
}

type Options = Deno.CommandOptions | undefined;

/** Whatever is started stays in the worker's process group, and ends with it, also what asks for a group of its own. */
function adaptPrograms(own: ReadonlyMap<string, string>): void {
  const adapted = (options: Options): Deno.CommandOptions => {
    const env = options?.clearEnv ? options.env : { ...Object.fromEntries(own), ...options?.env };
    return { ...options, detached: false, ...(env === undefined ? {} : { env }) };
  };
  Deno.Command = class extends Deno.Command {
    constructor(program: string | URL, options?: Deno.CommandOptions) {
      super(program, adapted(options));
    }
  };
  for (const name of ["spawn", "spawnAndWait", "spawnAndWaitSync"] as const) adaptSpawn(name, adapted);
}

type Spawn = (program: string | URL, args: string[], options: Deno.CommandOptions) => unknown;

/** The short ways to start a program do not pass through `Deno.Command`. Not every release of Deno has them. */
function adaptSpawn(name: "spawn" | "spawnAndWait" | "spawnAndWaitSync", adapted: (options: Options) => Deno.CommandOptions): void {
  const real = Deno[name] as Spawn | undefined;
  if (real === undefined) return;
  const spawn = (program: string | URL, args?: string[] | Deno.CommandOptions, options?: Deno.CommandOptions): unknown =>
    Array.isArray(args) ? real(program, args, adapted(options)) : real(program, args?.args ?? [], adapted(args));
  Object.assign(Deno, { [name]: spawn });
}

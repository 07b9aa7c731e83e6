/**
 * The work as a plugin of this project in TypeScript.
 *
 * @module
 */
import type { CallContext, Plugin } from "../../src/worker/define_plugin.ts";

type WorkKwargs = {
  readonly name: string;
  readonly argument: number & string;
  readonly count: number;
};

const WORK: Readonly<Record<string, (argument: number & string, context: CallContext) => unknown>> = {
  answer: (x) => x + 1,
  size_of: (text: string) => text.length,
  text: (size) => "x".repeat(size),
  size_of_file: (path: string) => Deno.readFileSync(path).length,
  bytes: (size) => new Uint8Array(size).fill(120),
  nap: (_, { signal }) => nap(signal),
};

function nap(signal: AbortSignal): Promise<string> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve("slept"), 10_000);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve("stopped")), { once: true });
  });
}

const plugin: Plugin<WorkKwargs> = {
  execute: ({ name, argument }, context) => WORK[name]!(argument, context),
  *executeStream({ count }) {
    for (let index = 0; index < count; index++) yield { index };
  },
};

export default plugin;

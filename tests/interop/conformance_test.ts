import { assert } from "@std/assert";
import { runAlone } from "../conformance/run_case.ts";
import { type Case, listCases } from "../conformance/vector.ts";
import differences from "./differences.json" with { type: "json" };
import { ENVIRONMENTS, pythonOf } from "./environments.ts";

interface Difference {
  readonly reason: string;
  readonly waits?: boolean;
}

const KNOWN: Readonly<Record<string, Difference | undefined>> = differences.vectors;

/** Whether a vector is about what these workers have at all. */
function applies({ vector, worker, transport }: Case): boolean {
  if (worker !== "python" || transport !== "unix" || vector.input !== undefined) return false;
  return vector.steps.every((step) => !step.framed && step.frame === undefined);
}

const cases = (await listCases()).filter(applies);

Deno.test("every difference that is listed is one of a vector that there is", () => {
  const names = new Set(cases.map(({ vector }) => vector.name));
  for (const name of Object.keys(KNOWN)) assert(names.has(name), `no vector is called "${name}"`);
});

for (const environment of ENVIRONMENTS) {
  for (const entry of cases) {
    const difference = KNOWN[entry.vector.name];
    const label = `${environment.label}'s worker: ${entry.vector.name}`;
    Deno.test({
      name: difference === undefined ? label : `${label} (differs: ${difference.reason})`,
      ignore: difference?.waits === true,
      async fn() {
        const before = Deno.env.get("REMOTE_PLUGIN_TEST_PYTHON");
        Deno.env.set("REMOTE_PLUGIN_TEST_PYTHON", pythonOf(environment));
        try {
          const vector = { ...entry.vector, start: { ...entry.vector.start, foreign: environment.worker } };
          const outcome = await runAlone({ ...entry, vector }).then(() => undefined, (error: Error) => error);
          if (difference === undefined && outcome !== undefined) throw outcome;
          assert(
            difference === undefined || outcome !== undefined,
            `it passes, so that it is no difference any more: ${difference?.reason}`,
          );
        } finally {
          Deno.env.set("REMOTE_PLUGIN_TEST_PYTHON", before ?? "");
        }
      },
    });
  }
}

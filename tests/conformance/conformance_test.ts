import { Launched } from "./launch.ts";
import { runAlone } from "./run_case.ts";
import { runSteps, settle } from "./run_vector.ts";
import { type Case, listCases, processKey } from "./vector.ts";

/** Keeps one worker process for as long as the vectors that follow one another can share it. */
class SharedWorker implements AsyncDisposable {
  #key: string | undefined;
  #launched: Launched | undefined;

  async run(entry: Case): Promise<void> {
    const launched = await this.#for(entry);
    try {
      await runSteps(entry.vector.steps, launched, entry.wire);
      await settle(launched);
    } catch (error) {
      await this[Symbol.asyncDispose]().catch(() => {});
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const launched = this.#launched;
    this.#launched = undefined;
    await launched?.[Symbol.asyncDispose]();
  }

  async #for(entry: Case): Promise<Launched> {
    const key = processKey(entry);
    if (this.#launched !== undefined && this.#key === key) return this.#launched;
    await this[Symbol.asyncDispose]();
    this.#key = key;
    return this.#launched = await Launched.start(entry);
  }
}

function needsOwnProcess({ vector }: Case): boolean {
  return vector.fresh === true || vector.steps.some((step) => step.exit !== undefined || step.kill || step.stdin !== undefined);
}

function title({ vector, worker, transport, wire }: Case): string {
  const place = transport === "tcp" ? `${worker} worker over tcp` : `${worker} worker`;
  return `${place}${wire === "bare" ? ", upgraded" : ""}: ${vector.name}`;
}

const shared = new SharedWorker();
Deno.test.afterAll(() => shared[Symbol.asyncDispose]());

for (const entry of await listCases()) {
  if (needsOwnProcess(entry)) Deno.test(title(entry), () => runAlone(entry));
  // The process outlives the test that starts it; the hook above ends it.
  else Deno.test({ name: title(entry), sanitizeOps: false, sanitizeResources: false, fn: () => shared.run(entry) });
}

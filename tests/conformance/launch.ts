/**
 * A worker for a vector: its process, its token, its folder, and their end.
 *
 * @module
 */
import { join } from "@std/path";
import { planWorker } from "../support/worker_plan.ts";
import { fixtureFolder } from "../support/fixtures.ts";
import { WorkerProcess } from "../support/worker_process.ts";
import { expand } from "./expand.ts";
import type { Case } from "./vector.ts";

/** A started worker, which is gone, with its folder, after its disposal. */
export class Launched implements AsyncDisposable {
  /** The process. */
  readonly process: WorkerProcess;
  /** The token that requests have to carry. */
  readonly token: string;
  readonly #folder: string;

  private constructor(process: WorkerProcess, token: string, folder: string) {
    this.process = process;
    this.token = token;
    this.#folder = folder;
  }

  /** Starts the worker that a vector asks for. */
  static async start(entry: Case): Promise<Launched> {
    const folder = await Deno.realPath(await Deno.makeTempDir({ prefix: "rp-" }));
    try {
      return await startIn(folder, entry, (process, token) => new Launched(process, token, folder));
    } catch (error) {
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }

  /** Ends the worker and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.process[Symbol.asyncDispose]();
    } finally {
      await Deno.remove(this.#folder, { recursive: true });
    }
  }
}

async function startIn(folder: string, entry: Case, make: (process: WorkerProcess, token: string) => Launched): Promise<Launched> {
  const { vector, worker, transport, fixture } = entry;
  const pluginFolder = vector.folder === undefined ? undefined : await copyFixture(fixture, join(folder, vector.folder));
  const start = JSON.parse(JSON.stringify(vector.start ?? {}).replaceAll("${folder}", JSON.stringify(folder).slice(1, -1)));
  const plan = await planWorker({ worker, transport, fixture, folder, pluginFolder, start });
  const input = vector.input !== undefined ? expand(vector.input, {}) : JSON.stringify(plan.start) + "\n";
  const process = await WorkerProcess.start({ command: plan.command, input, withHolder: vector.holder });
  return make(process, plan.start.token);
}

async function copyFixture(fixture: string, target: string): Promise<string> {
  await Deno.mkdir(target);
  for await (const entry of Deno.readDir(fixtureFolder(fixture))) {
    if (entry.isFile) await Deno.copyFile(join(fixtureFolder(fixture), entry.name), join(target, entry.name));
  }
  return target;
}

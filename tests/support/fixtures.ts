/**
 * The fixture plugins: one folder each, in `tests/fixtures/plugins/`.
 *
 * @module
 */
import type { Manifest } from "@remote-plugin/proxy";
import { fromFileUrl, join } from "@std/path";
import { toPascalCase } from "@std/text";

/** The workers that the tests know. */
export const WORKERS = ["python", "deno"] as const;

/** The name of a worker. */
export type WorkerKind = typeof WORKERS[number];

/** The keys of a fixture's manifest that do not depend on where it is run. */
export type FixtureManifest =
  & Pick<Manifest, "class" | "permissions" | "max_concurrency" | "env_vars">
  & Required<Pick<Manifest, "name" | "version" | "module">>;

/** The folder of a fixture plugin. */
export function fixtureFolder(fixture: string): string {
  return fromFileUrl(new URL(`../fixtures/plugins/${fixture}/`, import.meta.url));
}

/** A fixture's manifest: what its folder's name says, and what stands in a file `WORKER.manifest.json` there if it needs anything else. */
export async function readFixture(worker: WorkerKind, fixture: string): Promise<FixtureManifest> {
  const derived = { name: fixture, version: "1.2.3", ...OWN_KEYS[worker](fixture) };
  return { ...derived, ...await ownKeys(join(fixtureFolder(fixture), `${worker}.manifest.json`)) };
}

/** A Python plugin is a class that is called like its folder; one of Deno is what its module gives by default. */
const OWN_KEYS: Readonly<Record<WorkerKind, (fixture: string) => { module: string; runtime?: "deno"; class?: string }>> = {
  python: (fixture) => ({ module: "plugin", class: toPascalCase(fixture) }),
  deno: () => ({ module: "./plugin.ts", runtime: "deno" }),
};

async function ownKeys(file: string): Promise<Partial<FixtureManifest>> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return {};
    throw error;
  }
}

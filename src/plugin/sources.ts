/**
 * Which files the code of a plugin comes from.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { localModules } from "../process/module_graph.ts";
import { isRecord } from "../protocol/json.ts";
import type { LoadedWorker } from "./loaded_worker.ts";
import { Reply } from "./reply.ts";

/** The word in `features` of a worker that tells them. */
const SOURCES_FEATURE = "sources";

/**
 * The files of the plugin's own code: of a Python plugin what its worker has imported below the plugin's folders, of a Deno plugin what its module imports
 * below them. None where nobody can tell.
 */
export async function sourcesOf({ runtime, ...spec }: PluginSpec, worker: LoadedWorker, signal: AbortSignal): Promise<readonly string[]> {
  if (runtime.kind === "deno") return await localModules({ runtime, ...spec }, runtime, signal);
  if (!worker.process?.hello.features.includes(SOURCES_FEATURE)) return [];
  const frame = await new Reply(worker.send({ endpoint: "sources" })).last(signal);
  const files = "result" in frame && isRecord(frame.result) ? frame.result.files : undefined;
  return Array.isArray(files) ? files.filter((file) => typeof file === "string") : [];
}

/**
 * The packages that a cluster has to have before a worker is started on it.
 *
 * @module
 */
import { PYTHON_WORKER_PACK } from "../worker/generated/python_worker.ts";
import { RAY_AGENT_FILES } from "../worker/generated/ray_agent.ts";
import type { RayClient } from "./client.ts";
import type { PluginCode } from "./code.ts";
import { type PackedFile, storedZip } from "./stored_zip.ts";

/** The package that the agent is, in which the worker lies beside it. */
const AGENT_FOLDER = "remote_plugin_agent";

/** Where the worker's pack lies on a node, by where the agent's modules do. */
export function workerPack(modules: string): string {
  return `${modules}/${AGENT_FOLDER}/worker.py`;
}

/** Addresses by which Ray knows packages. */
export interface RayPackages {
  readonly agent: string;
  /** The plugin's code; `undefined` for one that is on the nodes. */
  readonly code: string | undefined;
}

/** Makes sure that the cluster has the agent, the worker and the plugin's code. What it has is not sent again. */
export async function ensurePackages(client: RayClient, code: PluginCode, signal: AbortSignal): Promise<RayPackages> {
  const files = await code.read();
  const agent = await ensure(client, agentFiles(), signal);
  return { agent, code: code.uri ?? (files.size === 0 ? undefined : await ensure(client, files, signal)) };
}

function agentFiles(): ReadonlyMap<string, PackedFile> {
  const encoder = new TextEncoder();
  const texts = { ...RAY_AGENT_FILES, "worker.py": PYTHON_WORKER_PACK };
  return new Map(Object.entries(texts).map(([name, text]) => [`${AGENT_FOLDER}/${name}`, { bytes: encoder.encode(text) }]));
}

/** Nodes keep packages by their names, so that the name has to be that of the bytes. To ask for one has the cluster keep it for a while. */
async function ensure(client: RayClient, files: ReadonlyMap<string, PackedFile>, signal: AbortSignal): Promise<string> {
  const bytes = storedZip(files);
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  const name = `_ray_pkg_${new Uint8Array(digest).toHex()}.zip`;
  if (!await client.hasPackage(name, signal)) await client.upload(name, bytes, signal);
  return `gcs://${name}`;
}

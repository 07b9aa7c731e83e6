/**
 * This project: `RemotePluginProxy` with a plugin in either runtime.
 *
 * @module
 */
import { type FileResult, type Manifest, RemotePluginProxy } from "../../../mod.ts";
import { CannotError, type Nap, type Peer, type WorkName } from "../peer.ts";
import { interpreter, workPath } from "../places.ts";

/** Which worker runs the work. */
export type OurWorker = "python" | "deno" | "cjm";

/** The manifest of the work. */
export function workManifest(worker: OurWorker, maxConcurrency: number): Manifest {
  const common = { name: "work", max_concurrency: maxConcurrency };
  if (worker === "deno") return { ...common, runtime: "deno", module: workPath("plugin.ts") };
  const python = { ...common, python_path: interpreter(), plugin_path: workPath(".") };
  if (worker === "python") return { ...python, module: "plugin", class: "Work" };
  const paths = { PYTHONPATH: workPath(".") };
  return { ...python, worker: "cjm_plugin_system.core.worker", module: "cjm_plugin", class: "Work", env_vars: paths };
}

/** How it is called. */
export interface OurOptions {
  /** How many calls the worker runs at once. Default: 1. */
  readonly maxConcurrency?: number;
  /** `false`: by HTTP alone. */
  readonly upgrade?: boolean;
}

/** This project's asynchronous proxy. */
export class Ours implements Peer {
  readonly #manifest: Manifest;
  readonly #upgrade: boolean;
  #proxy: RemotePluginProxy | undefined;

  constructor(worker: OurWorker, { maxConcurrency = 1, upgrade = true }: OurOptions = {}) {
    this.#manifest = workManifest(worker, maxConcurrency);
    this.#upgrade = upgrade;
  }

  async start(): Promise<void> {
    this.#proxy = await RemotePluginProxy.start(this.#manifest, { upgrade: this.#upgrade });
    const { worker } = this.#manifest;
    if (worker === undefined) return;
    const running = await this.#proxy.execute({ name: "worker" });
    if (running !== worker) throw new CannotError(`this version starts "${running}" and not "${worker}"`);
  }

  call(name: WorkName, argument: number | string): Promise<unknown> {
    return this.#proxy!.execute({ name, argument });
  }

  stream(count: number): AsyncIterable<unknown> {
    return this.#proxy!.executeStream({ count });
  }

  async sendFile(bytes: Uint8Array): Promise<number> {
    return await this.#proxy!.execute<number>({ name: "size_of_file", argument: bytes });
  }

  async fetchFile(size: number): Promise<Uint8Array> {
    await using file = await this.#proxy!.execute<FileResult>({ name: "bytes", argument: size });
    return await file.bytes();
  }

  nap(): Nap {
    const controller = new AbortController();
    const settled = this.#proxy!.execute({ name: "nap" }, { signal: controller.signal });
    return { settled, cancel: () => controller.abort() };
  }

  async stop(): Promise<void> {
    await this.#proxy?.cleanup();
  }
}

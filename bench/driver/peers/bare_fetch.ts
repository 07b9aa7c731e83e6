/**
 * A floor: `fetch` alone, to the worker that this project has started.
 *
 * @module
 */
import { RemotePluginProxy } from "../../../mod.ts";
import type { Peer, WorkName } from "../peer.ts";
import { workManifest } from "./ours.ts";

/** The least that a program can do to call the worker by `fetch`: no call id, no cancelling, no types, no errors but a wrong result. */
export class BareFetch implements Peer {
  readonly #worker: "python" | "deno";
  #proxy: RemotePluginProxy | undefined;
  #client: Deno.HttpClient | undefined;

  constructor(worker: "python" | "deno") {
    this.#worker = worker;
  }

  async start(): Promise<void> {
    this.#proxy = await RemotePluginProxy.start({ ...workManifest(this.#worker, 1), transport: "unix" });
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.#proxy.endpoint!.url.slice("unix:".length) } });
  }

  async call(name: WorkName, argument: number | string): Promise<unknown> {
    const response = await this.#post("execute", { args: [], kwargs: { name, argument } });
    return await response.json();
  }

  async *stream(count: number): AsyncGenerator<unknown, void, void> {
    const response = await this.#post("execute_stream", { args: [], kwargs: { count } });
    let rest = "";
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) yield JSON.parse(line);
    }
  }

  async stop(): Promise<void> {
    this.#client?.close();
    await this.#proxy?.cleanup();
  }

  #post(endpoint: string, body: unknown): Promise<Response> {
    const headers = { authorization: `Bearer ${this.#proxy!.endpoint!.token}` };
    const init = { method: "POST", headers, body: JSON.stringify(body), client: this.#client! };
    return fetch(`http://localhost/${endpoint}`, init);
  }
}

/**
 * This project's blocking proxy.
 *
 * @module
 */
import * as project from "../../../mod.ts";
import { CannotError, type Peer, type WorkName } from "../peer.ts";
import { workManifest } from "./ours.ts";

/** What is used of the blocking proxy. */
interface Blocking extends Disposable {
  execute(kwargs: Record<string, unknown>): unknown;
  executeStream(kwargs: Record<string, unknown>): Iterable<unknown>;
}

/** This project's `RemotePluginProxySync`, in versions that have it. */
export class OursBlocking implements Peer {
  readonly oneAtATime = "a blocking call leaves no room for another";
  #proxy: Blocking | undefined;

  start(): Promise<void> {
    const proxy: unknown = Reflect.get(project, "RemotePluginProxySync");
    if (proxy === undefined) throw new CannotError("this version has no blocking proxy yet");
    this.#proxy = (proxy as { start(manifest: project.Manifest): Blocking }).start(workManifest("python", 1));
    return Promise.resolve();
  }

  call(name: WorkName, argument: number | string): unknown {
    return this.#proxy!.execute({ name, argument });
  }

  stream(count: number): Iterable<unknown> {
    return this.#proxy!.executeStream({ count });
  }

  stop(): Promise<void> {
    this.#proxy?.[Symbol.dispose]();
    return Promise.resolve();
  }
}

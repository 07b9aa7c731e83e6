/**
 * The ways by which a program reaches a plugin: its own worker, here or elsewhere, or one that something else runs and that shares no folder with it.
 *
 * @module
 */
import { createGateway } from "@remote-plugin/proxy/gateway";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { sharedFiles } from "./files.ts";
import type { EitherProxy } from "./awaited_proxy.ts";
import { attachEither, type Face, fixtureManifest, ScratchWatch, startEither, startFixture } from "./fixture_proxy.ts";
import type { WorkerKind } from "./fixtures.ts";

/** A plugin as it is reached, and a look at the files of its worker. */
export interface Reached extends AsyncDisposable {
  readonly plugin: EitherProxy;
  readonly files: () => string[];
}

/** One way. */
export interface Way {
  /** How tests call it. */
  readonly name: string;
  readonly worker: WorkerKind;
  /** Whether calls can be given up while they run. */
  readonly isAsync: boolean;
  /** Reaches the plugin of a fixture. */
  readonly reach: (fixture: string) => Promise<Reached>;
}

const WORKERS: readonly WorkerKind[] = ["python", "deno"];

function local(worker: WorkerKind): Way {
  const reach = async (fixture: string): Promise<Reached> => {
    await using owned = new AsyncDisposableStack();
    const scratch = owned.use(await ScratchWatch.create());
    const plugin = owned.use(await startFixture({ worker, transport: "unix" }, fixture, { scratchDir: scratch.path }));
    return reached(plugin, { owned: owned.move(), files: () => sharedFiles(scratch.path) });
  };
  return { name: `${worker}, started`, worker, isAsync: true, reach };
}

function attached(name: string, face: Face): Way {
  const reach = async (fixture: string): Promise<Reached> => {
    await using owned = new AsyncDisposableStack();
    const scratch = owned.use(await ScratchWatch.create());
    const own = owned.use(await startFixture(face, fixture, { scratchDir: scratch.path }));
    const { url, token } = own.endpoint!;
    const plugin = owned.use(await attachEither(face, { url, token }));
    return reached(plugin, { owned: owned.move(), files: () => sharedFiles(scratch.path) });
  };
  return { name: `${face.worker}, ${name}`, worker: face.worker, isAsync: !face.blocking, reach };
}

function startedElsewhere(worker: WorkerKind, blocking?: true): Way {
  const face: Face = { worker, transport: "unix", isElsewhere: true, blocking };
  const reach = async (fixture: string): Promise<Reached> => {
    await using owned = new AsyncDisposableStack();
    const scratch = owned.use(await ScratchWatch.create());
    const plugin = owned.use(await startEither(face, fixture, { scratchDir: scratch.path }));
    return reached(plugin, { owned: owned.move(), files: () => sharedFiles(scratch.path) });
  };
  return { name: `${worker}, started elsewhere${blocking ? ", blocking" : ""}`, worker, isAsync: !blocking, reach };
}

function throughGateway(worker: WorkerKind): Way {
  const reach = async (fixture: string): Promise<Reached> => {
    await using owned = new AsyncDisposableStack();
    const scratch = owned.use(await ScratchWatch.create());
    const face: Face = { worker, transport: "unix" };
    const manifests = [await fixtureManifest(face, fixture)];
    const manager = owned.use(
      await PluginManager.create({ manifests, scratchDir: scratch.path, healthIntervalMs: 0, permissions: "requested" }),
    );
    const gateway = createGateway(manager, { token: TOKEN, operatorToken: TOKEN_OF_OPERATOR, callLogs: true, callbacks: true });
    const server = owned.use(Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, gateway));
    const plugin = owned.use(await attachEither(face, { url: `http://127.0.0.1:${server.addr.port}/${fixture}`, token: TOKEN }));
    return reached(plugin, { owned: owned.move(), files: () => sharedFiles(scratch.path) });
  };
  return { name: `${worker}, through the gateway`, worker, isAsync: true, reach };
}

const TOKEN = "let-me-in";
const TOKEN_OF_OPERATOR = "let-me-see-to-it";

interface Held {
  readonly owned: AsyncDisposableStack;
  readonly files: () => string[];
}

function reached(plugin: EitherProxy, { owned, files }: Held): Reached {
  return { plugin, files, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** Those that share no folder with the worker. */
export const APART: readonly Way[] = WORKERS.flatMap((worker) => [
  attached("attached", { worker, transport: "unix" }),
  attached("attached over TCP by HTTP", { worker, transport: "tcp", upgrade: false }),
  attached("attached, blocking", { worker, transport: "unix", blocking: true }),
  throughGateway(worker),
  startedElsewhere(worker),
  startedElsewhere(worker, true),
]);

/** All of them. */
export const WAYS: readonly Way[] = [...WORKERS.map(local), ...APART];

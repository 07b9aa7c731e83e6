/**
 * A server that goes on when clients open more connections than there may be.
 *
 * @module
 */
import { pause } from "../../protocol/timer.ts";
import { mostOpenFiles, openFiles } from "../../process/open_files.ts";

/** Where to listen, and by which certificate. */
export interface ServerOptions {
  readonly hostname: string;
  readonly port: number;
  readonly tls: Partial<Deno.TlsCertifiedKeyPem>;
  /** How many connections may be open. Default: three quarters of the files that the process may have open, at most 16,384. */
  readonly connections?: number;
  /** What to answer when a handler has failed. */
  readonly onError: (error: unknown) => Response;
  /** Told when there were too many connections, and those without a request were closed. */
  readonly onCrowded: (connections: number) => void;
}

type Server = Deno.HttpServer<Deno.NetAddr>;

const DEFAULT_CONNECTIONS = 16_384;

/** How often the connections are counted, in milliseconds. */
const COUNT_MS = 100;

/** How long it takes until a port that was let go of can be had again, in milliseconds, and how often that is tried. */
const AGAIN = { ms: 10, times: 500 } as const;

/**
 * Listens. `Deno.serve()` keeps connections on which nothing comes for ever, and ends when no more files can be opened. So the connections are counted: when
 * there are too many, another server takes the place of the one before, which answers the requests that it has and closes all other connections.
 */
export class CrowdedServer implements AsyncDisposable {
  readonly #handler: Deno.ServeHandler<Deno.NetAddr>;
  readonly #options: ServerOptions;
  readonly #connections: number;
  readonly #filesBefore = openFiles() ?? 0;
  readonly #ending = new Set<Promise<void>>();
  readonly #timer: ReturnType<typeof setInterval>;
  #server: Server;
  #renewing: Promise<void> | undefined;
  readonly #closing = new AbortController();

  private constructor(handler: Deno.ServeHandler<Deno.NetAddr>, options: ServerOptions & { readonly connections: number }) {
    this.#handler = handler;
    this.#options = options;
    this.#connections = options.connections;
    this.#server = this.#listen(options.port);
    this.#timer = setInterval(() => this.#count(), COUNT_MS);
  }

  /** Begins to listen. */
  static async start(handler: Deno.ServeHandler<Deno.NetAddr>, options: ServerOptions): Promise<CrowdedServer> {
    const most = await mostOpenFiles() ?? Infinity;
    return new CrowdedServer(handler, { connections: Math.min(DEFAULT_CONNECTIONS, Math.floor(most * 3 / 4)), ...options });
  }

  /** Where it listens. */
  get port(): number {
    return this.#server.addr.port;
  }

  /** Takes no more connections. Resolves when all requests that it has are answered. */
  async shutdown(): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#timer);
    await this.#renewing?.catch(() => {});
    await Promise.all([this.#server.shutdown(), ...this.#ending]);
  }

  /** The same as `shutdown()`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }

  #listen(port: number): Server {
    const { hostname, tls, onError } = this.#options;
    const server: Server = Deno.serve({ hostname, port, onListen: () => {}, onError, ...tls }, this.#handler);
    // It ends by itself when a connection cannot be taken, for want of files.
    server.finished.catch(() => this.#crowded());
    return server;
  }

  #count(): void {
    const files = openFiles();
    if (files !== undefined && files - this.#filesBefore > this.#connections) this.#crowded();
  }

  #crowded(): void {
    if (this.#closing.signal.aborted || this.#renewing !== undefined) return;
    this.#renewing = this.#renew().finally(() => this.#renewing = undefined);
  }

  async #renew(): Promise<void> {
    this.#options.onCrowded(this.#connections);
    const { port } = this;
    const ending = this.#server.shutdown().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    this.#server = await this.#listenAgain(port);
  }

  async #listenAgain(port: number): Promise<Server> {
    for (let times = 1;; times++) {
      try {
        return this.#listen(port);
      } catch (error) {
        if (times === AGAIN.times) throw error;
        await pause(AGAIN.ms, this.#closing.signal);
      }
    }
  }
}

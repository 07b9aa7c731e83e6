/**
 * A plugin whose worker crashes, stalls and dawdles by chance.
 *
 * @module
 */
import { WorkerExitError } from "../errors.ts";
import { ManagedPlugin, poolOf } from "../manager/managed_plugin.ts";
import { cancelledError } from "../plugin/failures.ts";
import type { CallOptions, OperationOptions } from "../plugin/interface.ts";
import { remotePluginOf, RemotePluginProxy } from "../plugin/proxy.ts";
import { RemotePluginProxySync } from "../plugin/proxy_sync.ts";
import type { RemotePlugin } from "../plugin/remote_plugin.ts";
import { type ChaosOptions, type Fate, Fates } from "./fates.ts";
import { afterInterlude, interlude, interludeBlocking, type InterludeFacts } from "./interlude.ts";
import { type AnyPlugin, type MadeCall, type Make, originalOf, withCalls } from "./with_calls.ts";

/** A plugin under chaos. */
export type Chaotic<Plugin> = Plugin & {
  /** By which its calls get their fates: the same seed gives them the same. */
  readonly chaos: { readonly seed: number };
};

/**
 * The same plugin, some of whose calls meet with a crash or are never answered, and all of which may come late. So a program's own tests see how it copes.
 *
 * - A _crash_ ends the worker while it runs the call, where this program has started it: `exited`, `restart` and a manager's events tell of it as of any crash.
 *   Elsewhere, and with a blocking plugin, the call alone fails with the same error.
 * - A call that _stalls_ ends by its `signal`, its `timeoutMs` or `idleTimeoutMs`, by `cancel()` or `cleanup()`, and by nothing else.
 *
 * @param plugin Any plugin: started, attached, a manager's, or a blocking one.
 * @throws {RangeError} When a share, a time or the seed is none.
 *
 * @example
 * ```ts
 * import { CallTimeoutError, RemotePluginProxy } from "@remote-plugin/proxy";
 * import { chaos, inMemoryWorker } from "@remote-plugin/proxy/testing";
 *
 * await using shout = await RemotePluginProxy.attach(inMemoryWorker({ execute: ({ text }: { text: string }) => text.toUpperCase() }));
 * const plugin = chaos(shout, { stall: 0.5, slow: [1, 5], seed: 7 });
 * for (const text of ["one", "two", "three"]) {
 *   try {
 *     console.log(await plugin.execute({ text }, { timeoutMs: 50 }));
 *   } catch (error) {
 *     console.log(error instanceof CallTimeoutError, plugin.chaos.seed); // true 7
 *   }
 * }
 * ```
 */
export function chaos<Plugin extends AnyPlugin>(plugin: Plugin, options: ChaosOptions): Chaotic<Plugin> {
  return new Chaos(plugin, options).applied(plugin) as Chaotic<Plugin>;
}

class Chaos {
  readonly #plugin: AnyPlugin;
  readonly #fates: Fates;
  readonly #onFault: ChaosOptions["onFault"];
  /** Aborted when the plugin lets go of its calls. */
  #over = new AbortController();
  #heldUpCalls = 0;

  constructor(plugin: AnyPlugin, { onFault, ...options }: ChaosOptions) {
    this.#plugin = plugin;
    this.#fates = new Fates(options);
    this.#onFault = onFault;
  }

  applied<Plugin extends AnyPlugin>(plugin: Plugin): Plugin {
    return withCalls(plugin, {
      run: (call, make) => this.#run(call, make),
      stream: (call, make) => this.#stream(call, make),
      runBlocking: (call, make) => this.#runBlocking(call, make),
      streamBlocking: (call, make) => this.#streamBlocking(call, make),
      members: { chaos: { seed: this.#fates.seed }, ...this.#enders(plugin) },
    });
  }

  /** The members that end held up calls too. A blocking plugin can be asked nothing while one is. */
  #enders(plugin: AnyPlugin): Record<PropertyKey, unknown> {
    if (plugin instanceof RemotePluginProxySync) return {};
    const cleanup = () => (this.#end("cleanup()"), plugin.cleanup());
    const cancel = async (options?: OperationOptions) => {
      const wasHeldUp = this.#end("cancel()");
      return await plugin.cancel(options) || wasHeldUp;
    };
    return { cancel, cleanup, [Symbol.asyncDispose]: cleanup };
  }

  /** Ends the calls that are held up. False when there is none. */
  #end(by: string): boolean {
    const wasHeldUp = this.#heldUpCalls > 0;
    this.#over.abort(by);
    this.#over = new AbortController();
    return wasHeldUp;
  }

  async #run(call: MadeCall, make: Make<Promise<unknown>>): Promise<unknown> {
    const fate = this.#next(call);
    if (fate.kind !== "crash") return await make(call.kwargs, await this.#heldUp(call, fate));
    const { idempotent = false } = call.options;
    using begun = await this.#begin(call);
    const answer = make(call.kwargs, begun.options);
    answer.catch(() => {}); // It is waited for when its worker has ended.
    if (!await begun.crash(this.#why(fate)) && !idempotent) throw this.#exitError(call, fate);
    const result = await answer;
    if (idempotent) return result;
    // It was answered in the moment in which its worker was told to end.
    throw this.#exitError(call, fate);
  }

  async *#stream(call: MadeCall, make: Make<AsyncGenerator<unknown>>): AsyncGenerator<unknown, void, void> {
    const fate = this.#next(call);
    if (fate.kind !== "crash") return yield* make(call.kwargs, await this.#heldUp(call, fate)) as AsyncGenerator<unknown, void, void>;
    using begun = await this.#begin(call);
    const chunks = make(call.kwargs, begun.options);
    try {
      for (let left = fate.chunks; left > 0; left--) {
        const { done, value } = await chunks.next();
        if (done) break;
        yield value;
      }
      // One that has given nothing yet has to be on its way.
      const next = chunks.next();
      next.catch(() => {});
      if (await begun.crash(this.#why(fate))) await next;
      throw this.#exitError(call, fate);
    } finally {
      begun[Symbol.dispose]();
      await chunks.return(undefined).catch(() => {});
    }
  }

  #runBlocking(call: MadeCall, make: Make<unknown>): unknown {
    const fate = this.#next(call);
    if (fate.kind === "crash" && !call.options.idempotent) throw this.#exitError(call, fate);
    return make(call.kwargs, this.#heldUpBlocking(call, fate));
  }

  *#streamBlocking(call: MadeCall, make: Make<Generator<unknown>>): Generator<unknown, void, void> {
    const fate = this.#next(call);
    let left = fate.kind === "crash" ? fate.chunks : Infinity;
    for (const chunk of make(call.kwargs, this.#heldUpBlocking(call, fate))) {
      if (left-- <= 0) break;
      yield chunk;
    }
    if (fate.kind === "crash") throw this.#exitError(call, fate);
  }

  #next({ member, method = member }: MadeCall): Fate {
    const fate = this.#fates.next();
    const { call, kind, delayMs } = fate;
    if (kind !== undefined) this.#onFault?.({ seed: this.#fates.seed, call, member: method, kind, delayMs });
    return fate;
  }

  async #heldUp(call: MadeCall, fate: Fate): Promise<CallOptions> {
    if (fate.delayMs === 0) return call.options;
    const facts = this.#interlude(call, fate);
    const over = this.#over.signal;
    this.#heldUpCalls++;
    try {
      await interlude(facts, call.options, over);
    } catch (reason) {
      throw over.aborted && reason === over.reason ? cancelledError(facts, over.reason) : reason;
    } finally {
      this.#heldUpCalls--;
    }
    return afterInterlude(facts, call.options);
  }

  #heldUpBlocking(call: MadeCall, fate: Fate): CallOptions {
    if (fate.delayMs === 0) return call.options;
    const facts = this.#interlude(call, fate);
    interludeBlocking(facts, call.options);
    return afterInterlude(facts, call.options);
  }

  #interlude({ member, method = member }: MadeCall, fate: Fate): InterludeFacts {
    return { ms: fate.delayMs, plugin: this.#plugin.name, member: method, why: `Chaos held it up, ${this.#mark(fate)}` };
  }

  /** A call that waits for the next worker is not on one yet. */
  async #begin(call: MadeCall): Promise<BegunCall> {
    const original = originalOf(this.#plugin);
    const begun = new BegunCall(original, call);
    if (original instanceof RemotePluginProxy) await remotePluginOf(original).settled(begun.options.signal);
    return begun;
  }

  #exitError({ member, method = member }: MadeCall, fate: Fate): WorkerExitError {
    const plugin = this.#plugin.name;
    const message = `The worker of "${plugin}" was ended while it ran "${method}", for ${this.#why(fate)}`;
    return new WorkerExitError(message, { plugin, exitCode: null, signal: "SIGKILL", calls: [method] });
  }

  #why(fate: Fate): string {
    return `chaos crashed it, ${this.#mark(fate)}`;
  }

  #mark({ call }: Fate): string {
    return `by the seed ${this.#fates.seed} at call ${call}`;
  }
}

/** A call whose worker is to crash. In the end it is given up, if it goes on. */
class BegunCall implements Disposable {
  /** What the call is made with. */
  readonly options: CallOptions & { readonly signal: AbortSignal };
  readonly #plugin: AnyPlugin;
  readonly #waitingBefore: number | undefined;
  readonly #end = new AbortController();

  /** The call is made next. */
  constructor(plugin: AnyPlugin, { options }: MadeCall) {
    this.#plugin = plugin;
    this.#waitingBefore = plugin instanceof ManagedPlugin ? poolOf(plugin)?.waiting : undefined;
    const signals = options.signal === undefined ? [this.#end.signal] : [options.signal, this.#end.signal];
    this.options = { ...options, signal: AbortSignal.any(signals) };
  }

  /** Ends the worker that runs it. False where that is not known, or not this program's to end. */
  async crash(why: string): Promise<boolean> {
    return await this.#worker()?.crash(why) ?? false;
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  /** A call of a managed plugin that waits has no worker yet. */
  #worker(): RemotePlugin | undefined {
    if (this.#plugin instanceof RemotePluginProxy) return remotePluginOf(this.#plugin);
    const pool = this.#plugin instanceof ManagedPlugin ? poolOf(this.#plugin) : undefined;
    return pool?.waiting === this.#waitingBefore ? pool?.latest?.plugin : undefined;
  }
}

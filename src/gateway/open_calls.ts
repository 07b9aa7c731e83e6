/**
 * The calls of the gateway's clients while they are open.
 *
 * @module
 */
import { CallCancelledError } from "../errors.ts";
import { OrderedList } from "../plugin/ordered_list.ts";
import { endpointRule, type RequestEndpoint } from "../protocol/endpoints.ts";

/** A request, which its client can give up. */
export interface OpenCall {
  /** Its client's id of it, with which it is found in the logs; `undefined` where another client has a call of that id open at the plugin. */
  readonly workerCallId: string | undefined;
  /** Aborted when it is given up. */
  readonly signal: AbortSignal;
  /** Gives it up. */
  cancel(): void;
  /** It has had its last frame, or will never have it. */
  end(): void;
}

/** Whose call it is. */
export interface CallOwner {
  /** The client that has made it, for example `caller 1`. */
  readonly client: string;
  /** The plugin that is called, with its version. */
  readonly plugin: string;
  /** What is asked of it. */
  readonly endpoint: RequestEndpoint;
  /** What its client calls it. */
  readonly callId: string | undefined;
}

/** Which calls are meant: those that have all of what is given. */
export type CallFilter = Partial<CallOwner>;

interface OwnedCall {
  readonly call: OpenCall;
  readonly owner: CallOwner;
}

/** Knows the calls of all clients. An id names a call of one client at one plugin. Questions are no calls: they can be given up, and not be found. */
export class OpenCalls {
  readonly #open = new OrderedList<OwnedCall>();
  #size = 0;
  readonly #keys = new Set<string>();
  /** What workers call the calls of theirs that have an id. */
  readonly #workerIds = new Set<string>();

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /** How many calls of a plugin are open. */
  count(plugin: string): number {
    return this.#matching({ plugin }).length;
  }

  /** Opens a call; `undefined` when its client has one of that id open. */
  open(owner: CallOwner): OpenCall | undefined {
    const { isCall } = endpointRule(owner.endpoint);
    const key = isCall && owner.callId !== undefined ? keyOf(owner) : undefined;
    if (key !== undefined && this.#keys.has(key)) return undefined;
    const controller = new AbortController();
    const { plugin, callId } = owner;
    const workerKey = key === undefined || this.#workerIds.has(`${plugin} ${callId}`) ? undefined : `${plugin} ${callId}`;
    const call: OpenCall = {
      workerCallId: workerKey === undefined ? undefined : callId,
      signal: controller.signal,
      cancel: () => controller.abort(new CallCancelledError(`A call of "${plugin}" was cancelled`, { plugin })),
      end: () => {
        if (entry === undefined || !this.#open.remove(entry)) return;
        this.#size--;
        if (key === undefined) return;
        this.#keys.delete(key);
        if (workerKey !== undefined) this.#workerIds.delete(workerKey);
      },
    };
    const entry = isCall ? this.#open.add({ call, owner }) : undefined;
    if (isCall) this.#size++;
    if (key !== undefined) this.#keys.add(key);
    if (workerKey !== undefined) this.#workerIds.add(workerKey);
    return call;
  }

  /** Gives up calls. False when there are none such. */
  cancel(filter: CallFilter): boolean {
    const calls = this.#matching(filter);
    for (const call of calls) call.cancel();
    return calls.length > 0;
  }

  #matching(filter: CallFilter): OpenCall[] {
    const wanted = Object.entries(filter) as [keyof CallOwner, string | undefined][];
    return [...this.#open].filter(({ owner }) => wanted.every(([key, value]) => owner[key] === value)).map(({ call }) => call);
  }
}

function keyOf({ client, plugin, callId }: CallOwner): string {
  return JSON.stringify([client, plugin, callId]);
}

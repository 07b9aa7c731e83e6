/**
 * `@std/testing/mock` where JSR is not reached: the names in use, with the types that JSR has.
 *
 * @module
 */

/** A call that a spy has seen. */
export interface SpyCall<Args extends unknown[] = unknown[], Return = unknown> {
  args: Args;
  returned?: Return;
  error?: Error;
  self?: unknown;
}

/** A function that remembers its calls. */
export interface Spy<Args extends unknown[] = unknown[], Return = unknown> {
  (...args: Args): Return;
  calls: SpyCall<Args, Return>[];
}

/** A method that remembers its calls, until the one in whose place it stands is put back. */
export interface MethodSpy<Args extends unknown[] = unknown[], Return = unknown> extends Spy<Args, Return>, Disposable {
  restored: boolean;
  restore(): void;
}

type Method<Self, Key extends keyof Self> = Self[Key] extends (...args: infer Args) => infer Return ? { args: Args; returns: Return }
  : never;

/** How {@linkcode spy} can be called. */
export interface MakeSpy {
  (): Spy<unknown[], undefined>;
  <Args extends unknown[], Return>(original: (...args: Args) => Return): Spy<Args, Return>;
  <Self, Key extends keyof Self>(self: Self, key: Key): MethodSpy<Method<Self, Key>["args"], Method<Self, Key>["returns"]>;
}

export const spy: MakeSpy = makeSpy as MakeSpy;

/** Puts a function in the place of a method, until it is disposed of. */
export function stub<Self, Key extends keyof Self>(
  self: Self,
  key: Key,
  fake?: (...args: Method<Self, Key>["args"]) => Method<Self, Key>["returns"],
): MethodSpy<Method<Self, Key>["args"], Method<Self, Key>["returns"]> {
  return replace(self as Record<PropertyKey, unknown>, key, fake ?? (() => {})) as ReturnType<typeof stub<Self, Key>>;
}

function makeSpy(target?: unknown, key?: PropertyKey): Spy {
  if (key === undefined) return watch((target ?? (() => {})) as Run);
  const self = target as Record<PropertyKey, unknown>;
  return replace(self, key, self[key] as Run);
}

type Run = (this: unknown, ...args: unknown[]) => unknown;

function watch(run: Run): Spy {
  const calls: SpyCall[] = [];
  function watched(this: unknown, ...args: unknown[]): unknown {
    const call: SpyCall = this === undefined ? { args } : { args, self: this };
    try {
      return call.returned = run.apply(this, args);
    } catch (error) {
      call.error = error as Error;
      throw error;
    } finally {
      calls.push(call);
    }
  }
  return Object.assign(watched, { calls });
}

function replace(self: Record<PropertyKey, unknown>, key: PropertyKey, run: Run): MethodSpy {
  const before = Object.getOwnPropertyDescriptor(self, key);
  const watched = Object.assign(watch(run), {
    restored: false,
    restore(): void {
      if (watched.restored) throw new Error(`"${String(key)}" has its own method again already`);
      watched.restored = true;
      if (before === undefined) delete self[key];
      else Object.defineProperty(self, key, before);
    },
    [Symbol.dispose](): void {
      watched.restore();
    },
  });
  Object.defineProperty(self, key, { configurable: true, writable: true, enumerable: before?.enumerable ?? false, value: watched });
  return watched;
}

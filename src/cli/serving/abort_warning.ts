/**
 * What the runtime says of a server that the user of `serve` has not written.
 *
 * @module
 */

const BEGINNING = "Deno.serve: request.signal aborts on successful responses";

/** Keeps the runtime from warning of what the gateway is written for: a request's signal is aborted after its reply as well. */
export function withoutAbortWarning(): Disposable {
  const { warn } = console;
  console.warn = (...parts: unknown[]) => {
    if (!String(parts[0]).startsWith(BEGINNING)) warn(...parts);
  };
  return { [Symbol.dispose]: () => void (console.warn = warn) };
}

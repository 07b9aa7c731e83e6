/**
 * Waits for what must happen; a test that waits in vain fails and says for what.
 *
 * @module
 */

/** How long anything in a test may take, in milliseconds: a guard against hanging, not a measure, so that the busiest of machines must not come near it. */
export const PATIENCE_MS = 60_000;

/** Settles as `promise` does, or rejects when it takes longer than a test may wait. */
export async function within<T>(promise: Promise<T>, what: string, patienceMs: number = PATIENCE_MS): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Waited ${patienceMs} ms in vain for ${what}`)), patienceMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

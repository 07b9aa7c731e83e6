/**
 * Waits for what must happen; a test that waits in vain fails and says for what.
 *
 * @module
 */

/** How long anything in a test may take, in milliseconds: a guard against hanging, not a measure, so that the busiest of machines must not come near it. */
export const LIMIT_MS = 60_000;

/** Settles as `promise` does, or rejects when it takes longer than a test may wait. */
export async function within<T>(promise: Promise<T>, what: string, limitMs: number = LIMIT_MS): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`Waited ${limitMs} ms in vain for ${what}`)), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves once something that tells nobody of itself has come true. */
export async function eventually(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!await isSo()) {
    if (performance.now() > end) throw new Error(`Waited ${LIMIT_MS} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

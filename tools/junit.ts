/**
 * Counts the tests in a JUnit report of `deno test`.
 *
 * @module
 */

/** How many tests ended how. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Counts the tests of a report. A step belongs to its test, as in what `deno test` prints. */
export function countReport(xml: string): Counts {
  return [...xml.matchAll(/<testsuite [^]*?<\/testsuite>/g)].map(([suite]) => countSuite(suite)).reduce(add, NONE);
}

/** No tests at all. */
export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

/** The sum of two counts. */
export function add(a: Counts, b: Counts): Counts {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

/** The closing line that any CI understands: `3 passed, 0 failed`, and `, 1 skipped` when there are such. */
export function closingLine({ passed, failed, skipped }: Counts): string {
  return `${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`;
}

function countSuite(xml: string): Counts {
  const cases = [...xml.matchAll(/<testcase name="([^"]*)"[^>]*>([^]*?)<\/testcase>/g)];
  const names = new Set(cases.map(([, name]) => name ?? ""));
  return cases.filter(([, name]) => !isStep(name ?? "", names)).map(([, , body]) => countCase(body ?? "")).reduce(add, NONE);
}

/** A step is reported as `test &gt; step`, after its test. */
function isStep(name: string, names: ReadonlySet<string>): boolean {
  const parts = name.split(" &gt; ");
  return parts.some((_, index) => index > 0 && names.has(parts.slice(0, index).join(" &gt; ")));
}

function countCase(body: string): Counts {
  if (/<(failure|error)\b/.test(body)) return { ...NONE, failed: 1 };
  return body.includes("<skipped") ? { ...NONE, skipped: 1 } : { ...NONE, passed: 1 };
}

/**
 * The Python of the tests.
 *
 * @module
 */

/** A Python interpreter for tests: `REMOTE_PLUGIN_TEST_PYTHON`, or the system's own, or whatever is on `PATH`. */
export function testPython(): string {
  const chosen = Deno.env.get("REMOTE_PLUGIN_TEST_PYTHON");
  if (chosen) return chosen;
  return isFile("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * `deno task check`: everything that can be known without running a test. Each check is run, also after one that fails.
 *
 * @module
 */
import { laneFlags, readJson } from "./lane.ts";
import { capture, type Outcome } from "./run.ts";
import { findRuff } from "./ruff.ts";

const DENO = Deno.execPath();
const LANE = laneFlags("npm");
const RUFF_FILES = ["--config", "tools/ruff.toml", "."];

/** The modules that users import. */
function entryPoints(): string[] {
  return Object.values(readJson("deno.json").exports as Record<string, string>);
}

function checks(): [string, string[]][] {
  return [
    ["format", [DENO, "fmt", "--check"]],
    ["lint", [DENO, "lint"]],
    ["types", [DENO, "check", ...LANE, "."]],
    ["doc comments", [DENO, "doc", "--lint", ...LANE, ...entryPoints()]],
    ["embedded workers", [DENO, "run", ...LANE, "--allow-read", "--allow-run", "tools/embed.ts", "--check"]],
  ];
}

async function check(name: string, command: readonly string[]): Promise<boolean> {
  const start = performance.now();
  const { code, output }: Outcome = await capture(command);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"}  ${name} (${seconds} s)`);
  if (code !== 0) console.log(output);
  return code === 0;
}

async function checkPython(): Promise<boolean> {
  const ruff = await findRuff();
  if (ruff.program === undefined) {
    console.log(`skipped Python format and lint: ${ruff.reason}`);
    return true;
  }
  const formatted = await check("Python format", [ruff.program, "format", "--check", ...RUFF_FILES]);
  return await check("Python lint", [ruff.program, "check", ...RUFF_FILES]) && formatted;
}

async function main(): Promise<number> {
  let failed = 0;
  for (const [name, command] of checks()) failed += await check(name, command) ? 0 : 1;
  failed += await checkPython() ? 0 : 1;
  if (failed > 0) console.log(`\n${failed} ${failed === 1 ? "check has" : "checks have"} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main());

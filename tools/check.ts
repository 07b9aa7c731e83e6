/**
 * `deno task check [--publish]`: everything that can be known without running a test. Each check is run, also after one that fails.
 *
 * `--publish` adds what `deno publish --dry-run` checks, also where JSR cannot be reached.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { refuseAll, runTool } from "./arguments.ts";
import { copyPackage } from "./package_copy.ts";
import { readJson, registryFlags } from "./registry.ts";
import { findPython } from "./python.ts";
import { findRuff } from "./ruff.ts";
import { capture, type RunOptions } from "./run.ts";

const DENO = Deno.execPath();
const PACKAGES = registryFlags("npm");
const RUFF_FILES = ["--config", "tools/ruff.toml", "."];

/** The modules that users import. */
function entryPoints(): string[] {
  return Object.values(readJson("deno.json").exports as Record<string, string>);
}

function checks(): [string, string[]][] {
  return [
    ["format", [DENO, "fmt", "--quiet", "--check"]],
    ["lint", [DENO, "lint", "--quiet"]],
    ["types", [DENO, "check", "--quiet", ...PACKAGES, "."]],
    ["doc comments", [DENO, "doc", "--quiet", "--lint", ...PACKAGES, ...entryPoints()]],
    ["embedded workers", [DENO, "run", ...PACKAGES, "--allow-read", "--allow-run", "tools/embed.ts", "--check"]],
  ];
}

async function check(name: string, command: readonly string[], options: RunOptions = {}): Promise<boolean> {
  const start = performance.now();
  const { code, output } = await capture(command, options);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${code === 0 ? "ok    " : "FAILED"}  ${name} (${seconds} s)`);
  if (code !== 0) console.log(output);
  return code === 0;
}

async function checkPython(): Promise<boolean> {
  const modules = await checkPythonModules();
  return await checkPythonStyle() && modules;
}

async function checkPythonModules(): Promise<boolean> {
  const python = await findPython();
  if (python !== undefined) {
    const folders = ["remote_plugin_worker", "ray_agent"].map((name) => `src/worker/python/${name}`);
    return await check("Python modules", [python, "tools/python_lint.py", ...folders]);
  }
  console.log("skipped Python modules: no Python 3.8 or later");
  return true;
}

async function checkPythonStyle(): Promise<boolean> {
  const ruff = await findRuff();
  if (ruff.program === undefined) {
    console.log(`skipped Python format and lint: ${ruff.reason}`);
    return true;
  }
  const formatted = await check("Python format", [ruff.program, "format", "--check", ...RUFF_FILES]);
  return await check("Python lint", [ruff.program, "check", ...RUFF_FILES]) && formatted;
}

/** It works on a copy, for `deno publish` heeds no import map but that of `deno.json`. */
async function checkPublish(): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "rpp-" });
  try {
    await copyPackage(folder, "npm");
    return await check("what would be published", [DENO, "publish", "--quiet", "--dry-run", "--allow-dirty"], { cwd: folder });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(): Promise<number> {
  const { publish } = parseArgs(Deno.args, { boolean: ["publish"], unknown: refuseAll("Usage: deno task check [--publish]") });
  let failed = 0;
  for (const [name, command] of checks()) failed += await check(name, command) ? 0 : 1;
  failed += await checkPython() ? 0 : 1;
  if (publish) failed += await checkPublish() ? 0 : 1;
  if (failed > 0) console.log(`\n${failed} ${failed === 1 ? "check has" : "checks have"} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main) await runTool(main);

/**
 * What `doctor` finds in a plugin.
 *
 * @module
 */
import { DELIMITER } from "@std/path";
import { ManifestError, PermissionDeniedError, PluginError } from "../../errors.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { loadManifest } from "../../manifest/load.ts";
import type { PluginSpec, PythonRuntime } from "../../manifest/manifest.ts";
import { workerVariables } from "../../permissions/environment.ts";
import { missingModuleAdvice } from "../../plugin/import_advice.ts";
import { demandPermissions } from "../../permissions/required.ts";
import type { Context } from "../context.ts";
import { environmentFinding } from "./environment_finding.ts";
import type { Finding, Report } from "./finding.ts";

/** Which plugin is looked at. */
export interface Examined {
  readonly name: string;
  /** Whether something else starts it. */
  readonly isTried: boolean;
}

/**
 * Looks at manifest, environment, permissions, interpreter and imports, and starts the plugin at last. What depends on something bad is left out, and so is
 * what depends on an environment that was not made yet.
 */
export async function* pluginFindings(
  context: Context,
  manager: PluginManager,
  { name, isTried }: Examined,
): AsyncGenerator<Finding, void, void> {
  const info = manager.info(name);
  const report: Report = (check, verdict, found, fix) => ({ about: info.name, check, verdict, found, fix });
  const plugin = await loadManifest(info.source!);
  yield info.warnings.length === 0
    ? report("manifest", "good", info.source!)
    : report("manifest", "odd", info.warnings.join("; "), "Correct the keys, or remove them");
  const { spec, finding } = await environmentFinding(context, plugin, report);
  if (finding !== undefined) yield finding;
  if (spec === undefined) return;
  const permissions = checkPermissions(spec, report, context);
  yield permissions;
  if (permissions.verdict === "bad") return;
  const folder = await checkFolder(spec, report);
  if (folder !== undefined) yield folder;
  if (folder?.verdict === "bad") return;
  if (spec.runtime.kind === "python") {
    const { finding, isUsable } = await checkInterpreter(spec.runtime, report);
    yield finding;
    if (!isUsable) return;
    // Of a plugin that is to be bounded nothing runs unbounded. Its start tells as much.
    const imports = spec.runtime.permissions === undefined ? await checkImport(spec, spec.runtime, report) : undefined;
    if (imports !== undefined) yield imports;
    if (imports?.verdict === "bad") return;
  }
  if (!isTried) yield await checkStart(context, manager, { name, report });
}

function checkPermissions(spec: PluginSpec, report: Report, { policy }: Context): Finding {
  try {
    demandPermissions(spec, { permissions: policy });
    return report("permissions", "good", "the host has what it needs");
  } catch (error) {
    if (error instanceof ManifestError) return report("permissions", "bad", error.message, "Mend the manifest as the message says");
    if (!(error instanceof PermissionDeniedError)) throw error;
    return report("permissions", "bad", error.message, `Add ${error.flags.join(" ")} to the command that runs this program`);
  }
}

/** A manifest that names no folder has the host's own, which is there. */
async function checkFolder({ cwd }: PluginSpec, report: Report): Promise<Finding | undefined> {
  if (cwd === undefined) return undefined;
  if (await Deno.stat(cwd).then(({ isDirectory }) => isDirectory, () => false)) return report("working folder", "good", cwd);
  return report("working folder", "bad", `there is no folder "${cwd}"`, 'Make it, or correct "cwd" in the manifest');
}

async function checkInterpreter({ interpreter }: PythonRuntime, report: Report): Promise<{ finding: Finding; isUsable: boolean }> {
  const fix = 'Correct "python_path" in the manifest; "which python3" tells a path';
  try {
    const { code, text } = await python(interpreter, ["-S", "-c", "import sys; print('%d.%d.%d' % sys.version_info[:3])"]);
    const [major = 0, minor = 0] = text.trim().split(".").map(Number);
    if (code !== 0) {
      return {
        finding: report("interpreter", "bad", `"${interpreter}" ended with code ${code}: ${text.slice(-300)}`, fix),
        isUsable: false,
      };
    }
    const isUsable = major > 3 || (major === 3 && minor >= 8);
    const found = `Python ${text.trim()} (${interpreter})`;
    return {
      finding: isUsable ? report("interpreter", "good", found) : report("interpreter", "bad", `${found}, wanted is 3.8 or later`, fix),
      isUsable,
    };
  } catch (error) {
    return { finding: report("interpreter", "bad", `"${interpreter}" cannot be run: ${(error as Error).message}`, fix), isUsable: false };
  }
}

const IMPORT = `
import importlib, importlib.util, sys
module, kind, name = sys.argv[1:4]
if module.endswith((".py", ".pyw")):
    spec = importlib.util.spec_from_file_location("script", module)
    found = sys.modules["script"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
else:
    found = importlib.import_module(module)
if name and not hasattr(found, name):
    own = [value for value in vars(found).values() if callable(value) and getattr(value, "__module__", None) == found.__name__]
    names = [value.__name__ for value in own if isinstance(value, type) == (kind == "class") or kind == "script"]
    sys.exit('the module "%s" has no %s "%s", but %s' % (module, kind, name, ", ".join(names) or "none at all"))
if name and hasattr(getattr(found, name), "execute_batch"):
    print("\\nexecute_batch")
`;

async function checkImport(spec: PluginSpec, runtime: PythonRuntime, report: Report): Promise<Finding> {
  const env = { ...workerVariables(spec, {}).process, PYTHONPATH: runtime.path.join(DELIMITER), PYTHONDONTWRITEBYTECODE: "1" };
  const { code, text } = await python(runtime.interpreter, ["-c", IMPORT, runtime.module, runtime.entry.kind, runtime.entry.name ?? ""], {
    env,
    cwd: spec.cwd,
  });
  const last = text.trim().split("\n").at(-1) ?? "";
  if (code === 0) {
    const found = [runtime.module, runtime.entry.name].filter((part) => part !== undefined).join(
      runtime.entry.kind === "script" ? "#" : ".",
    );
    return batchFinding(spec, found, { report, batches: last === "execute_batch" });
  }
  const fix = missingModuleAdvice(runtime, last) ?? "Correct the plugin's code, or what its manifest names";
  return report("import", "bad", last, fix);
}

/** A method that gathered calls would go to, and a manifest that has none gathered, or the other way round. */
function batchFinding({ batch }: PluginSpec, found: string, { report, batches }: { report: Report; batches: boolean }): Finding {
  if (batches === (batch !== undefined)) return report("import", "good", found);
  return batches
    ? report(
      "import",
      "odd",
      `${found} has "execute_batch", and the manifest no "batch": nothing calls it`,
      'Add "batch": {} to the manifest',
    )
    : report(
      "import",
      "bad",
      `the manifest has "batch", and ${found} no "execute_batch"`,
      'Add the method, or remove "batch" from the manifest',
    );
}

interface Surroundings {
  readonly env?: Record<string, string>;
  readonly cwd?: string | undefined;
}

async function python(program: string, args: string[], { env, cwd }: Surroundings = {}): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, env, cwd, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}

async function checkStart(
  { signal }: Context,
  manager: PluginManager,
  { name, report }: { name: string; report: Report },
): Promise<Finding> {
  const began = performance.now();
  try {
    await manager.load(name);
    const { memory_rss_mb } = await manager.get(name).getStats({ signal });
    const finding = report("start", "good", `ready in ${Math.round(performance.now() - began)} ms, ${Math.round(memory_rss_mb)} MiB`);
    await manager.unload(name);
    return finding;
  } catch (error) {
    if (!(error instanceof PluginError)) throw error;
    return report("start", "bad", error.message, "Mend what the message says, and run doctor again");
  }
}

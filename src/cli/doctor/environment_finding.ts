/**
 * What `doctor` finds in the environment that a plugin's manifest describes.
 *
 * @module
 */
import { WorkerStartError } from "../../errors.ts";
import { requiredPython } from "../../environments/commands.ts";
import type { EnvironmentForm } from "../../environments/inputs.ts";
import { makeEnvironment } from "../../environments/make.ts";
import type { PluginSpec } from "../../manifest/manifest.ts";
import { type PlacedPlugin, placeOf } from "../../permissions/required.ts";
import type { Context } from "../context.ts";
import type { Finding, Report } from "./finding.ts";

/** What was found, where there is something to find, and the plugin with its interpreter where that is there. */
export interface EnvironmentFinding {
  readonly finding?: Finding;
  readonly spec?: PluginSpec;
}

/** Looks at a plugin's environment. One that is broken is made anew, as a start would do it. One that was not made yet is told of: that may take long. */
export async function environmentFinding(context: Context, plugin: PluginSpec, report: Report): Promise<EnvironmentFinding> {
  try {
    const place = await placeOf(plugin);
    if (place === undefined) return { spec: plugin };
    if (place.state === "ready") return { spec: place.spec, finding: report("environment", "good", place.folder) };
    if (place.state === "missing") {
      return { finding: report("environment", "odd", missing(place), `remote-plugin env sync ${plugin.name}`) };
    }
    await makeEnvironment(place.spec, place, context.environmentOptions(plugin.name));
    return { spec: place.spec, finding: report("environment", "good", `${place.folder} lacked ${place.lacks}, and was made anew`) };
  } catch (error) {
    if (!(error instanceof WorkerStartError)) throw error;
    return { finding: report("environment", "bad", error.message, "Mend what the message says, and run doctor again") };
  }
}

function missing({ inputs: { form } }: PlacedPlugin): string {
  const python = requiredPython(form);
  const version = python === undefined ? "" : `, with Python "${python}"`;
  return `not made yet. The first start makes it from ${madeFrom(form)}${version}`;
}

function madeFrom(form: EnvironmentForm): string {
  switch (form.kind) {
    case "inline":
      return `the manifest: ${form.dependencies.join(", ") || "no packages"}`;
    case "requirements":
      return form.path;
    case "script":
      return form.hasLock ? `${form.path}.lock` : `the metadata of ${form.path}`;
    case "project":
      return form.hasLock ? `the uv.lock beside ${form.path}` : form.path;
  }
}

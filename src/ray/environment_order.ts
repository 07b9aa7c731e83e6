/**
 * What a plugin's environment is made from on a node: the same that is made on this machine, by the same commands of `uv`.
 *
 * @module
 */
import { basename, dirname } from "@std/path";
import { installCommand, isPackage, isTooOld, requiredPython, type UvCommand, venvCommand } from "../environments/commands.ts";
import { environmentError, type EnvironmentPhase, interpreterIn } from "../environments/environment.ts";
import { type EnvironmentForm, type EnvironmentInputs, readInputs } from "../environments/inputs.ts";
import { UV_VERSION } from "../environments/uv_place.ts";
import type { EnvironmentSource } from "../manifest/manifest.ts";
import { ifThere } from "../protocol/is_there.ts";
import type { Greeting } from "./agent_line.ts";
import type { PythonPlugin } from "./placed_plugin.ts";
import type { RaySettings } from "./options.ts";
import type { EnvironmentOrder } from "./remote_child.ts";

/** The folders that the agent fills in. */
const FOLDER = "{folder}";
const INPUTS = "{inputs}";

/** What a worker runs on: an environment that is made on its node, an interpreter that is there, or the node's own Python. */
export type NodeRuntime =
  | { readonly kind: "made"; readonly inputs: EnvironmentInputs }
  | { readonly kind: "interpreter"; readonly path: string }
  | { readonly kind: "own" };

/**
 * What a worker is to run on, by the options and then by the manifest.
 *
 * @throws {WorkerStartError} When the manifest names an interpreter of this machine, or what an environment is made from cannot be read or sent.
 */
export async function nodeRuntime(spec: PythonPlugin, { environment }: RaySettings): Promise<NodeRuntime> {
  if (environment !== undefined) {
    if ("interpreter" in environment) return { kind: "interpreter", path: environment.interpreter };
    if (!("dependencies" in environment)) return { kind: "own" };
    const { python, dependencies, index, extra_args: extraArgs = [] } = environment;
    return await made(spec, { kind: "inline", folder: undefined, python, dependencies, index, extraArgs });
  }
  const { environment: source, interpreter } = spec.runtime;
  if (source !== undefined) return await made(spec, source);
  // A name is looked for on each machine.
  if (/^python(3(\.\d+)?)?$/.test(interpreter)) return { kind: "own" };
  throw environmentError(
    spec.name,
    `"python_path" of its manifest is "${interpreter}", which is an interpreter of this machine. Give what its nodes have as "environment" of ray(): ` +
      `{ interpreter: PATH }, { conda: NAME }, { pip: […] } or { dependencies: […] }; or have the manifest say "environment"`,
  );
}

async function made(spec: PythonPlugin, source: EnvironmentSource): Promise<NodeRuntime> {
  const inputs = await readInputs(source, spec.name);
  const required = requiredPython(inputs.form);
  if (required !== undefined && isTooOld(required)) {
    throw environmentError(spec.name, `it requires Python "${required}", and a worker runs on Python 3.8 or later`);
  }
  demandSendable(spec, inputs);
  return { kind: "made", inputs };
}

/** The files lie in one folder on a node. */
function demandSendable(spec: PythonPlugin, { form, files }: EnvironmentInputs): void {
  if (form.kind === "inline") {
    const local = form.dependencies.find((dependency) => /^(-e\s|\.{1,2}\/|\/|file:)/.test(dependency) || / @ file:/.test(dependency));
    if (local === undefined) return;
    throw environmentError(spec.name, `its dependency "${local}" is a path on this machine, which the nodes do not have. Give its name`);
  }
  const folder = dirname(form.path);
  const outside = files.find((path) => dirname(path) !== folder && path !== folder);
  if (outside !== undefined) {
    throw environmentError(spec.name, `"${outside}" lies in another folder than "${form.path}", and only that one is sent to a node`);
  }
  if (isPackage(form)) {
    const what =
      `"${form.path}" is a package itself, which is not built on a node. Give its name as "environment" of ray(): { dependencies: […] }`;
    throw environmentError(spec.name, what);
  }
}

/** The interpreter on a node, and what has to be made there first. */
export interface NodePython {
  readonly interpreter: string;
  readonly environment?: EnvironmentOrder;
}

/** What a worker runs on, on the node of an agent. */
export async function nodePython(
  runtime: NodeRuntime,
  { python, cache, platform }: Greeting,
  how: { readonly wheelsOnly: boolean; readonly offline: boolean; readonly compiles: boolean },
): Promise<NodePython> {
  if (runtime.kind === "own") return { interpreter: python };
  if (runtime.kind === "interpreter") return { interpreter: runtime.path };
  const form = placedForm(runtime.inputs.form);
  const files = await readFiles(runtime.inputs);
  const offline: Record<string, string> = how.offline ? { UV_OFFLINE: "1" } : {};
  // The host's system need not be the node's.
  const step = (phase: EnvironmentPhase, { args, env = {} }: UvCommand) => ({
    phase,
    args: args.map((arg) => arg === interpreterIn(FOLDER) ? interpreterOf(FOLDER) : arg),
    env: { ...env, ...offline },
  });
  const install = installCommand(form, FOLDER, how);
  const steps = [step("python", venvCommand(form, FOLDER)), ...install === undefined ? [] : [step("packages", install)]];
  const name = await hashOf(JSON.stringify([steps, files, UV_VERSION]));
  const folder = `${cache}/${platform}-${name}`;
  return { interpreter: interpreterOf(folder), environment: { folder, files, steps, uv: UV_VERSION } };
}

function interpreterOf(folder: string): string {
  return `${folder}/bin/python`;
}

function placedForm(form: EnvironmentForm): EnvironmentForm {
  if (form.kind === "inline") return { ...form, folder: undefined };
  return { ...form, path: `${INPUTS}/${basename(form.path)}` };
}

async function readFiles({ form, files }: EnvironmentInputs): Promise<Record<string, string>> {
  if (form.kind === "inline") return {};
  const folder = dirname(form.path);
  const wanted = files.filter((path) => path !== folder);
  const texts = await Promise.all(wanted.map(async (path) => [basename(path), await ifThere(Deno.readTextFile(path))]));
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex().slice(0, 24);
}

/**
 * What the tools of `cjm-plugin-system` and `cjm-substrate` write into and beside a manifest: variables of the worker with templates and secrets,
 * folders for data, task adapters.
 *
 * @module
 */
import { basename, dirname, fromFileUrl, join } from "@std/path";
import { isRecord } from "../protocol/json.ts";
import { ManifestError } from "../errors.ts";
import { modelsFolder, workspaceFolder } from "./cjm_config.ts";
import { hostVariable, mayRead } from "./host_access.ts";
import type { Manifest, WorkerVariable } from "./manifest.ts";
import { isManifestFolder, isManifestName, manifestFolderIn } from "./names.ts";

/** What is resolved of all that. */
export interface OriginalParts {
  readonly env: Readonly<Record<string, string>>;
  readonly adapters: readonly string[];
  /** With what the original's host initializes a plugin that nobody has configured; `undefined` when it does not. */
  readonly defaultConfig: Readonly<Record<string, unknown>> | undefined;
  readonly warnings: readonly string[];
}

/** A manifest of the original, and where it was found. */
export interface OriginalManifest {
  readonly name: string;
  readonly manifest: Manifest;
  /** The manifest as it stands in its file. */
  readonly raw: Readonly<Record<string, unknown>>;
  /** The manifest's path or URL; `undefined` for one given as an object. */
  readonly source: string | undefined;
  /** The manifest's own URL. */
  readonly base: URL | undefined;
}

/**
 * Resolves what the original's host would give the worker.
 *
 * @throws {ManifestError} When a template names what nobody knows, or something that the plugin cannot do without is not there.
 */
export async function resolveOriginal(from: OriginalManifest): Promise<OriginalParts> {
  const root = dataRoot(from);
  const folders = root === undefined ? {} : await ownFolders(root, from);
  const own = from.manifest.env_vars ?? {};
  const resolver = new VariableResolver(from, { ...own, ...folders }, root === undefined ? {} : await readSecrets(root, from.name));
  const declared = resolver.resolve(from.manifest.worker_env ?? []);
  const adapters = from.manifest.adapters ?? (root === undefined ? [] : await matchingAdapters(manifestFolderIn(root), from.raw));
  const env = { ...own, ...declared, ...folders };
  return { env, adapters, defaultConfig: defaultsIn(from.raw), warnings: resolver.warnings };
}

/** The folder above `manifests/`, such as `~/.cjm`, where the original keeps a plugin's data and secrets too. */
function dataRoot({ base, raw }: OriginalManifest): string | undefined {
  if (base?.protocol !== "file:") return undefined;
  const folder = dirname(fromFileUrl(base));
  if (!isManifestFolder(folder)) return undefined;
  const written = "format_version" in raw || "conda_env" in raw || "db_path" in raw || "worker_env" in raw;
  return written || basename(dirname(folder)) === ".cjm" ? dirname(folder) : undefined;
}

async function ownFolders(root: string, { name, manifest }: OriginalManifest): Promise<Record<string, string>> {
  const all = join(root, "data");
  const own = join(all, name);
  const models = await modelsFolder(root) ?? manifest.env_vars?.CJM_MODELS_DIR ?? hostVariable("CJM_MODELS_DIR");
  const workspace = manifest.env_vars?.CJM_WORKSPACE ?? workspaceFolder();
  return {
    CJM_PLUGIN_DATA_DIR: all,
    CJM_CAPABILITY_DATA_DIR: all,
    PLUGIN_DATA_DIR: own,
    CAPABILITY_DATA_DIR: own,
    ...models === undefined ? {} : { CJM_MODELS_DIR: models },
    ...workspace === undefined ? {} : { CJM_WORKSPACE: workspace },
  };
}

/** The defaults of the schema that the original's tools have written down. */
function defaultsIn(raw: Readonly<Record<string, unknown>>): Record<string, unknown> | undefined {
  const schema = isRecord(raw.code) ? raw.code.config_schema : raw.config_schema;
  const properties = isRecord(schema) && isRecord(schema.properties) ? schema.properties : {};
  const defaults = Object.entries(properties).flatMap(([key, rule]) => isRecord(rule) && "default" in rule ? [[key, rule.default]] : []);
  return defaults.length === 0 ? undefined : Object.fromEntries(defaults);
}

class VariableResolver {
  readonly warnings: string[] = [];
  readonly #from: OriginalManifest;
  readonly #known: Readonly<Record<string, string>>;
  readonly #secrets: Readonly<Record<string, string>>;

  constructor(from: OriginalManifest, known: Readonly<Record<string, string>>, secrets: Readonly<Record<string, string>>) {
    this.#from = from;
    this.#known = known;
    this.#secrets = secrets;
  }

  resolve(variables: readonly WorkerVariable[]): Record<string, string> {
    const resolved: Record<string, string> = {};
    for (const variable of variables) {
      const value = variable.secret ? this.#secret(variable) : this.#visible(variable);
      if (value !== undefined) resolved[variable.name] = value;
    }
    return resolved;
  }

  #secret(variable: WorkerVariable): string | undefined {
    const { name } = variable;
    const value = this.#secrets[name] ?? this.#known[name] ?? hostVariable(name);
    return value ?? this.#missing(variable, `the secret "${name}" is neither in "secrets/secrets.json" nor in the host's environment`);
  }

  #visible(variable: WorkerVariable): string | undefined {
    if (variable.default === undefined || variable.default === null) {
      return variable.required && !(variable.name in this.#known) ? this.#missing(variable, `"${variable.name}" has no value`) : undefined;
    }
    const lacking: string[] = [];
    const value = variable.default.replaceAll(/\$(?:\$|\{(\w*)\}|(\w+))/g, (whole, braced?: string, bare?: string) => {
      const placeholder = braced ?? bare;
      if (placeholder === undefined) return "$";
      const known = this.#placeholder(placeholder, variable);
      if (known === undefined) lacking.push(placeholder);
      return known ?? whole;
    });
    if (lacking.length === 0) return value;
    return this.#missing(variable, `"${variable.name}" needs "${lacking.join('", "')}", which is not set`);
  }

  #placeholder(name: string, variable: WorkerVariable): string | undefined {
    if (name === "PLUGIN_NAME" || name === "CAPABILITY_NAME") return this.#from.name;
    if (!PLACEHOLDERS.has(name)) {
      throw this.#error(
        variable,
        `"${variable.default}" names "${name}", known are ${[...PLACEHOLDERS, "PLUGIN_NAME", "CAPABILITY_NAME"].join(", ")}`,
      );
    }
    return this.#known[name] ?? hostVariable(name);
  }

  #missing(variable: WorkerVariable, what: string): undefined {
    if (variable.required) throw this.#error(variable, `${what}. Set it in "env_vars" or in the host's environment`);
    this.warnings.push(`The worker of "${this.#from.name}" goes without "${variable.name}": ${what}`);
    return undefined;
  }

  #error(variable: WorkerVariable, what: string): ManifestError {
    const { name, source } = this.#from;
    const place = `$.worker_env.${variable.name}`;
    return new ManifestError(`Cannot use the manifest of "${name}" at "${place}": ${what}`, { plugin: name, source, place });
  }
}

const PLACEHOLDERS = new Set([
  "CJM_MODELS_DIR",
  "CJM_PLUGIN_DATA_DIR",
  "CJM_CAPABILITY_DATA_DIR",
  "PLUGIN_DATA_DIR",
  "CAPABILITY_DATA_DIR",
]);

/** The secrets that the original's `cjm-ctl set-secret` has stored for a plugin. */
async function readSecrets(root: string, name: string): Promise<Readonly<Record<string, string>>> {
  const stored = await readJsonIfThere(join(root, "secrets", "secrets.json"));
  const scope = isRecord(stored) ? stored.__default__ : undefined;
  const own = isRecord(scope) ? scope[name] : undefined;
  return isRecord(own) ? Object.fromEntries(Object.entries(own).map(([key, value]) => [key, String(value)])) : {};
}

/** The adapters whose manifests lie beside this one, as far as the plugin's recorded members are what they need. */
async function matchingAdapters(folder: string, raw: Readonly<Record<string, unknown>>): Promise<string[]> {
  const surface = isRecord(raw.code) ? raw.code.structural_surface : undefined;
  if (!isRecord(surface) || !mayRead(folder)) return [];
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter(isManifestName).sort();
  const found = await Promise.all(names.map((name) => readJsonIfThere(join(folder, name))));
  return found.filter(isRecord).filter((one) => one.unit === "adapter" && fits(one.protocol_members, surface))
    .map((one) => `${one.module}:${one.class}`);
}

interface Member {
  readonly name: string;
  readonly params?: readonly string[];
}

/** By names, and by the first parameters: as the original decides it. */
function fits(needed: unknown, surface: Readonly<Record<string, unknown>>): boolean {
  if (!isRecord(needed)) return false;
  const methods = new Map(listOf<Member>(surface.methods).map((method) => [method.name, method]));
  const properties = listOf<string>(surface.properties);
  return listOf<string>(needed.properties).every((name) => properties.includes(name)) &&
    listOf<Member>(needed.methods).every(({ name, params = [] }) => {
      const method = methods.get(name);
      return method !== undefined && (method.params === undefined || params.every((param, index) => method.params?.[index] === param));
    });
}

function listOf<Item>(value: unknown): readonly Item[] {
  return Array.isArray(value) ? value : [];
}

async function readJsonIfThere(path: string): Promise<unknown> {
  if (!mayRead(path)) return undefined;
  try {
    return JSON.parse(await Deno.readTextFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

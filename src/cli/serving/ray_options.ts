/**
 * The Ray cluster on which a command has plugins run.
 *
 * @module
 */
import { resolve } from "@std/path";
import type { ManagerOptions } from "../../manager/options.ts";
import { hostVariable } from "../../manifest/host_access.ts";
import { isRecord, parseJson } from "../../protocol/json.ts";
import { messageOf } from "../../protocol/text.ts";
import type { Launcher } from "../../process/launcher.ts";
import type { RayOptions, RayToken } from "../../ray/options.ts";
import { UsageError } from "../exit.ts";

/** The options of a command that has plugins run on a cluster. */
export interface RayCommandOptions {
  /** The address of the cluster's dashboard. Default: plugins run on this machine. */
  readonly ray?: string;
  /** The token itself, which is refused. */
  readonly rayToken?: string;
  /** A file with the token. */
  readonly rayTokenFile?: string;
  /** A file with the other options of `ray()`. */
  readonly rayOptions?: string;
}

/** The variables in which Ray's own programs look for a token, or for the file of one. */
const [TOKEN_VARIABLE, PATH_VARIABLE] = ["RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"] as const;

/** What starts the workers, for a manager: nothing where no cluster was named. */
export async function rayLaunchers(options: RayCommandOptions): Promise<Pick<ManagerOptions, "launcher" | "plugins">> {
  const { ray: dashboard, rayToken, rayTokenFile, rayOptions } = options;
  if (rayToken !== undefined) {
    throw new UsageError(`Everybody on this machine can see --ray-token. Give --ray-token-file, or the variable ${TOKEN_VARIABLE}`);
  }
  if (dashboard === undefined) return refuseAlone({ rayTokenFile, rayOptions });
  const { plugins = {}, ...shared } = rayOptions === undefined ? {} : await readOptions(rayOptions);
  const base = { ...shared, dashboard, token: tokenOf(rayTokenFile) };
  const launcher = await launcherOf(base, rayOptions);
  const own = Object.entries(plugins).map(async (
    [name, changes],
  ) => [name, { launcher: await launcherOf({ ...base, ...changes }, rayOptions) }]);
  return { launcher, plugins: Object.fromEntries(await Promise.all(own)) };
}

function refuseAlone(options: Pick<RayCommandOptions, "rayTokenFile" | "rayOptions">): Record<never, never> {
  if (Object.values(options).every((value) => value === undefined)) return {};
  throw new UsageError("--ray-token-file and --ray-options are about a cluster. Give its address by --ray, for example http://head:8265");
}

function tokenOf(file: string | undefined): RayToken | undefined {
  if (file !== undefined) return { file: resolve(file) };
  if (hostVariable(TOKEN_VARIABLE)) return { env: TOKEN_VARIABLE };
  const path = hostVariable(PATH_VARIABLE);
  return path ? { file: resolve(path) } : undefined;
}

type Options = Partial<Omit<RayOptions, "dashboard" | "token">>;

/** What the file has: options for all plugins, and others for single ones. */
interface OptionsFile extends Options {
  readonly plugins?: Readonly<Record<string, Options>>;
}

/** The keys of the file. What a cluster is and its token are not among them, and a function is no JSON. */
const KEYS: readonly string[] = ["resources", "environment", "code", "ports", "nodes", "queueMs", "leaseMs"];

async function readOptions(file: string): Promise<OptionsFile> {
  const path = resolve(file);
  const text = await Deno.readTextFile(path).catch((cause) => {
    throw new UsageError(`Cannot read --ray-options "${path}": ${messageOf(cause)}`, { cause });
  });
  const value = parseJson(text);
  if (!isRecord(value)) throw new UsageError(`--ray-options "${path}" holds no JSON object`);
  const { plugins = {}, ...shared } = value;
  if (!isRecord(plugins) || !Object.values(plugins).every(isRecord)) {
    throw new UsageError(`"plugins" in --ray-options "${path}" has an object of options for each plugin's name`);
  }
  for (const options of [shared, ...Object.values(plugins) as Record<string, unknown>[]]) demandKnown(Object.keys(options), path);
  return value as OptionsFile;
}

function demandKnown(keys: readonly string[], path: string): void {
  const unknown = keys.find((key) => !KEYS.includes(key));
  if (unknown === undefined) return;
  throw new UsageError(`--ray-options "${path}" has an option "${unknown}", which is none of ${KEYS.map((key) => `"${key}"`).join(", ")}`);
}

async function launcherOf(options: RayOptions, file: string | undefined): Promise<Launcher> {
  // A command that needs it loads it.
  const { ray } = await import("../../ray/launcher.ts");
  try {
    return ray(options);
  } catch (cause) {
    const where = file === undefined ? "--ray" : `--ray and --ray-options "${file}"`;
    throw cause instanceof TypeError ? new UsageError(`${where}: ${cause.message}`, { cause }) : cause;
  }
}

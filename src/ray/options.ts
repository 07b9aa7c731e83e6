/**
 * What `ray()` can be told.
 *
 * @module
 */
import type { InlineEnvironment } from "../manifest/manifest.ts";
import { nameHint } from "../manifest/nearest_name.ts";
import { isRecord } from "../protocol/json.ts";
import { isDuration } from "../protocol/timer.ts";

/**
 * The token of a cluster: a text, the name of a variable, a file, or a function. A variable, a file and a function are asked for each request, so that the
 * token may change. A function is of no use to `RemotePluginProxySync`, whose thread cannot call it.
 */
export type RayToken = string | { readonly env: string } | { readonly file: string } | (() => string | Promise<string>);

/** What Ray is to find for a worker. */
export interface RayResources {
  /** Processor cores, parts of one too. Default: 1. */
  readonly cpus?: number;
  /** GPUs, parts of one too. A plugin without sees none of its node's. Default: 0. */
  readonly gpus?: number;
  /** Main memory, in bytes. Ray only counts with it, and the worker is held to it besides. Default: what the node has. */
  readonly memory?: number;
  /** Resources of the cluster's own, by their names. Default: none. */
  readonly custom?: Readonly<Record<string, number>>;
  /** Labels that the node must have, for example `{ "ray.io/accelerator-type": "A100" }`. Default: none. */
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * What a plugin's worker runs on, in the place of what its manifest says: packages that `uv` installs on the node, packages that Ray adds to its own with
 * `pip`, an environment of conda's by its name, or an interpreter of the nodes by its path.
 */
export type RayEnvironment =
  | InlineEnvironment & { readonly dependencies: string[] }
  | { readonly pip: readonly string[] }
  | { readonly conda: string }
  | { readonly interpreter: string };

/**
 * Where the nodes get the plugin's code from: folders and files of the host that are uploaded, an address of a zip that Ray knows to fetch (`s3://`, `gs://`,
 * `https://`), or `"installed"`, when it is in the environment.
 */
export type RayCode = { readonly upload: readonly string[] } | { readonly uri: string } | "installed";

/** Where an agent listens. */
export interface AgentAddress {
  /** The node's address, as the cluster's head knows it, or a name in its place. */
  readonly hostname: string;
  /** The port. */
  readonly port: number;
}

/** What `ray()` takes. */
export interface RayOptions {
  /** The address of the cluster's dashboard, for example `http://head:8265`. */
  readonly dashboard: string;
  /** The token of the cluster. Default: none, for a cluster that wants none. */
  readonly token?: RayToken;
  /** What Ray is to find for each worker. Default: one core. */
  readonly resources?: RayResources;
  /** What the workers run on. Default: the manifest's `environment`, and without one the nodes' own Python. */
  readonly environment?: RayEnvironment;
  /** Where the plugin's code comes from. Default: the folders of its import path are uploaded. */
  readonly code?: RayCode;
  /** The ports at which agents may listen, for example `"30000-30100"`. Default: any. */
  readonly ports?: string;
  /** How this host reaches an agent, where that is not by the node's own address. Default: as the cluster knows it. */
  readonly reach?: (agent: AgentAddress) => AgentAddress | Promise<AgentAddress>;
  /**
   * The hosts at which agents are reached, for the permissions: names, addresses, or networks such as `"10.0.0.0/8"`. Default: nobody knows, so that the host
   * needs the whole of `net`.
   */
  readonly nodes?: readonly string[];
  /** How long a worker may wait for resources, and for packages that Ray installs, in milliseconds. Default: 600,000, which is ten minutes. */
  readonly queueMs?: number;
  /** After so many milliseconds of silence host and worker count each other as gone, at least 2,000. Default: 30,000. */
  readonly leaseMs?: number;
  /**
   * For how long the cluster remembers a worker that has ended, with its log, in milliseconds. Ray itself notes the end of a job a second or two later, and
   * would remember for ever what was removed before. Default: 3,000.
   */
  readonly keepJobMs?: number;
}

/** The options, with nothing left open. */
export interface RaySettings extends Omit<RayOptions, "queueMs" | "leaseMs" | "keepJobMs" | "resources" | "dashboard"> {
  /** Without a path, so that the API's paths follow. */
  readonly dashboard: URL;
  readonly resources: RayResources & { readonly cpus: number; readonly gpus: number };
  readonly queueMs: number;
  readonly leaseMs: number;
  readonly keepJobMs: number;
}

const DEFAULT_QUEUE_MS = 600_000;
const DEFAULT_LEASE_MS = 30_000;
const DEFAULT_KEEP_JOB_MS = 3_000;

/** The shortest lease, in milliseconds: both sides give a sign of life each second. */
const LEAST_LEASE_MS = 2_000;

/**
 * The options as they count.
 *
 * @throws {TypeError} When one of them cannot be what is meant; the message names it.
 */
export function settingsOf(options: RayOptions): RaySettings {
  if (!isRecord(options)) throw new TypeError(`ray() takes an object with the "dashboard" of a cluster, not ${shown(options)}`);
  const { resources = {}, queueMs = DEFAULT_QUEUE_MS, leaseMs = DEFAULT_LEASE_MS, keepJobMs = DEFAULT_KEEP_JOB_MS } = options;
  for (const complaint of complaintsAbout({ ...options, resources, queueMs, leaseMs, keepJobMs })) throw new TypeError(complaint);
  const { cpus = 1, gpus = 0 } = resources;
  return { ...options, dashboard: urlOf(options.dashboard)!, resources: { ...resources, cpus, gpus }, queueMs, leaseMs, keepJobMs };
}

function urlOf(text: unknown): URL | undefined {
  const url = typeof text === "string" ? URL.parse(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) return undefined;
  return new URL(url.pathname.endsWith("/") ? url : `${url}/`);
}

type Complete = RayOptions & Required<Pick<RayOptions, "resources" | "queueMs" | "leaseMs" | "keepJobMs">>;

const KNOWN: readonly string[] = Object.keys(
  {
    dashboard: true,
    token: true,
    resources: true,
    environment: true,
    code: true,
    ports: true,
    reach: true,
    nodes: true,
    queueMs: true,
    leaseMs: true,
    keepJobMs: true,
  } satisfies Record<keyof RayOptions, true>,
);

const RESOURCES: readonly string[] = Object.keys(
  { cpus: true, gpus: true, memory: true, custom: true, labels: true } satisfies Record<keyof RayResources, true>,
);

function* complaintsAbout(options: Complete): Generator<string> {
  const { dashboard, token, resources, environment, code, ports, reach, nodes, queueMs, leaseMs, keepJobMs } = options;
  const [unknown] = Object.keys(options).filter((name) => !KNOWN.includes(name));
  if (unknown !== undefined) yield `There is no option ${shown(unknown)} of ray(). ${nameHint(unknown, KNOWN)}`;
  const url = urlOf(dashboard);
  if (url === undefined) yield `The "dashboard" of a Ray cluster is an address such as "http://head:8265", not ${shown(dashboard)}`;
  else if (url.username !== "" || url.search !== "" || url.hash !== "") {
    yield 'The "dashboard" of a Ray cluster has neither a name and a password nor a query. Give "token"';
  }
  if (token !== undefined && !isToken(token)) yield '"token" is a text, { env: "NAME" }, { file: "PATH" } or a function';
  yield* resourceComplaints(resources);
  if (environment !== undefined && !isEnvironment(environment)) {
    yield '"environment" of ray() is one of { dependencies }, { pip }, { conda } and { interpreter }. With the first may stand "python", "index" and "extra_args"';
  }
  if (code !== undefined && !isCode(code)) yield '"code" of ray() is { upload: [PATH, …] }, { uri: "s3://…zip" } or "installed"';
  if (ports !== undefined && !isPortRange(ports)) yield `"ports" of ray() is a range such as "30000-30100", not ${shown(ports)}`;
  if (reach !== undefined && typeof reach !== "function") yield '"reach" of ray() is a function';
  if (nodes !== undefined && !isTexts(nodes)) yield '"nodes" of ray() is a list of names, addresses or networks such as "10.0.0.0/8"';
  if (!isDuration(queueMs)) yield `"queueMs" of ray() is a number of milliseconds above 0, not ${shown(queueMs)}`;
  if (!isDuration(leaseMs) || leaseMs < LEAST_LEASE_MS || leaseMs === Infinity) {
    yield `"leaseMs" of ray() is a number of milliseconds from ${LEAST_LEASE_MS} upwards, not ${shown(leaseMs)}`;
  }
  if (!isAmount(keepJobMs)) yield `"keepJobMs" of ray() is a number of milliseconds from 0 upwards, not ${shown(keepJobMs)}`;
}

function* resourceComplaints(resources: RayResources): Generator<string> {
  if (!isRecord(resources)) return yield `"resources" of ray() is an object such as { cpus: 1 }, not ${shown(resources)}`;
  const [unknown] = Object.keys(resources).filter((name) => !RESOURCES.includes(name));
  if (unknown !== undefined) {
    yield `There is no resource ${shown(unknown)}. ${nameHint(unknown, RESOURCES)}. What is your cluster's own goes into "custom"`;
  }
  const { cpus = 1, gpus = 0, memory = 0, custom = {}, labels = {} } = resources;
  if (!isRecord(custom)) return yield `"custom" of the resources is an object with their amounts, not ${shown(custom)}`;
  for (const [name, amount] of Object.entries({ cpus, gpus, memory, ...custom })) {
    if (!isAmount(amount)) yield `"${name}" of the resources is a number from 0 upwards, not ${shown(amount)}`;
  }
  // Without a resource the job would run on the cluster's head.
  if ([cpus, gpus, memory, ...Object.values(custom)].every((amount) => amount === 0)) {
    yield 'A worker needs some resource, or it would run on the head of the cluster. Give "cpus", "gpus", "memory" or one of your own';
  }
  if (!isRecord(labels) || Object.values(labels).some((label) => typeof label !== "string")) yield '"labels" of the resources are texts';
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value < Infinity;
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every(isText);
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isToken(token: unknown): boolean {
  return isText(token) || typeof token === "function" || isOneOf(token, { env: isText, file: isText });
}

/** What `uv` is told besides the packages. */
const OF_UV: Readonly<Record<string, (value: unknown) => boolean>> = { python: isText, index: isText, extra_args: isTexts };

function isEnvironment(environment: unknown): boolean {
  if (!isRecord(environment) || !("dependencies" in environment)) {
    return isOneOf(environment, { pip: isTexts, conda: isText, interpreter: isText });
  }
  const { dependencies, ...others } = environment;
  return isTexts(dependencies) &&
    Object.entries(others).every(([name, value]) => value === undefined || Object.hasOwn(OF_UV, name) && OF_UV[name]!(value));
}

function isCode(code: unknown): boolean {
  return code === "installed" || isOneOf(code, { upload: isTexts, uri: isText });
}

/** Whether it is an object with exactly one of these keys, and nothing else. */
function isOneOf(value: unknown, forms: Readonly<Record<string, (value: unknown) => boolean>>): boolean {
  if (!isRecord(value)) return false;
  const [first, ...others] = Object.entries(value);
  return first !== undefined && others.length === 0 && Object.hasOwn(forms, first[0]) && forms[first[0]]!(first[1]);
}

function isPortRange(ports: unknown): boolean {
  const [, first, last] = (typeof ports === "string" && /^(\d{1,5})-(\d{1,5})$/.exec(ports)) || [];
  return first !== undefined && Number(first) >= 1 && Number(first) <= Number(last) && Number(last) <= 65_535;
}

function shown(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value).slice(0, 100) : String(value);
}

/**
 * What a cluster is asked for: the job of a worker, and the one that ends a job that waits. All of it can be read by everybody who has the cluster's token.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import type { RayResources, RaySettings } from "./options.ts";

/** Whose jobs they are: their ids begin with it. Ray keeps an id even where it has lost all else of a job. */
export const JOB_OWNER = "remote-plugin";

/** A job of a worker. */
export interface WorkerJob {
  readonly submission_id: string;
  readonly entrypoint: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly runtime_env: Readonly<Record<string, unknown>>;
  readonly entrypoint_num_cpus: number;
  readonly entrypoint_num_gpus?: number;
  readonly entrypoint_memory?: number;
  readonly entrypoint_resources?: Readonly<Record<string, number>>;
  readonly entrypoint_label_selector?: Readonly<Record<string, string>>;
  /** Stands before what the agent says in the job's log. It is no part of the request itself. */
  readonly mark: string;
}

/** What a job is made of besides its settings. */
export interface JobParts {
  /** The packages that the agent and the worker are in. */
  readonly agent: string;
  /** The package or the address with the plugin's code; `undefined` for code that is on the nodes. */
  readonly code: string | undefined;
  /** The hash of the secret by which the agent knows its host. */
  readonly verifier: string;
}

/** The plain name of the program that is Python, on nodes that have either of both. */
const PYTHON = '"$(command -v python || command -v python3)"';

/** A job for a worker of this plugin. */
export function workerJob({ name, version }: PluginSpec, settings: RaySettings, { agent, code, verifier }: JobParts): WorkerJob {
  const { resources: { cpus, gpus, memory, custom, labels } } = settings;
  const id = crypto.randomUUID();
  const mark = `@remote-plugin ${id} `;
  return {
    submission_id: `${JOB_OWNER}-${name.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").slice(0, 40)}-${id}`,
    entrypoint: `exec ${PYTHON} -u -m remote_plugin_agent`,
    metadata: { owner: JOB_OWNER, plugin: name, version, release: PACKAGE_VERSION },
    runtime_env: {
      py_modules: [agent],
      ...code === undefined ? {} : { working_dir: code },
      ...rayEnvironment(settings),
      env_vars: {
        REMOTE_PLUGIN_MARK: mark,
        REMOTE_PLUGIN_VERIFIER: verifier,
        REMOTE_PLUGIN_LEASE_S: String(settings.leaseMs / 1_000),
        REMOTE_PLUGIN_PORTS: settings.ports ?? "",
      },
      config: { setup_timeout_seconds: Math.ceil(Math.min(settings.queueMs, MOST_SETUP_MS) / 1_000) },
    },
    entrypoint_num_cpus: cpus,
    ...gpus === 0 ? {} : { entrypoint_num_gpus: gpus },
    ...memory === undefined ? {} : { entrypoint_memory: memory },
    ...custom === undefined ? {} : { entrypoint_resources: custom },
    ...labels === undefined ? {} : { entrypoint_label_selector: labels },
    mark,
  };
}

/** The longest time for an environment of Ray's, in milliseconds: a day. Ray takes whole seconds. */
const MOST_SETUP_MS = 86_400_000;

function rayEnvironment({ environment }: RaySettings): Record<string, unknown> {
  if (environment === undefined) return {};
  if ("pip" in environment) return { pip: environment.pip };
  return "conda" in environment ? { conda: environment.conda } : {};
}

/** What the job is called that ends another one. */
export function killerId(id: string): string {
  return `${id}-killer`;
}

/** Ends a job that waits: `stop` is heard only by a job that runs. It needs no resource, so it waits for nothing, and runs on the head. */
export function killerJob(id: string): { readonly submission_id: string } & Readonly<Record<string, unknown>> {
  const program = `
import ray, time
ray.init(address='auto', namespace='SUPERVISOR_ACTOR_RAY_NAMESPACE', log_to_driver=False)
for _ in range(100):
    try:
        ray.kill(ray.get_actor('_ray_internal_job_actor_${id}'))
        break
    except ValueError:
        time.sleep(0.1)  # it is being made
`;
  return { submission_id: killerId(id), entrypoint: `exec ${PYTHON} -c "${program}"`, metadata: { owner: JOB_OWNER } };
}

/** Resources as people say them. */
export function resourcesInWords({ cpus = 0, gpus = 0, memory = 0, custom = {}, labels = {} }: RayResources): string {
  const amounts = [[cpus, "CPU"], [gpus, "GPU"], [memory / 1024 / 1024, "MiB of memory"]] as const;
  const own = Object.entries(custom).map(([name, amount]) => [amount, `"${name}"`] as const);
  const asked = [...amounts, ...own].filter(([amount]) => amount > 0).map(([amount, what]) => `${Number(amount.toFixed(3))} ${what}`);
  return [...asked, ...Object.entries(labels).map(([name, value]) => `the label ${name}=${value}`)].join(", ");
}

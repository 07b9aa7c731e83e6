/**
 * One start of a worker on a cluster.
 *
 * @module
 */
import { environmentError } from "../environments/environment.ts";
import { uvSays } from "../environments/uv_says.ts";
import type { PluginSpec } from "../manifest/manifest.ts";
import { DEFAULT_QUOTA } from "../payload/worker_files.ts";
import { sentVariables } from "../permissions/environment.ts";
import { grantTo, type WorkerGrant } from "../permissions/worker_grant.ts";
import { pythonArguments, pythonTarget } from "../process/command.ts";
import { awaitHello } from "../process/handshake.ts";
import { boundsError } from "../process/kernel_bounds.ts";
import type { LaunchOptions, LaunchWatch } from "../process/launcher.ts";
import { PermissionAudit } from "../process/permission_audit.ts";
import { RunningChild } from "../process/running_child.ts";
import { startError } from "../process/start_failure.ts";
import { startMessage } from "../process/start_message.ts";
import { within } from "../protocol/limit.ts";
import { messageOf } from "../protocol/text.ts";
import type { Greeting } from "./agent_line.ts";
import { AgentTarget, createSecret } from "./agent_target.ts";
import type { Cluster } from "./cluster.ts";
import { PluginCode } from "./code.ts";
import { nodePython, type NodeRuntime, nodeRuntime } from "./environment_order.ts";
import { startErrorOf } from "./failures.ts";
import { RayJob } from "./job.ts";
import { workerJob } from "./job_request.ts";
import { demandForRay, demandNode } from "./needed.ts";
import type { RaySettings } from "./options.ts";
import { ensurePackages, workerPack } from "./packages.ts";
import { placedGrant, placedPlugin, type PythonPlugin } from "./placed_plugin.ts";
import { RayWorker } from "./ray_worker.ts";
import { AgentFailure, RemoteChild, type RunOrder } from "./remote_child.ts";

/** What is started, and how. */
interface Plan {
  readonly spec: PythonPlugin;
  readonly options: LaunchOptions;
  readonly grant: WorkerGrant;
  readonly runtime: NodeRuntime;
  readonly code: PluginCode;
}

/**
 * Starts a worker on a cluster, and waits until it listens.
 *
 * @throws {PermissionDeniedError} When the host lacks a permission; nothing was started then.
 * @throws {WorkerStartError} When it does not get as far; nothing is left then.
 */
export async function launchOnRay(
  plugin: PluginSpec,
  cluster: Cluster,
  start: { options: LaunchOptions; watch: LaunchWatch },
): Promise<RayWorker> {
  const { options, watch } = start;
  const spec = demandPython(plugin);
  await demandForRay(spec, options, cluster.settings);
  const grant = grantTo(spec, options);
  const runtime = await nodeRuntime(spec, cluster.settings);
  const plan = { spec, options, grant, runtime, code: new PluginCode(spec, cluster.settings) };
  try {
    await cluster.demandKnown(spec, watch.signal);
    return await launch(plan, cluster, watch);
  } catch (error) {
    watch.signal.throwIfAborted();
    throw startErrorOf(spec, error);
  }
}

/** What a node can run. */
function demandPython(spec: PluginSpec): PythonPlugin {
  const { runtime } = spec;
  if (runtime.kind === "deno") {
    throw startError(
      spec,
      "spawn",
      "it is a Deno plugin, and the nodes of a Ray cluster run Python plugins alone. Start it without ray()",
      {},
    );
  }
  if (runtime.foreignWorker !== undefined) {
    const what =
      `its manifest names the worker "${runtime.foreignWorker}", and a cluster runs the builtin one alone. Remove "worker" from it`;
    throw startError(spec, "spawn", what, {});
  }
  if (runtime.isSandboxed) {
    throw boundsError(spec, 'the nodes of a Ray cluster have no bubblewrap. Have "sandbox" in its manifest say "landlock"');
  }
  return { ...spec, runtime };
}

async function launch(plan: Plan, cluster: Cluster, watch: LaunchWatch): Promise<RayWorker> {
  const { settings, client } = cluster;
  const { spec, code } = plan;
  const { signal, log } = watch;
  await using cleanup = new AsyncDisposableStack();
  const packages = await ensurePackages(client, code, signal);
  const { secret, verifier } = await createSecret();
  const job = await RayJob.submit(workerJob(spec, settings, { ...packages, verifier }), { spec, cluster }, signal);
  const note = (text: string) => log.add("host", text);
  const endJob = () => job.end().catch((error) => note(`Cannot end the job of the worker: ${messageOf(error)}`));
  cleanup.defer(async () => void await within(endJob(), PATIENCE_MS));
  await job.running(watch);
  const target = new AgentTarget(await job.agentAddress(signal), settings, secret);
  const child = new RemoteChild(
    {
      open: (facts, opening) => target.open(facts, opening),
      node: target.node,
      leaseMs: settings.leaseMs,
      // What is between the agent and this host may refuse in its place.
      isGone: async () => settings.reach === undefined || await job.hasEnded(),
    },
    { onEnvironment: plan.options.onEnvironment ?? (() => {}), onNote: note, onEnd: ({ isLost }) => isLost && target.hangUp() },
  );
  const removeFiles = async () => {
    await child.line.end(DONE_MS);
    target.hangUp();
  };
  const running = new RunningChild(child, { log, removeFiles });
  void running.exited.then(endJob);
  cleanup.defer(() => running.end());
  const placed = await place(plan, settings, await greetingOf(spec, { child, target, signal }));
  await started(plan, child, { order: placed.order, signal });
  watch.onBegin();
  const { start } = placed;
  if (plan.options.auditPermissions !== undefined) log.takeLine = auditOf(plan, placed.folder);
  await running.sendStartLine(start);
  const hello = await awaitHello(placed.spec, running, { start, signal });
  child.line.settle();
  cleanup.move();
  const { permissions, keeper, warnings } = plan.grant;
  return new RayWorker({
    spec: placed.spec,
    hello,
    token: start.token,
    permissions: keeper === undefined ? undefined : permissions,
    warnings: [...warnings, ...spec.inheritEnv === true ? [inheritsNothing(spec)] : []],
    placement: { node: target.node, job: job.id },
    running,
    target,
    endJob,
  });
}

/** How long a start that failed waits for its job to end, in milliseconds. The job ends without it, too. */
const PATIENCE_MS = 15_000;

/** How long an agent may take to end once all is told, in milliseconds. */
const DONE_MS = 2_000;

function inheritsNothing({ name }: PluginSpec): string {
  return `"${name}" inherits all variables by its manifest, which are those of this machine, and gets none of them on a cluster. Name the ones that it needs`;
}

async function greetingOf(
  spec: PluginSpec,
  { child, target, signal }: { child: RemoteChild; target: AgentTarget; signal: AbortSignal },
): Promise<Greeting> {
  try {
    return await child.line.greeting(signal);
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof Error && cause.cause instanceof Deno.errors.NotCapable) demandNode(spec, target.address);
    const what = `${messageOf(cause)}. Look whether this host reaches the nodes of the cluster, and at "ports" and "reach" of ray()`;
    throw startError(spec, "handshake", what, { cause });
  }
}

/** What the agent is told, and the worker by it. */
async function place({ spec, options, grant, runtime, code }: Plan, settings: RaySettings, greeting: Greeting) {
  const how = {
    wheelsOnly: options.bounds === "required" || options.bounds === "kernel",
    offline: options.offline ?? false,
    compiles: spec.runtime.permissions !== undefined,
  };
  const { interpreter, environment } = await nodePython(runtime, greeting, how);
  const placed = placedPlugin(spec, { settings, code, greeting, interpreter });
  const variables = sentVariables({ ...spec, inheritEnv: grant.inherits === true ? [] : grant.inherits });
  const isBare = grant.keeper === "kernel";
  const start = startMessage(placed, {
    listen: { unix: `${greeting.folder}/worker.sock` },
    command: { target: { ...pythonTarget(placed, placed.runtime), ...isBare ? { env: variables } : {} } },
    grant: placedGrant(grant, { code, greeting }),
    files: { folder: { path: greeting.folder }, scratch: { disk: `${greeting.folder}/scratch`, memory: undefined } },
    quota: options.scratchQuota ?? DEFAULT_QUOTA,
    audit: options.auditPermissions !== undefined,
  });
  const order: RunOrder = {
    command: [interpreter, ...pythonArguments(workerPack(greeting.modules), grant)],
    cwd: placed.cwd!,
    env: { ...isBare ? {} : variables, ...settings.resources.gpus === 0 ? NO_GPU : {} },
    environment,
  };
  return { spec: placed, start, order, folder: greeting.folder };
}

/** Ray leaves these unset for who asks for no GPU, and then all of the node's are seen. */
const NO_GPU = { CUDA_VISIBLE_DEVICES: "", HIP_VISIBLE_DEVICES: "" };

async function started(
  { spec, runtime }: Plan,
  child: RemoteChild,
  { order, signal }: { order: RunOrder; signal: AbortSignal },
): Promise<void> {
  try {
    await child.run(order, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AgentFailure)) throw startError(spec, "spawn", `on its node ${messageOf(error)}`, { cause: error });
    const { phase, message, output } = error;
    if (phase === "spawn") {
      const advice = runtime.kind === "interpreter" ? '. Correct "environment" of ray()' : "";
      throw startError(spec, phase, `its node cannot run it: ${message}${advice}`, { cause: error });
    }
    throw environmentError(spec.name, output === "" ? message : uvSays(output), { output, cause: error });
  }
}

function auditOf({ options: { auditPermissions, bounds }, grant: { keeper } }: Plan, folder: string): (line: string) => boolean {
  const facts = { granted: undefined, isFree: keeper === undefined && bounds !== "watched", own: [folder], modules: [] };
  const audit = new PermissionAudit(auditPermissions!, facts);
  return (line) => audit.take(line);
}

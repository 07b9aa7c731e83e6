/**
 * How each worker is started for a fixture plugin, without the host's code: a command line and a start line. A worker in a further
 * language gets an entry in `WORKERS` and fixtures of its own, see `fixtures.ts`.
 *
 * @module
 */
import { fromFileUrl, join, toFileUrl } from "@std/path";
import { isRecord } from "../../src/protocol/json.ts";
import type { PermissionSet, StartMessage } from "../../src/protocol/messages.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/version.ts";
import { PYTHON_WORKER_BOOT, PYTHON_WORKER_HASH, PYTHON_WORKER_PACK } from "../../src/worker/generated/python_worker.ts";
import { fixtureFolder, type FixtureManifest, readFixture, type WorkerKind } from "./fixtures.ts";
import { testPython } from "./python.ts";

/** The ways to reach a worker. */
export type TransportKind = "unix" | "tcp";

/** What a test wants of a worker. */
export interface PlanOptions {
  readonly worker: WorkerKind;
  readonly transport: TransportKind;
  /** The fixture's name. */
  readonly fixture: string;
  /** A temporary folder for the socket and for scratch files. */
  readonly folder: string;
  /** Where the plugin's files are, when they are not in the fixture's own folder. */
  readonly pluginFolder?: string;
  /** Where the worker's program is put, when `folder` has to hold nothing else. */
  readonly programFolder?: string;
  /** What differs in the start line: objects are merged, all else is replaced. */
  readonly start?: Readonly<Record<string, unknown>>;
}

/** A worker, ready to be started. */
export interface WorkerPlan {
  readonly command: readonly string[];
  readonly start: StartMessage;
}

/** Reads a fixture's manifest and plans a worker for it. */
export async function planWorker(options: PlanOptions): Promise<WorkerPlan> {
  const folder = options.pluginFolder ?? fixtureFolder(options.fixture);
  const start = merged(startMessage(options, folder, await readFixture(options.worker, options.fixture)), options.start ?? {});
  const command = options.worker === "python" ? await pythonCommand(options.programFolder ?? options.folder) : denoCommand(folder, start);
  return { command, start };
}

/** The environment of a worker: cleared but for what programs need to run at all. */
export function workerEnvironment(): Record<string, string> {
  const names = ["PATH", "HOME", "LANG", "TMPDIR", "DENO_DIR", "SYSTEMROOT", "TEMP", "USERPROFILE", "LOCALAPPDATA"];
  const pairs = names.map((name) => [name, Deno.env.get(name)]).filter(([, value]) => value !== undefined);
  // Python would write its compiled modules beside the fixtures.
  return { ...Object.fromEntries(pairs), PYTHONDONTWRITEBYTECODE: "1" };
}

function startMessage(options: PlanOptions, folder: string, manifest: FixtureManifest): StartMessage {
  const isPython = options.worker === "python";
  return {
    protocol: PROTOCOL_VERSION,
    token: newToken(),
    listen: options.transport === "unix" ? { unix: join(options.folder, "worker.sock") } : { tcp: "127.0.0.1" },
    plugin: {
      name: manifest.name,
      version: manifest.version,
      module: isPython ? manifest.module : toFileUrl(join(folder, manifest.module)).href,
      class: manifest.class ?? "default",
      path: isPython ? [folder] : [],
      permissions: manifest.permissions ?? {},
    },
    limits: { max_concurrency: manifest.max_concurrency ?? 1, max_body_bytes: 64 * 1024 * 1024, cancel_grace_ms: 50 },
    scratch: options.folder,
  };
}

function merged<T extends object>(base: T, changes: Readonly<Record<string, unknown>>): T {
  const result = { ...base } as Record<string, unknown>;
  for (const [key, change] of Object.entries(changes)) {
    const old = result[key];
    result[key] = isRecord(old) && isRecord(change) ? merged(old, change) : change;
  }
  return result as T;
}

function newToken(): string {
  return crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** What ships is what is tested: the pack. */
async function pythonCommand(folder: string): Promise<string[]> {
  const pack = join(folder, "worker.py");
  await Deno.writeTextFile(pack, PYTHON_WORKER_PACK);
  return [testPython(), "-c", PYTHON_WORKER_BOOT, pack, PYTHON_WORKER_HASH];
}

function denoCommand(folder: string, start: StartMessage): string[] {
  const sources = ["worker", "protocol"].map((name) => fromFileUrl(new URL(`../../src/${name}`, import.meta.url)));
  const own = ownPermissions(start);
  const wanted: PermissionSet = { ...start.plugin.permissions };
  const read = [folder, ...sources, ...own.read];
  const granted = withOwn(wanted, { read, write: own.write, net: own.net });
  return [
    Deno.execPath(),
    ...["run", "--no-prompt", "--quiet", "--no-config", "--no-lock", "--unstable-worker-options"],
    ...Object.entries(granted).flatMap(([name, value]) => permissionFlag(name, value)),
    fromFileUrl(new URL("../../src/worker/deno/main.ts", import.meta.url)),
  ];
}

function ownPermissions({ listen, scratch }: StartMessage): { read: string[]; write: string[]; net: string[] } {
  if ("tcp" in listen) return { read: [scratch], write: [scratch], net: [`${listen.tcp}:0`] };
  return { read: [listen.unix, scratch], write: [listen.unix, scratch], net: [`unix:${listen.unix}`] };
}

function withOwn(wanted: PermissionSet, own: Record<"read" | "write" | "net", string[]>): PermissionSet {
  const both = (name: keyof typeof own) => {
    const asked = wanted[name];
    return asked === true ? true as const : [...asked ?? [], ...own[name]];
  };
  // A worker may end what its plugin has started only when it may run everything. The plugin's own thread still may run what it asked for.
  const run = wanted.run === undefined ? [] : true;
  return { ...wanted, run, read: both("read"), write: both("write"), net: both("net") };
}

function permissionFlag(name: string, value: true | readonly string[]): string[] {
  if (value === true) return [`--allow-${name}`];
  return value.length === 0 ? [] : [`--allow-${name}=${value.map((item) => item.replaceAll(",", ",,")).join(",")}`];
}

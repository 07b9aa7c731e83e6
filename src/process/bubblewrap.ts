/**
 * A worker inside bubblewrap, which shows its plugin no more of the disk than it may use, and no network unless that was granted.
 *
 * @module
 */
import { dirname, isAbsolute, join } from "@std/path";
import type { PluginSpec } from "../manifest/manifest.ts";
import { isUnix } from "../protocol/address.ts";
import { messageOf } from "../protocol/text.ts";
import { BUBBLEWRAP } from "../permissions/required.ts";
import type { CommandContext, WorkerCommand } from "./command.ts";
import { boundsError, type Held } from "./kernel_bounds.ts";
import type { StartFiles } from "./start_message.ts";

/** What any program needs of the system: its libraries, and how they are found. */
const SYSTEM = ["/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/sys/devices/system"];

/** What libraries read of the system's settings. */
const SETTINGS = [
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "localtime",
  "ssl",
  "pki",
  "ca-certificates",
  "passwd",
  "group",
  "nsswitch.conf",
  "fonts",
  "alternatives",
];

/** What is read besides by who uses the network. */
const NETWORK_SETTINGS = ["resolv.conf", "hosts", "host.conf", "gai.conf", "services"];

/**
 * Where an interpreter lies with its modules, as it says itself, the virtual environment in which it is, and the user's own packages. It is asked without its
 * packages, whose `.pth` files are code that is the plugin's, and without variables of the manifest's, which could name any folder.
 */
const ASK = String.raw`
import os, sys
environment = os.path.dirname(os.path.dirname(sys.executable))
own = [environment] if os.path.exists(environment + "/pyvenv.cfg") else []
own.append(os.path.expanduser("~/.local/lib/python{}.{}/site-packages".format(*sys.version_info)))
sys.stdout.write("\0".join([sys.prefix, sys.base_prefix, sys.exec_prefix, *own, *sys.path]))
`;

/** What is shown to a worker. */
export interface SandboxContext extends Pick<CommandContext, "listen"> {
  readonly bounds: Held;
  readonly files: StartFiles;
}

/**
 * The command that runs a worker's command in a sandbox.
 *
 * @throws {WorkerStartError} When nothing could be reached in there, or the interpreter does not tell where it lies.
 */
export async function inBubblewrap(spec: PluginSpec, command: WorkerCommand, context: SandboxContext): Promise<WorkerCommand> {
  const { bounds, files: { folder, scratch }, listen } = context;
  if (!isUnix(listen) && bounds.net === false) throw boundsError(spec, UNREACHABLE);
  const own = [folder.path, ...scratch.memory === undefined ? [] : [scratch.memory], ...isUnix(listen) ? [dirname(listen.unix)] : []];
  const settings = [...SETTINGS, ...bounds.net === false ? [] : NETWORK_SETTINGS].map((name) => `/etc/${name}`);
  const read = [
    ...SYSTEM,
    ...settings,
    ...await interpreterFolders(spec, command),
    ...keptBytecode(command),
    ...command.target.path,
    ...bounds.read,
  ];
  const args = [
    ...["--unshare-all", "--new-session", "--cap-drop", "ALL"],
    ...bounds.net === false ? [] : ["--share-net"],
    ...["--proc", "/proc", "--dev", "/dev"],
    ...mounts(read, [...bounds.write, ...own]),
    ...["--", command.program, ...command.args],
  ];
  return { ...command, program: BUBBLEWRAP, args, isSandboxed: true };
}

const UNREACHABLE =
  'a worker in bubblewrap that was granted no "net" can be reached by a unix socket alone, and this one is reached by TCP. ' +
  'Remove "transport" from its manifest, and give the host --allow-net, or "socketPath" and --allow-net for it';

/** Outer folders come first, for what is mounted on one hides what was mounted inside. */
function mounts(read: readonly string[], write: readonly string[]): string[] {
  const all = [...read.map((path) => ({ path, how: "--ro-bind-try" })), ...write.map((path) => ({ path, how: "--bind-try" }))];
  const outerFirst = all.toSorted((one, other) => depthOf(one.path) - depthOf(other.path));
  return outerFirst.flatMap(({ path, how }) => [how, path, path]);
}

function depthOf(path: string): number {
  return path.split("/").filter((part) => part !== "").length;
}

/** Where the worker keeps its own bytecode, as `start.py` says. A worker in here reads it and adds nothing. */
function keptBytecode({ environment: { XDG_CACHE_HOME = "", HOME = "" } }: WorkerCommand): string[] {
  const folder = isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME : isAbsolute(HOME) ? join(HOME, ".cache") : undefined;
  return folder === undefined ? [] : [join(folder, "remote-plugin")];
}

async function interpreterFolders(spec: PluginSpec, { program, environment }: WorkerCommand): Promise<string[]> {
  const { success, text } = await askInterpreter(program, environment);
  if (success) return text.split("\0").filter((folder) => isAbsolute(folder) && folder !== "/");
  throw boundsError(spec, `"${program}" does not tell where its modules lie. It said: ${text.trim()}`);
}

async function askInterpreter(program: string, env: WorkerCommand["environment"]): Promise<{ success: boolean; text: string }> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: ["-I", "-S", "-c", ASK],
      clearEnv: true,
      env,
      stdin: "null",
    }).output();
    return { success, text: new TextDecoder().decode(success ? stdout : stderr) };
  } catch (error) {
    return { success: false, text: messageOf(error) };
  }
}

/** What bubblewrap says in the place of a signal. */
const SIGNALED = 128;

const SIGNALS = "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ"
  .split(" ");

/** How what ran in a sandbox has ended, by what bubblewrap ended with. */
export function insideStatus({ code, signal }: Pick<Deno.CommandStatus, "code" | "signal">): { code: number; signal: string | null } {
  const name = SIGNALS[code - SIGNALED - 1];
  return signal !== null || name === undefined ? { code, signal } : { code, signal: `SIG${name}` };
}

/**
 * The command-line program `remote-plugin`: finds, tries, configures and serves plugins without a line of code.
 *
 * ```sh
 * deno install --global --name remote-plugin --allow-read --allow-write --allow-net --allow-run --allow-env jsr:@remote-plugin/proxy/cli
 * ```
 *
 * It needs these permissions because it starts whatever interpreters the manifests name, and keeps configurations and logs in the home folder.
 *
 * @module
 */
import { Command, CommanderError, Option } from "commander";
import { messageOf } from "../protocol/text.ts";
import { type CommandWords, completions } from "./commands/completions.ts";
import { config } from "./commands/config.ts";
import { type CommonOptions, Context } from "./context.ts";
import { doctor, type DoctorOptions } from "./commands/doctor.ts";
import { PACKAGE_VERSION } from "../protocol/version.ts";
import { EXIT, EXIT_HELP, exitCode, Interruption } from "./exit.ts";
import { listEnvironments, lockPlugin, pruneEnvironments, syncEnvironment } from "./commands/env.ts";
import { gen, type GenOptions } from "./commands/gen.ts";
import { inspect } from "./commands/inspect.ts";
import { list } from "./commands/list.ts";
import { logs } from "./commands/logs.ts";
import { mcp, type McpCommandOptions } from "./commands/mcp.ts";
import { makeNew, type NewOptions } from "./commands/new.ts";
import { run, type RunOptions } from "./commands/run.ts";
import { runHelp } from "./commands/run_help.ts";
import type { ServeOptions } from "./commands/serve.ts";
import { OPERATOR_TOKEN_VARIABLE, TOKEN_VARIABLE } from "./serving/token.ts";
import { stats, type StatsOptions } from "./commands/stats.ts";
import type { TestOptions } from "./commands/test.ts";
import { failureLines } from "./output/failure.ts";
import { red } from "./output/painted.ts";
import { standardError, standardOutput, Terminal } from "./output/terminal.ts";

/** What a command's action is given, and what it makes the exit code of. */
type Act = (context: Context) => Promise<number | void> | void;

const FOLDER_HINT = "To look for plugins in a folder, write --folder before its path";

/** Runs the program and gives its exit code. It writes to standard output and standard error. */
export async function main(args: readonly string[], signal: AbortSignal): Promise<number> {
  let code: number = EXIT.ok;
  const act = async (command: Command, body: Act) => {
    const options = command.optsWithGlobals<CommonOptions>();
    const terminal = new Terminal({ json: options.json ?? false });
    try {
      code = await body(await Context.create(options, { terminal, signal })) ?? EXIT.ok;
    } catch (error) {
      code = exitCode(signal.aborted ? signal.reason : error);
      if (code === EXIT.interrupted) terminal.note("Interrupted");
      else tell(error, command, terminal);
    }
  };
  try {
    await createProgram(act).parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.code === "commander.excessArguments") standardError().line([FOLDER_HINT]);
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
}

function tell(error: unknown, command: Command, terminal: Terminal): void {
  terminal.note(red("error: "), messageOf(error));
  const hasLogs = command.options.some(({ long }) => long === "--logs");
  const { logs = false } = command.opts<{ logs?: boolean }>();
  for (const line of failureLines(error, { logs: hasLogs ? logs : undefined })) terminal.note(line);
}

type Run = (command: Command, body: Act) => Promise<void>;

function createProgram(act: Run): Command {
  const program = new Command("remote-plugin")
    .version(PACKAGE_VERSION, "-V, --version", "print this program's version")
    .description("Finds, tries, configures and serves plugins that run in isolated workers")
    .configureOutput({ writeOut: (text) => writeTo(standardOutput(), text), writeErr: (text) => writeTo(standardError(), text) })
    .exitOverride().showSuggestionAfterError()
    // A plugin may have an argument that is called as an option of the program.
    .enablePositionalOptions().addHelpText("after", EXIT_HELP);
  const add = addTo(program);
  addPluginCommands(add, act);
  addEnvironmentCommands(addTo(program.command("env").description("list, make, lock and remove the environments of Python plugins")), act);
  addServerCommands(add, act);
  add("completions <shell>", "print the completion script for bash, zsh or fish").action((shell, _, command) =>
    act(command, (context) => completions(context, shell, wordsOf(program)))
  );
  return program;
}

/** Adds commands with the options that all have. */
function addTo(parent: Command): Add {
  return (usage, description, folder = "-f, --folder <path>") =>
    parent.command(usage).description(description)
      .option(
        folder,
        "where to look for manifests, more than once if need be (default: the working directory, then where cjm's tools keep them)",
        collect,
      )
      .option("--state-dir <path>", "where configurations and logs are kept (default: $REMOTE_PLUGIN_HOME, ~/.local/state/remote-plugin)")
      .option("--trust", "give plugins all permissions that their manifests ask for (default: none)")
      .option("--offline", "fetch nothing for the environments of plugins")
      .option("--json", "write JSON, one value a line");
}

/** Commander repeats words of the command line in what it says. */
function writeTo(output: ReturnType<typeof standardError>, text: string): void {
  output.line([text.replace(/\n$/, "")]);
}

function collect(path: string, before: readonly string[] = []): string[] {
  return [...before, path];
}

/** Adds the options by which plugins run on a cluster. */
function addRay(command: Command): Command {
  return command.option("--ray <url>", "run plugins on a Ray cluster, by the address of its dashboard")
    .option("--ray-token-file <file>", "a file with the cluster's token (default: RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH)")
    .addOption(new Option("--ray-token <token>").hideHelp())
    .option(
      "--ray-options <file>",
      "a JSON file with what workers need there: resources, environment, code, ports, nodes, queueMs, leaseMs; plugins",
    );
}

function boundsOption(): Option {
  const what =
    "bound Python plugins whose manifests ask for nothing (required), and processes of Deno plugins by the kernel as well (kernel)";
  return new Option("--bounds <level>", what).choices(["required", "kernel"]);
}

type Add = (usage: string, description: string, folder?: string) => Command;

function addPluginCommands(add: Add, act: Run): void {
  add("list", "list the plugins").option("--names", "names only")
    .option("--arguments <plugin>", "the arguments of one plugin, as far as it was run or inspected before")
    .action((options, command) => act(command, (context) => list(context, options)));
  add("inspect <plugin>", "start a plugin and tell its schema, configuration and needs")
    .action((plugin, _, command) => act(command, (context) => inspect(context, plugin)));
  addRay(add("run [plugin] [arguments...]", "call a plugin once, by name or by the path of its manifest or script"))
    .usage("[options] <plugin> [method] [--NAME VALUE]...").allowUnknownOption()
    .helpOption(false).option("-h, --help", "show this; with a plugin, show what that takes")
    .option("--stream", "print what it yields as it comes")
    .option("--kwargs <json>", "arguments as a JSON object; those given by name come on top")
    .option("--task <task.method>", "call a task adapter of cjm-substrate instead")
    .option("--timeout <seconds>", "give up after so long")
    .option("--save <folder>", "copy the files that it gives to this folder, and print their paths")
    .option("--logs", "show what the plugin prints")
    .option("--record <file>", "add the call to this recording, which test compares with the plugin")
    .addOption(boundsOption()).option("--audit", "tell what the plugin tries that takes a permission, and what it is refused")
    .addHelpText("after", RUN_HELP)
    .action((plugin, rest, { help, ...options }: RunOptions & { help?: true }, command) => {
      if (help && plugin === undefined) return command.help();
      return act(command, (context) => help ? runHelp(context, plugin, rest[0]) : run(context, [plugin, ...rest], options));
    });
  add(
    "test <plugin> [recordings...]",
    "make recorded calls once more and show what differs (default: those in recordings/ beside the manifest)",
  )
    .option("--update", "record the answers that differ anew").option(
      "--tolerance <share>",
      "take numbers for the same that differ by less, for example 1e-6",
    )
    .option("--timeout <seconds>", "give up each call after so long", "60").option("--logs", "show what the plugin prints")
    .action((plugin, paths: string[], options: TestOptions, command) =>
      act(command, async (context) => {
        // What recordings are read by is not for every other command to load.
        const { test } = await import("./commands/test.ts");
        return await test(context, plugin, { ...options, paths }) ? EXIT.ok : EXIT.outOfDate;
      })
    );
  add("config <plugin> [settings...]", "show a plugin's configuration, or check and keep another: config whisper model=large")
    .option("--reset", "forget the settings before")
    .action((plugin, settings, { reset = false }, command) => act(command, (context) => config(context, plugin, { settings, reset })));
  add("doctor [plugin]", "find what keeps plugins from working, with the fix for each")
    .option("--fix", "remove what is left of workers that are gone, and make broken environments anew")
    .option("--bounds", "run the plugin held to nothing and then to its bounds, and tell the permissions that it needs")
    .option("--kwargs <json>", "with --bounds: call it with these arguments, and do not only load it")
    .action((reference, options: DoctorOptions, command) =>
      act(command, async (context) => await doctor(context, reference, options) ? EXIT.ok : EXIT.unwell)
    );
  add("gen <plugin>", "write a client in TypeScript with the types of what a plugin takes and gives")
    .option("-o, --out <file>", "where to write it (default: standard output)")
    .option("--check", "write nothing, and exit with 5 when the file is not the one that would be written")
    .action((plugin, options: GenOptions, command) =>
      act(command, async (context) => await gen(context, plugin, options) ? EXIT.ok : EXIT.outOfDate)
    );
  add("new <name>", "make a working plugin with manifest and test").option("--runtime <runtime>", "python or deno", "python")
    .option("--python <program>", "the interpreter of a Python plugin, for example that of a virtual environment (default: python3)")
    .option("--with <packages>", "packages from PyPI that it needs, for example numpy,pillow; the first start makes their environment")
    .action((name, options: NewOptions, command) => act(command, (context) => makeNew(context, name, options)));
}

function addEnvironmentCommands(add: Add, act: Run): void {
  add("list", "list the environments that were made, with their size and age")
    .action((_, command) => act(command, listEnvironments));
  add("sync <plugin>", "make a plugin's environment, unless it is there, and print the path of its interpreter")
    .action((plugin, _, command) => act(command, (context) => syncEnvironment(context, plugin)));
  add("lock <plugin>", "write the versions of all packages into a lock beside the script or the project")
    .option("--upgrade", "look for later versions than those in the lock that is there")
    .action((plugin, options: { upgrade?: boolean }, command) => act(command, (context) => lockPlugin(context, plugin, options)));
  add("prune", "remove the environments in which no plugin was started for some time")
    .requiredOption("--older-than <time>", "for so long, for example 30d or 12h")
    .action((options: { olderThan: string }, command) => act(command, (context) => pruneEnvironments(context, options)));
}

const RUN_HELP = `
A script is called by its path, without a manifest: run ./shout.py --text hi, or ./shout.py#NAME for one of several classes and functions. The first word
behind the plugin names one of its methods, where it has one of that name: run tools count_words --text hi. Else it is an argument.

Arguments are given by name: --beams 5 --audio talk.wav. Their types are those that the plugin tells, which inspect shows; where it tells none a value
that reads as JSON is JSON, any other is text. A name alone is true, --no-NAME false; a name given twice makes a list. The value - stands for a file
with what comes by standard input, and file:PATH for a file of this machine, wherever the plugin runs. A result that is a file is written to a pipe or a file as it is.
`;

function addServerCommands(add: Add, act: Run): void {
  addRay(add("serve", "serve the plugins over HTTP until Ctrl-C"))
    .option("--host <address>", "where to listen", "127.0.0.1").option("--port <number>", "0 for any that is free", "0")
    .option("--token-file <file>", `a file with the token that requests must carry (default: ${TOKEN_VARIABLE}, or a new one)`)
    .addOption(new Option("--token <token>").hideHelp())
    .option("--operator-token-file <file>", `a file with the token of operators (default: ${OPERATOR_TOKEN_VARIABLE}, or a new one)`)
    .option("--allow-host <name...>", "a name by which clients reach the server, besides its addresses")
    .option("--allow-origin <origin...>", "a web page of elsewhere that may call, for example https://app.example.com")
    .option("--tracebacks", "tell callers tracebacks and what workers print, and not operators alone")
    .option("--call-logs", "tell callers what their own calls print, and not operators alone")
    .option("--callbacks", "let plugins call functions of attached programs, which give them with their calls")
    .option("--check-arguments", "refuse calls whose arguments are not what the plugin's signature says")
    .option("--drain <seconds>", "wait so long at the end for the calls that are open", "30")
    .option("--cert <file>", "certificate for HTTPS").option("--key <file>", "its key")
    .option("--replicas <number>", "so many workers a plugin at most", "1")
    .option("--idle <seconds>", "end a plugin's workers after so long without a call")
    .option("--watch", "reload a plugin when its code is edited")
    .option("--logs", "show what the plugins print").addOption(boundsOption())
    .option("--access-log <file>", "add a line of JSON to this file for each call that has ended; - is standard output")
    .option("--metrics-token-file <file>", "a file with a token that opens /metrics alone, which the other tokens open too")
    .action((options: ServeOptions, command) =>
      act(command, async (context) => {
        // Its libraries would make every other command start later.
        const { serve } = await import("./commands/serve.ts");
        await serve(context, options);
      })
    );
  addRay(add("mcp [plugin]", "offer the plugins, or one, to an editor or an assistant as MCP tools on standard input and output"))
    .option("--save <folder>", "copy the files that plugins give to this folder, and tell where they are")
    .option("--replicas <number>", "so many workers a plugin at most", "1")
    .option("--idle <seconds>", "end a plugin's workers after so long without a call")
    .option("--watch", "reload a plugin when its code is edited")
    .option("--logs", "show what the plugins print, on standard error").addOption(boundsOption())
    .action((plugin, options: McpCommandOptions, command) => act(command, (context) => mcp(context, plugin, options)));
  add("stats", "show what the plugins of a running serve use").option("--url <url>", "of a server elsewhere")
    .option("--token-file <file>", `a file with its token (default: ${TOKEN_VARIABLE})`)
    .addOption(new Option("--token <token>").hideHelp())
    .option("-w, --watch", "renew the table each second, until Ctrl-C")
    .action((options: StatsOptions, command) => act(command, (context) => stats(context, options)));
  // By the habit of "tail -f".
  add("logs <plugin>", "show what a plugin has printed under run or serve", "--folder <path>")
    .option("-f, --follow", "show what comes, until Ctrl-C").option("-n, --lines <number>", "so many of the last lines", "50")
    .action((plugin, options, command) => act(command, (context) => logs(context, plugin, options)));
}

function wordsOf(program: Command): CommandWords[] {
  return program.commands.map((command) => {
    const options = [command, ...command.commands].flatMap(({ options }) => options).filter(({ hidden }) => !hidden);
    return {
      name: command.name(),
      commands: command.commands.map((inner) => inner.name()),
      options: [...new Set(options.map(({ long }) => long!))],
      valued: options.filter(({ required }) => required).flatMap(({ short, long }) => short === undefined ? [long!] : [short, long!]),
    };
  });
}

/** The first Ctrl-C ends the plugins in order, a second one at once. */
function interruptible(): AbortSignal {
  const controller = new AbortController();
  const onSignal = () => controller.signal.aborted ? Deno.exit(EXIT.interrupted) : controller.abort(new Interruption("Interrupted"));
  for (const name of Deno.build.os === "windows" ? ["SIGINT"] as const : ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, onSignal);
  }
  return controller.signal;
}

/** What nobody expected ends the program as an error that it tells itself: the runtime would write it to a terminal as it is. */
function crash(error: unknown): never {
  standardError().line([red("error: "), error instanceof Error ? error.stack ?? error.message : String(error)]);
  Deno.exit(EXIT.callFailed);
}

if (import.meta.main) {
  globalThis.addEventListener("unhandledrejection", ({ reason }) => crash(reason));
  globalThis.addEventListener("error", ({ error }) => crash(error));
  Deno.exit(await main(Deno.args, interruptible()).catch(crash));
}

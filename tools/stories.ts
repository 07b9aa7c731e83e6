/**
 * Runs the stories of a Markdown page, each in a folder of its own.
 *
 * @module
 */
import { ensureDir } from "@std/fs";
import { dirname, join } from "@std/path";
import { userCache } from "../src/manifest/user_cache.ts";
import { printsAs, type Story, type StoryFile, type StoryStep } from "./markdown.ts";
import { copyPackage } from "./package_copy.ts";
import { folderUrl, ownNames, packagesOf, readJson, type Registry, ROOT } from "./registry.ts";
import { capture, type Outcome } from "./run.ts";

/** A command that takes longer has hung. */
const LIMIT_MS = 120_000;

/**
 * Tries all that a story promises; throws an error that says what does not hold.
 *
 * Its files are written to a temporary folder, beside a `deno.json` that knows the package as after `deno add`. Its `deno run` commands are run there
 * as they are written, and have to print what the page says. Tasks have to exist, JSON has to parse, and the program is type-checked and run.
 */
export async function tryStory(story: Story, registry: Registry): Promise<void> {
  for (const value of story.values) JSON.parse(value);
  const program = story.program === "" ? [] : [{ name: PROGRAM, text: story.program }];
  await inFolder([...story.files, ...program], registry, async (folder) => {
    const variables = makesEnvironment(story) ? environmentVariables(folder) : {};
    for (const step of story.steps) await tryStep(step, { folder, hasFiles: story.files.length > 0, variables });
    if (story.program !== "") await runDeno(story.runnable ? ["run", "--no-prompt", "--check", PROGRAM] : ["check", PROGRAM], folder);
    if (story.steps.length === 0) await checkFiles(story, folder);
  });
}

/** Whether a story makes an environment, for which it takes `uv` and PyPI. */
export function makesEnvironment({ files, steps }: Story): boolean {
  return steps.length > 0 && files.some(({ name, text }) => name.endsWith(".json") && text.includes('"environment":'));
}

/** Type-checks programs in one go; each has a name, by which the error tells them apart. */
export async function checkPrograms(programs: ReadonlyMap<string, string>, registry: Registry): Promise<void> {
  const files = [...programs].map(([name, text]) => ({ name: `${name.replaceAll(/\W+/g, "_")}.ts`, text: `${text}\nexport {};\n` }));
  if (files.length > 0) await inFolder(files, registry, (folder) => runDeno(["check", ...files.map(({ name }) => name)], folder));
}

/** Runs a program without permissions, and without type-checking it. */
export async function runProgram(program: string, registry: Registry): Promise<void> {
  await inFolder([{ name: PROGRAM, text: program }], registry, (folder) => runDeno(["run", "--no-prompt", PROGRAM], folder));
}

const PROGRAM = "program.ts";

/** The files stand beside a `deno.json`, which knows the package as after `deno add`: with packages from npm a copy of it. */
async function inFolder(files: readonly StoryFile[], registry: Registry, body: (folder: string) => Promise<unknown>): Promise<void> {
  const base = await Deno.makeTempDir();
  try {
    const source = registry === "jsr" ? ROOT : folderUrl(`${base}/package`);
    if (registry === "npm") await ensureDir(source).then(() => copyPackage(`${base}/package`, registry));
    const imports = { ...packagesOf(registry, source), ...ownNames(source) };
    const config = { name: "deno.json", text: JSON.stringify({ imports, lock: false, nodeModulesDir: "none" }) };
    for (const { name, text } of [config, ...files]) {
      const path = `${base}/story/${name}`;
      await ensureDir(dirname(path));
      await Deno.writeTextFile(path, text);
    }
    await body(`${base}/story`);
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

/** Where a step is tried. */
interface Stage {
  readonly folder: string;
  readonly hasFiles: boolean;
  readonly variables: Readonly<Record<string, string>>;
}

async function tryStep({ commands, expected }: StoryStep, { folder, hasFiles, variables }: Stage): Promise<void> {
  let printed = "";
  for (const command of commands) {
    const words = command[0] === "npx" ? command.slice(command.findIndex((word) => /^deno(@|$)/.test(word))) : command;
    const [program = "", verb, ...rest] = words;
    if (!/^deno(@|$)/.test(program)) continue;
    if (verb === "task") checkTask(rest);
    else if (verb === "add") checkAdd(rest);
    else if (verb === "run" && hasFiles) {
      printed += (await runDeno(["run", "--no-prompt", ...rest.map((word) => expand(word, folder))], folder, variables)).stdout;
    }
  }
  if (hasFiles && expected !== undefined && !printsAs(printed, expected)) throw new Error(`It printed\n${printed}\nand not\n${expected}`);
}

function checkTask([name = "", example]: readonly string[]): void {
  const tasks = Object.keys(readJson("deno.json").tasks ?? {});
  if (!tasks.includes(name)) throw new Error(`There is no task "${name}", only ${tasks.join(", ")}`);
  if (name === "example" && /^\w+$/.test(example ?? "")) Deno.statSync(new URL(`examples/${example}/main.ts`, ROOT));
}

function checkAdd(packages: readonly string[]): void {
  const known = [`jsr:${readJson("deno.json").name}`];
  const wrong = packages.find((name) => name.includes("@remote-plugin/") && !known.includes(name));
  if (wrong !== undefined) throw new Error(`"deno add ${wrong}" has to be "deno add ${known}"`);
}

/** Variables that a page may use, as a shell would fill them in. */
function expand(word: string, folder: string): string {
  return word.replace(/\$(PWD|TMPDIR|HOME)\b/g, (_, name) => name === "PWD" ? folder : Deno.env.get(name) ?? "");
}

async function checkFiles({ files }: Story, folder: string): Promise<void> {
  const sources = files.filter(({ name }) => name.endsWith(".ts")).map(({ name }) => name);
  if (sources.length > 0) await runDeno(["check", ...sources], folder);
}

async function runDeno(args: readonly string[], folder: string, variables: Readonly<Record<string, string>> = {}): Promise<Outcome> {
  const env = { NO_COLOR: "1", ...variables };
  const outcome = await capture([Deno.execPath(), ...args], { cwd: folder, signal: AbortSignal.timeout(LIMIT_MS), env });
  if (outcome.code !== 0) throw new Error(`"deno ${args.join(" ")}" ended with code ${outcome.code} and printed\n${outcome.output}`);
  return outcome;
}

/** Environments are made in a folder that goes with the story's. Deno keeps its cache, and `uv` has one that all tests share. */
function environmentVariables(folder: string): Record<string, string> {
  const python = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON");
  if (!python) throw new Error("The story makes an environment, and there is no uv");
  const programs = dirname(python);
  return {
    DENO_DIR: Deno.env.get("DENO_DIR") ?? join(userCache()!, "deno"),
    XDG_CACHE_HOME: `${folder}/.cache`,
    UV: join(programs, "uv"),
    UV_CACHE_DIR: join(dirname(programs), "cache"),
  };
}

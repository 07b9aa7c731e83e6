/** `new`: a working plugin with its manifest and its test. @module */
import { fromFileUrl, join, relative, resolve } from "@std/path";
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";
import { isThere } from "../../protocol/is_there.ts";
import { templateFiles, type TemplateRuntime, testCommand } from "../templates.ts";

/** The options of `new`. */
export interface NewOptions {
  readonly runtime: string;
  readonly python?: string;
}

/** Writes a plugin into a folder of its own name. Nothing that is there is touched. */
export async function makeNew(context: Context, name: string, options: NewOptions): Promise<void> {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError(`"${name}" cannot be a plugin's name here. Use small letters, digits and _, a letter first`);
  }
  const runtime = readRuntime(options);
  const folder = join(context.folders[0]!, name);
  await makeFolder(folder);
  for (const [file, text] of Object.entries(templateFiles(name, runtime))) {
    await Deno.writeTextFile(join(folder, file), text, { createNew: true });
  }
  const { terminal } = context;
  if (terminal.json) return terminal.result({ folder });
  terminal.line(`Made ${folder}`);
  terminal.line("Try it:");
  for (const command of commandsFor(name, folder, runtime)) terminal.line(`  ${command}`);
}

function readRuntime({ runtime, python }: NewOptions): TemplateRuntime {
  if (runtime !== "python" && runtime !== "deno") throw new UsageError(`--runtime must be "python" or "deno", not "${runtime}"`);
  if (runtime === "deno" && python !== undefined) {
    throw new UsageError("--python is the interpreter of a Python plugin. Leave it out, or --runtime deno");
  }
  const interpreter = python ?? "python3";
  // In the manifest a relative path would belong to the plugin's folder.
  return { runtime, python: /[\\/]/.test(interpreter) ? resolve(interpreter) : interpreter, importMap: importMapOfCheckout() };
}

/** Who runs this program from a checkout may not have the package from JSR. */
function importMapOfCheckout(): string | undefined {
  const map = new URL("../../../tools/npm_imports.json", import.meta.url);
  return map.protocol === "file:" && isThere(fromFileUrl(map)) ? fromFileUrl(map) : undefined;
}

function commandsFor(name: string, folder: string, made: TemplateRuntime): string[] {
  const { runtime, python } = made;
  const place = relative(".", folder);
  const words = '--text "hello there"';
  const ownTest = runtime === "python" ? [`${python} -m unittest discover ${place}`] : [];
  return [
    ...[`doctor ${name}`, `run ${name} ${words}`, `run --stream ${name} ${words}`].map((command) => `remote-plugin ${command}`),
    ...ownTest,
    `${testCommand(made)} ${place}`,
  ];
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    throw new UsageError(`"${folder}" is there already. Choose another name, or another --folder`, { cause });
  }
}

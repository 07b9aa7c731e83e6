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
  readonly with?: string;
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

function readRuntime({ runtime, python, with: packages }: NewOptions): TemplateRuntime {
  if (runtime !== "python" && runtime !== "deno") throw new UsageError(`--runtime must be "python" or "deno", not "${runtime}"`);
  if (runtime === "deno" && python !== undefined) {
    throw new UsageError("--python is the interpreter of a Python plugin. Leave it out, or --runtime deno");
  }
  if (packages !== undefined && (runtime === "deno" || python !== undefined)) {
    const other = runtime === "deno" ? "--runtime deno" : "--python";
    throw new UsageError(`--with makes an environment for a Python plugin. Leave it out, or ${other}`);
  }
  const interpreter = python ?? "python3";
  // In the manifest a relative path would belong to the plugin's folder.
  const path = /[\\/]/.test(interpreter) ? resolve(interpreter) : interpreter;
  return { runtime, python: path, packages: readPackages(packages), importMap: importMapOfCheckout() };
}

/** A comma stands between packages, and also within the versions and the extras of one. */
function readPackages(text: string | undefined): string[] {
  if (text === undefined) return [];
  const packages = text.split(/,(?=\s*[A-Za-z])(?![^[]*\])/).map((word) => word.trim());
  const wrong = packages.find((word) => !/^[A-Za-z0-9][\w.-]*\s*(\[[^\]]*\])?\s*([<>=!~@;].*)?$/.test(word));
  if (wrong === undefined) return packages;
  throw new UsageError(`--with is packages from PyPI with commas between them, for example numpy,pillow. "${wrong}" is none`);
}

/** Who runs this program from a checkout may not have the package from JSR. */
function importMapOfCheckout(): string | undefined {
  const map = new URL("../../../tools/npm_imports.json", import.meta.url);
  return map.protocol === "file:" && isThere(fromFileUrl(map)) ? fromFileUrl(map) : undefined;
}

function commandsFor(name: string, folder: string, made: TemplateRuntime): string[] {
  const { runtime, python, packages } = made;
  const place = relative(".", folder);
  const words = '--text "hello there"';
  const making = packages.length > 0 ? [`env sync ${name}`] : [];
  const interpreter = packages.length > 0 ? `"$(remote-plugin env sync ${name})"` : python;
  const ownTest = runtime === "python" ? [`${interpreter} -m unittest discover ${place}`] : [];
  return [
    ...[...making, `doctor ${name}`, `run ${name} ${words}`, `run --stream ${name} ${words}`].map((command) => `remote-plugin ${command}`),
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

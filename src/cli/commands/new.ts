/** `new`: a working plugin with its manifest and its test. @module */
import { join } from "@std/path";
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";
import { templateFiles } from "../templates.ts";

/** Writes a plugin into a folder of its own name. Nothing that is there is touched. */
export async function makeNew(context: Context, name: string, { runtime }: { runtime: string }): Promise<void> {
  if (!/^[a-z][a-z0-9_]*$/.test(name)) {
    throw new UsageError(`"${name}" cannot be a plugin's name here. Use small letters, digits and _, a letter first`);
  }
  if (runtime !== "python" && runtime !== "deno") throw new UsageError(`--runtime must be "python" or "deno", not "${runtime}"`);
  const folder = join(context.folders[0]!, name);
  await makeFolder(folder);
  for (const [file, text] of Object.entries(templateFiles(name, runtime))) {
    await Deno.writeTextFile(join(folder, file), text, { createNew: true });
  }
  const { terminal } = context;
  if (terminal.json) return terminal.result({ folder });
  terminal.line(`Made ${folder}`);
  terminal.line("Try it:");
  for (const command of [`doctor ${name}`, `run ${name} --text "hello there"`, `run --stream ${name} --text "hello there"`]) {
    terminal.line(`  remote-plugin ${command}`);
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.AlreadyExists)) throw cause;
    throw new UsageError(`"${folder}" is there already. Choose another name, or another --folder`, { cause });
  }
}

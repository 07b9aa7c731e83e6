/** `gen`: types of a plugin, for the programs that call it. @module */
import { dirname, isAbsolute, relative, resolve, toFileUrl } from "@std/path";
import { CallError } from "../../errors.ts";
import { scriptReference } from "../../manifest/script.ts";
import type { PluginInterface } from "../../plugin/members.ts";
import { type PluginSchemas, readSchemas, signatureChanges } from "../../plugin/signatures.ts";
import { ifThere } from "../../protocol/is_there.ts";
import { fingerprintIn, schemasIn } from "../client/client_text.ts";
import { writeClient } from "../client/write_client.ts";
import type { Context } from "../context.ts";
import { UsageError } from "../exit.ts";
import { yellow } from "../output/painted.ts";

/** The options of `gen`. */
export interface GenOptions {
  readonly out?: string;
  readonly check?: boolean;
}

/** Writes a client whose types are those of a plugin, or tells whether the one that is there still is. False when it is not. */
export async function gen(context: Context, reference: string, { out, check = false }: GenOptions): Promise<boolean> {
  if (check && out === undefined) throw new UsageError("--check needs the file that is to be checked, as --out FILE");
  const { terminal, signal } = context;
  const { manager, plugin } = await context.openManager(reference);
  await using _manager = manager;
  const handle = manager.get(plugin);
  const schemas = await schemasOf(handle, signal);
  if (terminal.json && out === undefined) return terminal.result(schemas), true;
  const text = await writeClient({ plugin: handle.name, schemas, ...placesOf(manager.info(plugin).source!, out) }, { signal });
  if (out === undefined) return terminal.result(text.trimEnd()), true;
  if (check) return await isCurrent(context, { out, text, schemas });
  await replaceFile(out, text);
  const { execute, execute_stream, methods = {} } = schemas;
  if ([execute, execute_stream, ...Object.values(methods)].every((signature) => signature?.arguments === undefined)) {
    terminal.note(yellow(UNTYPED.replaceAll("%", handle.name)));
  }
  terminal.line(`Wrote ${out}`);
  return true;
}

const UNTYPED = '"%" does not say what it takes, so that its client takes everything: see "A typed client" in docs/writing_a_plugin.md';

async function schemasOf(plugin: PluginInterface, signal: AbortSignal): Promise<PluginSchemas> {
  try {
    return await readSchemas(plugin, { signal });
  } catch (cause) {
    if (!(cause instanceof CallError) || cause.code !== "not_supported") throw cause;
    const message =
      `The worker of "${plugin.name}" cannot tell what the plugin takes and gives. If the manifest names a "worker" of the plugin's ` +
      `own environment, make the types with a copy of the manifest without that key; if the plugin runs under an older release, bring that up to date`;
    throw new CallError("not_supported", message, { plugin: plugin.name, cause });
  }
}

/** The manifest's place as the client names it, and the command as it would be typed here again. What is meant in a script stands behind both. */
function placesOf(source: string, out: string | undefined): { manifest: string; command: string } {
  const { path, name } = scriptReference(source) ?? { path: source, name: undefined };
  const { manifest, ...typed } = placesOfFile(path, { out, ending: name === undefined ? "" : `#${name}` });
  return { manifest: name === undefined ? manifest : `${manifest}#${encodeURIComponent(name)}`, ...typed };
}

interface ClientPlace {
  readonly out: string | undefined;
  /** What stands behind the path in the command. */
  readonly ending: string;
}

function placesOfFile(source: string, { out, ending }: ClientPlace): { manifest: string; command: string } {
  const target = out === undefined ? [] : ["--out", out];
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(source)) return { manifest: source, command: commandOf(source + ending, target) };
  const file = resolve(source);
  const manifest = slashed(relative(dirname(resolve(out ?? "client.ts")), file));
  // On Windows there is no way from one drive to another.
  const url = isAbsolute(manifest) ? toFileUrl(file).href : dotted(manifest.split("/").map(encodeURIComponent).join("/"));
  return { manifest: url, command: commandOf(dotted(slashed(relative(".", file))) + ending, target) };
}

function commandOf(manifest: string, target: readonly string[]): string {
  return ["remote-plugin gen", ...[manifest, ...target].map(quoted)].join(" ");
}

function slashed(path: string): string {
  return path.replaceAll("\\", "/");
}

/** A name alone would be a plugin's, and not the path of a manifest. */
function dotted(path: string): string {
  return path.startsWith(".") || isAbsolute(path) ? path : `./${path}`;
}

function quoted(word: string): string {
  return /^[\w./\\:@#-]+$/.test(word) ? word : JSON.stringify(word);
}

/** By way of a second file, so that a full disk leaves the old one as it is. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    await Deno.writeTextFile(draft, text);
    await Deno.rename(draft, path);
  } catch (cause) {
    await Deno.remove(draft).catch(() => {});
    throw new UsageError(`Cannot write "${path}": ${(cause as Error).message}`, { cause });
  }
}

interface Candidate {
  readonly out: string;
  readonly text: string;
  readonly schemas: PluginSchemas;
}

async function isCurrent({ terminal }: Context, { out, text, schemas }: Candidate): Promise<boolean> {
  const found = await ifThere(Deno.readTextFile(out));
  if (found !== undefined && fingerprintIn(found) === fingerprintIn(text)) {
    terminal.line(`${out} is up to date`);
    return true;
  }
  const before = found === undefined ? undefined : schemasIn(found);
  const changes = before === undefined ? [] : signatureChanges(before, schemas);
  const why = found === undefined ? "is not there" : changes.length > 0 ? `is out of date: ${changes.join("; ")}` : "is out of date";
  terminal.note(`${out} ${why}. Make it anew: ${commandIn(text)}`);
  return false;
}

function commandIn(text: string): string {
  return /^\/\/ Made by "(.*)": run/.exec(text)?.[1] ?? "";
}

/**
 * What an environment is made from, as it stands in files and in the manifest.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "@std/path";
import { PermissionDeniedError } from "../errors.ts";
import { mayRead } from "../manifest/host_access.ts";
import type { EnvironmentSource } from "../manifest/manifest.ts";
import { ALMOST_METADATA, SCRIPT_METADATA } from "../manifest/script.ts";
import { environmentError } from "./environment.ts";

/** Which form it is, and what `uv` has to know of it. */
export type EnvironmentForm =
  | FileForm & { readonly kind: "script" | "project"; readonly hasLock: boolean }
  | FileForm & { readonly kind: "requirements" }
  | Extract<EnvironmentSource, { kind: "inline" }>;

interface FileForm {
  readonly path: string;
  /** What the file says: of a script the TOML of its metadata alone. */
  readonly text: string;
}

/** What an environment is made from. */
export interface EnvironmentInputs {
  /** Its form. */
  readonly form: EnvironmentForm;
  /** Names all of it: another text, another path or another platform is another environment. */
  readonly hash: string;
  /** The files that were looked at, whether they are there or not. */
  readonly files: readonly string[];
}

/** What is larger is none of the files that are meant. */
const MAX_BYTES = 16 * 1024 * 1024;

/** A name goes on to the end of its line, and may be quoted. */
const INCLUDED = /^\s*(?:-r|-c|--requirement|--constraint)(?:=|\s)[^\S\n]*([^\s#][^\r\n#]*)/gm;

/**
 * Reads what an environment is made from.
 *
 * @throws {WorkerStartError} When it is not there, or cannot be what is meant.
 * @throws {PermissionDeniedError} When the host may not read a file that it names.
 */
export async function readInputs(source: EnvironmentSource, plugin: string): Promise<EnvironmentInputs> {
  const reader = new InputReader(plugin);
  const { form, texts } = source.kind === "inline" ? { form: source, texts: [] } : readPath(reader, source.path);
  const { os, arch } = Deno.build;
  return { form, hash: await hashOf(JSON.stringify([form, texts, os, arch])), files: [...reader.files] };
}

interface ReadInputs {
  readonly form: EnvironmentForm;
  /** What else it is made from. */
  readonly texts: readonly (string | undefined)[];
}

function readPath(reader: InputReader, path: string): ReadInputs {
  if (reader.isFolder(path)) return readProject(reader, join(path, "pyproject.toml"));
  if (basename(path) === "pyproject.toml") return readProject(reader, path);
  return /\.pyw?$/.test(path) ? readScript(reader, path) : readRequirements(reader, path);
}

/** The plugin's code beside the metadata is none of its environment. */
function readScript(reader: InputReader, path: string): ReadInputs {
  const text = reader.text(path).replaceAll("\r\n", "\n");
  const metadata = SCRIPT_METADATA.exec(text)?.[1];
  if (metadata === undefined && ALMOST_METADATA.test(text)) {
    throw reader.error(`the script metadata of "${path}" cannot be read. ${METADATA_RULE}`);
  }
  if (metadata === undefined) throw reader.error(`"${path}" has no script metadata. Add ${METADATA_EXAMPLE}`);
  const lock = reader.textIfThere(`${path}.lock`);
  return { form: { kind: "script", path, text: metadata.replace(/^# ?/gm, ""), hasLock: lock !== undefined }, texts: [lock] };
}

const METADATA_EXAMPLE = `lines such as "# /// script", '# dependencies = ["numpy"]' and "# ///", as PEP 723 has them`;
const METADATA_RULE = `Begin each of its lines with "# ", put nothing before or after "# /// script", and end it with the line "# ///"`;

function readProject(reader: InputReader, path: string): ReadInputs {
  const text = reader.text(path);
  const lock = reader.textIfThere(join(dirname(path), "uv.lock"));
  return { form: { kind: "project", path, text, hasLock: lock !== undefined }, texts: [lock] };
}

/** Also of the files that it names. */
function readRequirements(reader: InputReader, path: string): ReadInputs {
  const own = reader.text(path);
  const texts = new Map<string, string | undefined>([[path, own]]);
  for (const [file, text] of texts) {
    for (const [, written] of text?.matchAll(INCLUDED) ?? []) {
      const name = unquoted(written!.trim());
      const included = resolve(dirname(file), name);
      if (!/^https?:/.test(name) && !texts.has(included)) texts.set(included, reader.textIfThere(included));
    }
  }
  return { form: { kind: "requirements", path, text: own }, texts: [...texts].flat() };
}

/** A name as `uv` reads it. */
function unquoted(name: string): string {
  return name.replace(/^(["'])(.*)\1$/, "$2").replaceAll(/\\([\\"' ])/g, "$1");
}

/** Reads small files. A start waits for it: the way to the runtime's pool of threads and back would take longer. */
class InputReader {
  readonly files = new Set<string>();
  readonly #plugin: string;

  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  error(what: string, cause?: unknown): Error {
    return environmentError(this.#plugin, what, { cause });
  }

  isFolder(path: string): boolean {
    return this.#stat(path).isDirectory;
  }

  text(path: string): string {
    const { isFile, size } = this.#stat(path);
    if (!isFile) throw this.error(`"${path}" is no file. Correct "environment" in its manifest`);
    if (size > MAX_BYTES) {
      throw this.error(`"${path}" has ${size} bytes, so it is no requirements file. Correct "environment" in its manifest`);
    }
    return Deno.readTextFileSync(path);
  }

  textIfThere(path: string): string | undefined {
    this.files.add(path);
    if (!mayRead(path)) throw this.#mayNotRead(path);
    try {
      return Deno.readTextFileSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw this.error(`"${path}" cannot be read`, error);
    }
  }

  /** Which files a requirements file names, nobody knows before it is read. */
  #mayNotRead(path: string): PermissionDeniedError {
    const [plugin, flag] = [this.#plugin, `--allow-read=${path}`];
    const message = `Cannot look for the environment of "${plugin}": the host may not read "${path}". Add ${flag}`;
    return new PermissionDeniedError(message, { plugin, missing: [{ name: "read", path }], flags: [flag] });
  }

  #stat(path: string): Deno.FileInfo {
    this.files.add(path);
    try {
      return Deno.statSync(path);
    } catch (cause) {
      if (cause instanceof Deno.errors.NotCapable) throw cause;
      const what = cause instanceof Deno.errors.NotFound ? `there is no "${path}"` : `"${path}" cannot be read`;
      throw this.error(`${what}. Correct "environment" in its manifest`, cause);
    }
  }
}

async function hashOf(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest).toHex().slice(0, 24);
}

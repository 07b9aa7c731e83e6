/**
 * The plugin's code on its way to the nodes: which files there are, and where they lie there.
 *
 * @module
 */
import { basename, dirname, join, relative, resolve } from "@std/path";
import type { PluginSpec } from "../manifest/manifest.ts";
import { containsPath } from "../permissions/grant.ts";
import { messageOf } from "../protocol/text.ts";
import { startError } from "../process/start_failure.ts";
import type { RaySettings } from "./options.ts";
import type { PackedFile } from "./stored_zip.ts";

/** Ray refuses a request of more than 100 MiB. */
export const MOST_BYTES: number = 95 * 1024 * 1024;

/** What is in no plugin: what can be made again, and what belongs to its author's tools. */
const NOT_CODE = new Set(["__pycache__", "node_modules", "venv"]);

/** A folder or a file of the host that is uploaded. */
interface Upload {
  readonly path: string;
  /** Where it lies in the package. */
  readonly name: string;
}

/** What is uploaded of a plugin, and what becomes of its paths. */
export class PluginCode {
  readonly #spec: PluginSpec;
  readonly #uploads: readonly Upload[];
  /** An address from which the nodes fetch the code; `undefined` where it is uploaded or there already. */
  readonly uri: string | undefined;

  /** Nothing is read yet. */
  constructor(spec: PluginSpec, { code }: Pick<RaySettings, "code">) {
    this.#spec = spec;
    this.uri = typeof code === "object" && "uri" in code ? code.uri : undefined;
    const paths = code === undefined ? pathOf(spec) : typeof code === "object" && "upload" in code ? code.upload : [];
    this.#uploads = paths.map((path, at) => ({ path: resolve(path), name: String(at) }));
  }

  /** What of the host is read. */
  get paths(): readonly string[] {
    return this.#uploads.map(({ path }) => path);
  }

  /** The folders of the import path, on a node on which the code lies in this folder. */
  importPath(folder: string): string[] {
    if (this.uri !== undefined) return [folder];
    const own = pathOf(this.#spec).filter((path) => this.#uploadOf(path) !== undefined).map((path) => this.placed(path, folder));
    return [...new Set([...own, ...this.#uploads.map(({ name }) => `${folder}/${name}`)])];
  }

  /** Where a path of the host lies on that node; one that is not uploaded is taken for the node's own. */
  placed(path: string, folder: string): string {
    const upload = this.#uploadOf(path);
    if (upload === undefined) return path;
    const rest = relative(upload.path, path).replaceAll("\\", "/");
    return [folder, upload.name, ...rest === "" ? [] : [rest]].join("/");
  }

  /** Whether a path of the host lies on the nodes, too. */
  holds(path: string): boolean {
    return this.#uploadOf(path) !== undefined;
  }

  #uploadOf(path: string): Upload | undefined {
    return this.#uploads.filter((upload) => containsPath(upload.path, path)).toSorted((a, b) => b.path.length - a.path.length)[0];
  }

  /**
   * The files, by their names in the package.
   *
   * @throws {WorkerStartError} When one cannot be read, or they are more than a cluster takes.
   */
  async read(): Promise<ReadonlyMap<string, PackedFile>> {
    const reader = new CodeReader(this.#spec);
    for (const { path, name } of this.#uploads) await reader.take(path, name);
    return reader.files;
  }
}

function pathOf({ runtime }: PluginSpec): readonly string[] {
  return runtime.kind === "python" ? runtime.path : [];
}

/** Reads files, and counts. */
class CodeReader {
  readonly files = new Map<string, PackedFile>();
  readonly #spec: PluginSpec;
  #bytes = 0;
  #largest = { path: "", bytes: 0 };
  /** The folders on the way to the one that is read: a link may lead back to one of them. */
  readonly #way = new Set<string>();

  constructor(spec: PluginSpec) {
    this.#spec = spec;
  }

  /** A single file lies in a folder of its own, which is on the import path. */
  async take(path: string, name: string): Promise<void> {
    try {
      const { isFile } = await Deno.stat(path);
      if (isFile) await this.#file(path, `${name}/${basename(path)}`);
      else await this.#folder(path, name);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.PermissionDenied)) throw cause;
      throw startError(this.#spec, "spawn", `its code cannot be read: ${messageOf(cause)}. Correct "plugin_path" or "code"`, { cause });
    }
  }

  async #folder(path: string, name: string): Promise<void> {
    const real = await Deno.realPath(path);
    if (this.#way.has(real)) return;
    this.#way.add(real);
    for await (const { name: entry } of Deno.readDir(path)) {
      if (isCode(entry)) await this.#entry(join(path, entry), `${name}/${entry}`);
    }
    this.#way.delete(real);
  }

  /** A link counts as what it leads to; one that leads nowhere, and what is no file, cannot be code. */
  async #entry(path: string, name: string): Promise<void> {
    const info = await Deno.stat(path).catch(unlessGone);
    if (info?.isDirectory) await this.#folder(path, name);
    else if (info?.isFile) await this.#file(path, name);
  }

  async #file(path: string, name: string): Promise<void> {
    const { size, mode } = await Deno.stat(path);
    this.#count(path, size);
    this.files.set(name, { bytes: await Deno.readFile(path), isProgram: mode !== null && (mode & OWNER_RUNS) !== 0 });
  }

  #count(path: string, bytes: number): void {
    this.#bytes += bytes;
    if (bytes > this.#largest.bytes) this.#largest = { path, bytes };
    if (this.#bytes <= MOST_BYTES) return;
    const { path: largest } = this.#largest;
    const what =
      `its code has more than ${MOST_BYTES / 1024 / 1024} MiB, which is the most that a cluster takes. The largest file so far is ` +
      `"${largest}". Name its folders alone as "code" of ray(), or have the nodes fetch it: { uri: "s3://…zip" }`;
    throw startError(this.#spec, "spawn", what, {});
  }
}

/** The bit of a file's mode by which its owner may run it. */
const OWNER_RUNS = 0o100;

function isCode(name: string): boolean {
  return !name.startsWith(".") && !NOT_CODE.has(name) && !name.endsWith(".pyc");
}

function unlessGone(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.FilesystemLoop)) throw error;
}

/** The folder of a manifest, where it is a file of this machine. */
export function manifestFolder({ source }: PluginSpec): string | undefined {
  return source === undefined || /^https?:/.test(source) ? undefined : dirname(source);
}

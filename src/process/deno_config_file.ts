/**
 * One file of a Deno plugin's configuration.
 *
 * @module
 */
import { fromFileUrl, toFileUrl } from "@std/path";
import { parse as parseJsonc } from "@std/jsonc";
import * as v from "valibot";
import { messageOf } from "../protocol/text.ts";
import { ManifestError } from "../errors.ts";
import { mayRead } from "../manifest/host_access.ts";

/** How long all files of one plugin's may be together. What is longer is no configuration, and would only keep the host busy. */
const MAX_BYTES = 1024 * 1024;

/** As many packages a workspace may have, and so many scopes one map: each of them costs the host far more than its few bytes. */
const MAX_PARTS = 1000;

const specifiers = v.record(v.string(), v.nullable(v.string()));

/** Those that change what runs. All others say how the code is checked. */
const compilerOptions = v.object({
  jsx: v.optional(v.picklist(["react", "react-jsx", "react-jsxdev", "precompile"])),
  jsxFactory: v.optional(v.string()),
  jsxFragmentFactory: v.optional(v.string()),
  jsxImportSource: v.optional(v.string()),
  jsxPrecompileSkipElements: v.optional(v.array(v.string())),
  experimentalDecorators: v.optional(v.boolean()),
  emitDecoratorMetadata: v.optional(v.boolean()),
  verbatimModuleSyntax: v.optional(v.boolean()),
});

/** What is read of a `deno.json`, or of an import map. All else configures Deno, and so the worker's process. */
const schema = v.object({
  name: v.optional(v.string()),
  exports: v.optional(v.union([v.string(), v.record(v.string(), v.unknown())])),
  imports: v.optional(specifiers),
  scopes: v.optional(v.pipe(v.record(v.string(), specifiers), v.maxEntries(MAX_PARTS))),
  importMap: v.optional(v.string()),
  compilerOptions: v.optional(compilerOptions),
  workspace: v.optional(v.union([v.array(v.string()), v.object({ members: v.optional(v.array(v.string())) })])),
});

/** How the code is read. */
export type CompilerOptions = Readonly<v.InferOutput<typeof compilerOptions>>;

/** A file that has been read. */
export interface ConfigFile {
  readonly path: string;
  readonly content: Readonly<v.InferOutput<typeof schema>>;
}

/** Reads the configuration of one plugin, as far as the host may. */
export class ConfigReader {
  readonly #plugin: string;
  readonly #files = new Map<string, ConfigFile | undefined>();
  #room = MAX_BYTES;

  /** Prepares the reader; `plugin` is for its errors. */
  constructor(plugin: string) {
    this.#plugin = plugin;
  }

  /**
   * Reads a file. There is none where nothing stands, where something else than a file stands, or where the host may not read.
   *
   * @throws {ManifestError} When the file cannot be used.
   */
  read(path: string): ConfigFile | undefined {
    if (!this.#files.has(path)) this.#files.set(path, this.#read(path));
    return this.#files.get(path);
  }

  #read(path: string): ConfigFile | undefined {
    const file = statIfAllowed(path);
    if (file?.isFile !== true) return undefined;
    // Not even read: a link may lead to what has no length and never ends, such as some files in `/proc`.
    if (file.size === 0) return { path, content: {} };
    this.#room -= file.size;
    if (this.#room < 0) throw this.#unusable(path, `it is longer than ${MAX_BYTES} bytes, together with the others that belong to it`);
    const text = this.#text(path);
    if (text === undefined) return undefined;
    const outcome = v.safeParse(schema, this.#parse(path, text));
    if (outcome.success) return { path, content: outcome.output };
    const [issue] = outcome.issues;
    const place = ["$", v.getDotPath(issue)].filter((part) => part !== null).join(".");
    throw this.#unusable(path, `"${place}" is ${issue.received}, wanted is ${issue.expected ?? "something else"}`, { place });
  }

  /**
   * Makes sure that a workspace has no more packages than one can be thought to have.
   *
   * @throws {ManifestError} When it has more.
   */
  demandRoom(path: string, packages: number): void {
    if (packages > MAX_PARTS) throw this.#unusable(path, `its workspace has more than ${MAX_PARTS} packages`, { place: "$.workspace" });
  }

  /** Whether only few may write to a folder: into one such as `/tmp` anybody can put a file for others to find. */
  isGuarded(folder: string): boolean {
    const mode = statIfAllowed(folder)?.mode;
    return mode === null || (mode !== undefined && (mode & 0o1002) !== 0o1002);
  }

  /**
   * Reads a file that another one names, if the host may read it.
   *
   * @throws {ManifestError} When it is no file, or cannot be used.
   */
  readNamed(name: string, by: string): ConfigFile | undefined {
    const url = URL.parse(name, toFileUrl(by));
    if (url?.protocol !== "file:") {
      throw this.#unusable(by, `"$.importMap" is "${name}", wanted is the path of a file`, { place: "$.importMap" });
    }
    const path = fromFileUrl(url);
    const file = this.read(path);
    if (file === undefined && mayRead(path)) {
      throw this.#unusable(by, `"$.importMap" is "${name}", and there is no such file`, { place: "$.importMap" });
    }
    return file;
  }

  /** A file above the plugin may be another user's, whom the system lets keep it to himself. */
  #text(path: string): string | undefined {
    try {
      return Deno.readTextFileSync(path).replace(/^\uFEFF/, "");
    } catch (cause) {
      if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) return undefined;
      throw this.#unusable(path, `it cannot be read (${messageOf(cause)})`, { cause });
    }
  }

  #parse(path: string, text: string): unknown {
    try {
      return parseJsonc(text);
    } catch (cause) {
      throw this.#unusable(path, `it is no JSON (${messageOf(cause)})`, { cause });
    }
  }

  #unusable(path: string, what: string, details: { place?: string; cause?: unknown } = {}): ManifestError {
    return new ManifestError(`Cannot use "${path}" for "${this.#plugin}": ${what}`, { plugin: this.#plugin, source: path, ...details });
  }
}

/** What the system says of a file, `undefined` where there is nothing that can be read, or the host may not look. */
function statIfAllowed(path: string): Deno.FileInfo | undefined {
  if (!mayRead(path)) return undefined;
  try {
    return Deno.statSync(path);
  } catch {
    return undefined;
  }
}

/**
 * What a plugin gave as bytes, an array of numbers or a file.
 *
 * @module
 */
import { CallError, PermissionDeniedError, PluginStateError, ProtocolError } from "../errors.ts";
import { type ElementArrays, type ElementName, type NdArray, parseNpy } from "../protocol/npy.ts";
import { FileGoneError, ForeignFileError } from "./found_file.ts";
import { canMap, type FileMapping } from "./file_mapping.ts";
import type { BytesLocation, ResultLocation } from "./location.ts";

export { ForeignFileError };

/** Where a result's bytes are. */
export interface FileSource {
  /** A file that holds them. */
  readonly path: string;
  /** All of them, in the memory that is given, which has room for them. */
  read(into: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
  /** All of them, without a copy where there is a file. */
  map(): Promise<FileMapping>;
  /** Opens them for reading piece by piece. */
  pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void>;
  /** Removes the file, if there is one. */
  remove(): Promise<void>;
}

/** A source that another proxy can be given. */
export interface LocatedSource extends FileSource {
  /** Where the bytes are. */
  readonly location: BytesLocation;
}

/** How the bytes of a {@linkcode FileResult} are read. */
export interface BytesOptions {
  /**
   * Memory to read them into, at least as long; what comes back is the part of it that was filled. Memory that is used again takes a fraction of the
   * time of new memory, which the system has to clear first. Default: new memory.
   */
  readonly into?: Uint8Array<ArrayBuffer>;
}

/** What a {@linkcode FileResult} is made of. */
export interface FileResultFacts {
  /** The plugin's name, for errors. */
  readonly plugin: string;
  /** How many bytes it has. */
  readonly size: number;
  /** What the bytes are. */
  readonly mediaType: string;
  /** Where the bytes are. */
  readonly source: FileSource;
  /** Told once the file has been removed, or could not be. */
  readonly onRemoved: (result: FileResult) => void;
}

/** No member, for only those need it who give a result to another plugin. */
let locate: (result: FileResult) => ResultLocation;

/**
 * Bytes, an array of numbers or a file that a plugin gave. Given to another plugin, it is the path of a copy there. Its file is removed when it is
 * disposed of, and at the latest when the proxy or the worker ends. When the worker has died by itself, its bytes can still be read until then.
 *
 * @example
 * ```ts no-eval
 * import { type FileResult, RemotePluginProxy } from "@remote-plugin/proxy";
 *
 * await using plugin = await RemotePluginProxy.start("./segmenter.json");
 * await using mask = await plugin.execute<FileResult>({ picture: new URL("file:///tmp/photo.png") });
 * const { data, shape } = await mask.array("uint8"); // the plugin returned a numpy array
 * console.log(shape, data.length);
 * ```
 */
export class FileResult implements AsyncDisposable {
  static {
    locate = (result) => result.#location();
  }

  /** How many bytes it has. */
  readonly size: number;
  /** What the bytes are, for example `"application/x-npy"` for an array, `"application/octet-stream"` for plain bytes. */
  readonly mediaType: string;
  readonly #plugin: string;
  readonly #source: FileSource;
  readonly #onRemoved: (result: FileResult) => void;
  #removed: Promise<void> | undefined;

  /** Only a proxy makes results. */
  constructor({ plugin, size, mediaType, source, onRemoved }: FileResultFacts) {
    this.size = size;
    this.mediaType = mediaType;
    this.#plugin = plugin;
    this.#source = source;
    this.#onRemoved = onRemoved;
  }

  /**
   * The path of the file. A small value, which has come without one, is written to a file when this is first asked for.
   *
   * @throws {PluginStateError} When it has been disposed of, or the host and the worker share no folder.
   */
  get path(): string {
    this.#demandOpen();
    try {
      return this.#source.path;
    } catch (error) {
      return this.#fail(error);
    }
  }

  /**
   * All of the bytes.
   *
   * @param options Where to.
   * @throws {PluginStateError} When it has been disposed of.
   * @throws {ProtocolError} When the file is not any more the one that the worker has given.
   * @throws {RangeError} When `into` is too short.
   * @throws {CallError} With the code `no_room`, when they are more than one array can hold, or than there is memory for.
   */
  // A member of its own, so that a result cannot be cloned into another thread, where it would be an empty shell.
  readonly bytes: (options?: BytesOptions) => Promise<Uint8Array<ArrayBuffer>> = async ({ into } = {}) => {
    this.#demandOpen();
    if (into !== undefined && into.length < this.size) throw new RangeError(`${this.size} bytes do not fit into ${into.length}`);
    return await this.#source.read(into ?? this.#newMemory()).catch((error) => this.#fail(error));
  };

  /**
   * The bytes without a copy: the file's own pages, mapped into this program's memory. The host needs `--allow-ffi`, and Linux or macOS. The plugin must
   * not shorten the file meanwhile, for the system ends whoever looks at what is not there any more: for a plugin that you do not trust so far,
   * take `bytes()`.
   *
   * @throws {PermissionDeniedError} When the host may not use FFI.
   * @throws {PluginStateError} When the result has been disposed of, or the system has no `mmap`.
   * @throws {ProtocolError} When the file is not any more the one that the worker has given.
   *
   * @example
   * ```ts no-eval
   * import { type FileResult, RemotePluginProxy } from "@remote-plugin/proxy";
   *
   * await using plugin = await RemotePluginProxy.start("./segmenter.json");
   * await using mask = await plugin.execute<FileResult>({ picture: new URL("file:///tmp/photo.png") });
   * using mapping = await mask.map();
   * console.log(mapping.array().shape);
   * ```
   */
  async map(): Promise<FileMapping> {
    this.#demandOpen();
    demandMaps(this.#plugin);
    return await this.#source.map().catch((error) => this.#fail(error));
  }

  /** The bytes piece by piece. Errors are those of `bytes()`. */
  stream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    this.#demandOpen();
    return ReadableStream.from(this.#pieces());
  }

  /**
   * The array of numbers that a plugin gave, in C order and in this machine's byte order.
   *
   * @param elements The element type that the plugin is to give, by numpy's name, which says what `data` is. Default: any.
   * @throws {TypeError} When it is no `.npy` file, has elements of another type, or ones that JavaScript has no array for. Other errors are those of `bytes()`.
   */
  async array<Name extends ElementName = ElementName>(elements?: Name): Promise<NdArray<ElementArrays[Name]>> {
    return parseNpy(await this.bytes(), elements);
  }

  /**
   * Removes the file. Doing so twice is harmless.
   *
   * @throws {ProtocolError} When there is another file in its place by now, which is left alone.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#removed ??= this.#remove();
  }

  #location(): ResultLocation {
    this.#demandOpen();
    const source: FileSource & Partial<LocatedSource> = this.#source;
    if (source.location === undefined) throw new TypeError("only a result that a proxy has made can be given to a plugin");
    return { ...source.location, mediaType: this.mediaType };
  }

  #newMemory(): Uint8Array<ArrayBuffer> {
    try {
      return new Uint8Array(this.size);
    } catch (cause) {
      const plugin = this.#plugin;
      const message = `Cannot read a result of "${plugin}": there is no memory for an array of its ${this.size} bytes. ` +
        `Read it piece by piece by "stream()", or open the file at its "path"`;
      throw new CallError("no_room", message, { plugin, cause });
    }
  }

  async #remove(): Promise<void> {
    try {
      await this.#source.remove();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#onRemoved(this);
    }
  }

  async *#pieces(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    try {
      yield* this.#source.pieces();
    } catch (error) {
      this.#fail(error);
    }
  }

  #demandOpen(): void {
    if (this.#removed !== undefined) throw resultGoneError(this.#plugin);
  }

  #fail(cause: unknown): never {
    const plugin = this.#plugin;
    if (cause instanceof ForeignFileError) {
      throw new ProtocolError(`Cannot use a result of "${plugin}": ${cause.message}`, { plugin, cause });
    }
    if (!(cause instanceof FileGoneError)) throw cause;
    throw new PluginStateError(`Cannot use a result of "${plugin}": ${cause.message} any more. Read it before the plugin ends`, {
      plugin,
      cause,
    });
  }
}

/**
 * Where the bytes of a result are.
 *
 * @throws {PluginStateError} When it has been disposed of.
 */
export function locationOf(result: FileResult): ResultLocation {
  return locate(result);
}

function demandMaps(plugin: string): void {
  if (!canMap()) throw new PluginStateError(`Cannot map a result of "${plugin}": this system has no mmap. Use "bytes"`, { plugin });
  if (Deno.permissions.querySync({ name: "ffi" }).state === "granted") return;
  const missing: Deno.PermissionDescriptor[] = [{ name: "ffi" }];
  const flags = ["--allow-ffi"];
  throw new PermissionDeniedError(`Cannot map a result of "${plugin}": the host may not use FFI. Add ${flags[0]}, or use "bytes"`, {
    plugin,
    missing,
    flags,
  });
}

/** A result was used after its end. */
export function resultGoneError(plugin: string): PluginStateError {
  return new PluginStateError(`Cannot read a result of "${plugin}": it has been disposed of, or the plugin has been cleaned up`, {
    plugin,
  });
}

/** Whether an error, or its cause, is that a file of a worker is not there any more, or not its folder. */
export function isFileGone(error: unknown): boolean {
  if (error instanceof FileGoneError || error instanceof Deno.errors.NotFound) return true;
  return error instanceof Error && error.cause !== undefined && isFileGone(error.cause);
}

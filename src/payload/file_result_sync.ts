/**
 * What a plugin gave as bytes, an array of numbers or a file, for a thread that blocks.
 *
 * @module
 */
import { type ElementArrays, type ElementName, type NdArray, parseNpy } from "../protocol/npy.ts";
import type { ResultLocation } from "./location.ts";

/** How a {@linkcode FileResultSync} reaches its file. */
export interface FileAccess {
  /** The path of the file. */
  path(): string;
  /** All of the bytes. */
  bytes(): Uint8Array<ArrayBuffer>;
  /** The bytes piece by piece. */
  pieces(): Generator<Uint8Array<ArrayBuffer>, void, void>;
  /** Removes the file. */
  remove(): void;
}

/** What another proxy can be given. */
export interface LocatedAccess extends FileAccess {
  /** Where the bytes are. */
  location(): ResultLocation;
}

/** What a {@linkcode FileResultSync} is made of. */
export interface FileResultSyncFacts {
  /** How many bytes it has. */
  readonly size: number;
  /** What the bytes are. */
  readonly mediaType: string;
  /** Reaches the file itself. */
  readonly access: FileAccess;
}

/** No member, for only those need it who give a result to another plugin. */
let locate: (result: FileResultSync) => ResultLocation;

/**
 * Bytes, an array of numbers or a file that a plugin gave to `RemotePluginProxySync`: a `FileResult` whose members block, with the same errors. Its file is
 * removed when it is disposed of, and at the latest when the proxy or the worker ends.
 *
 * @example
 * ```ts no-eval
 * import { type FileResultSync, RemotePluginProxySync } from "@remote-plugin/proxy";
 *
 * using plugin = RemotePluginProxySync.start("./segmenter.json");
 * using mask = plugin.execute<FileResultSync>({ picture: new URL("file:///tmp/photo.png") });
 * console.log(mask.array().shape);
 * ```
 */
export class FileResultSync implements Disposable {
  static {
    locate = (result) => result.#location();
  }

  /** How many bytes it has. */
  readonly size: number;
  /** What the bytes are, for example `"application/x-npy"` for an array, `"application/octet-stream"` for plain bytes. */
  readonly mediaType: string;
  readonly #access: FileAccess;

  /** Only a proxy makes results. */
  constructor({ size, mediaType, access }: FileResultSyncFacts) {
    this.size = size;
    this.mediaType = mediaType;
    this.#access = access;
  }

  /** The path of the file. A small value, which has come without one, is written to a file when this is first asked for. */
  get path(): string {
    return this.#access.path();
  }

  /**
   * All of the bytes.
   *
   * @throws {PluginStateError} When it has been disposed of.
   * @throws {ProtocolError} When the file is not any more the one that the worker has given.
   */
  bytes(): Uint8Array<ArrayBuffer> {
    return this.#access.bytes();
  }

  /** The bytes piece by piece. Errors are those of `bytes()`. */
  stream(): Generator<Uint8Array<ArrayBuffer>, void, void> {
    return this.#access.pieces();
  }

  /**
   * The array of numbers that a plugin gave, in C order and in this machine's byte order.
   *
   * @param elements The element type that the plugin is to give, by numpy's name, which says what `data` is. Default: any.
   * @throws {TypeError} When it is no `.npy` file, has elements of another type, or ones that JavaScript has no array for. Other errors are those of `bytes()`.
   */
  array<Name extends ElementName = ElementName>(elements?: Name): NdArray<ElementArrays[Name]> {
    return parseNpy(this.bytes(), elements);
  }

  /** Removes the file. Doing so twice is harmless. */
  [Symbol.dispose](): void {
    this.#access.remove();
  }

  #location(): ResultLocation {
    const access: FileAccess & Partial<LocatedAccess> = this.#access;
    if (access.location === undefined) throw new TypeError("only a result that a proxy has made can be given to a plugin");
    return access.location();
  }
}

/**
 * Where the bytes of a result are.
 *
 * @throws {PluginStateError} When it has been disposed of.
 */
export function locationOfSync(result: FileResultSync): ResultLocation {
  return locate(result);
}

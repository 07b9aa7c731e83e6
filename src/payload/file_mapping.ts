/**
 * Files in the host's memory without a copy, by the system's `mmap`.
 *
 * @module
 */
import { type ElementArrays, type ElementName, type NdArray, parseNpy } from "../protocol/npy.ts";

const SYMBOLS = {
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
} as const;

/** Where the functions are, and the flags that differ. */
const SYSTEMS = {
  linux: { library: "libc.so.6", anonymous: 0x20, unreserved: 0x4000 },
  darwin: { library: "libSystem.dylib", anonymous: 0x1000, unreserved: 0x40 },
} as const;

const PROT_READ_WRITE = 1 | 2;
/** What is written to the memory does not reach the file. */
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** A stretch of addresses. */
interface Range {
  readonly address: Deno.PointerObject;
  readonly size: number;
}

/** Gives back the addresses of memory that nobody can reach any more. */
const FORGOTTEN = new FinalizationRegistry<() => void>((retire) => retire());

/** Whether this system has what it takes. */
export function canMap(): boolean {
  return Deno.build.os in SYSTEMS;
}

/**
 * The mappings of one worker's files. Addresses are not given back to the system while the worker lives, but stay valid, empty, and serve
 * the next mapping: a thread of the runtime that still reads what was disposed of finds zeros or other data there, and does not crash.
 */
export class MemoryMaps implements Disposable {
  readonly #system = SYSTEMS[Deno.build.os as keyof typeof SYSTEMS];
  readonly #libc = Deno.dlopen(this.#system.library, SYMBOLS);
  readonly #retired: Range[] = [];
  #mapped = 0;
  #isClosing = false;

  /** Maps an open file. */
  map(descriptor: number, size: number): FileMapping {
    if (size === 0) return new FileMapping(new ArrayBuffer(0), () => {});
    const range = this.#rangeOf(size);
    const address = this.#mmap(range?.address ?? null, size, MAP_PRIVATE | (range === undefined ? 0 : MAP_FIXED), descriptor);
    const buffer = Deno.UnsafePointerView.getArrayBuffer(address, size) as ArrayBuffer;
    this.#mapped++;
    const retire = this.#retirer(range ?? { address, size });
    FORGOTTEN.register(buffer, retire, buffer);
    return new FileMapping(buffer, () => {
      if (FORGOTTEN.unregister(buffer)) retire();
    });
  }

  /** A function of its own, for one that knew the buffer would keep it from being forgotten. */
  #retirer(range: Range): () => void {
    return () => this.#retire(range);
  }

  /** Lets go of all addresses, once the last mapping has ended. */
  [Symbol.dispose](): void {
    this.#isClosing = true;
    this.#closeIfLast();
  }

  #rangeOf(size: number): Range | undefined {
    const at = this.#retired.findIndex((range) => range.size >= size && range.size <= 2 * size);
    return at < 0 ? undefined : this.#retired.splice(at, 1)[0];
  }

  /** The file's pages give way to empty ones, which take no memory. */
  #retire(range: Range): void {
    const { anonymous, unreserved } = this.#system;
    this.#mmap(range.address, range.size, MAP_PRIVATE | MAP_FIXED | anonymous | unreserved, -1);
    this.#retired.push(range);
    this.#mapped--;
    this.#closeIfLast();
  }

  #closeIfLast(): void {
    if (!this.#isClosing || this.#mapped > 0) return;
    for (const { address, size } of this.#retired.splice(0)) this.#libc.symbols.munmap(address, BigInt(size));
    this.#libc.close();
  }

  #mmap(address: Deno.PointerValue, size: number, flags: number, descriptor: number): Deno.PointerObject {
    const mapped = this.#libc.symbols.mmap(address, BigInt(size), PROT_READ_WRITE, flags, descriptor, 0n);
    if (mapped === null || Deno.UnsafePointer.value(mapped) === MAP_FAILED) throw new Error(`the system maps no ${size} bytes any more`);
    return mapped;
  }
}

/**
 * A result's bytes without a copy: the pages of its file. What is written to them does not reach the file. It ends when it is disposed of, not with its
 * result or its proxy; all views of its memory are empty from then on.
 */
export class FileMapping implements Disposable {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #onEnd: () => void;

  /** Only a result makes mappings. */
  constructor(buffer: ArrayBuffer, onEnd: () => void) {
    this.#bytes = new Uint8Array(buffer);
    this.#onEnd = onEnd;
  }

  /**
   * All of the bytes.
   *
   * @throws {TypeError} When the mapping has been disposed of.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    if (this.#bytes.buffer.detached) throw new TypeError("Cannot read a mapping that has been disposed of");
    return this.#bytes;
  }

  /**
   * The array of numbers that a plugin gave. In C order and this machine's byte order its elements are the file's own pages, otherwise a copy.
   *
   * @param elements The element type that the plugin is to give, by numpy's name, which says what `data` is. Default: any.
   * @throws {TypeError} When the mapping has been disposed of, is no `.npy` file, has elements of another type, or ones that JavaScript has no array for.
   */
  array<Name extends ElementName = ElementName>(elements?: Name): NdArray<ElementArrays[Name]> {
    return parseNpy(this.bytes, elements);
  }

  /** Gives the memory back. Doing so twice is harmless. */
  [Symbol.dispose](): void {
    const { buffer } = this.#bytes;
    if (buffer.detached) return;
    buffer.transfer(0); // No view reaches the memory any more.
    this.#onEnd();
  }
}

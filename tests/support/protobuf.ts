/**
 * Reads protobuf messages without their schema: what a field means, whoever asks for it has to know.
 *
 * @module
 */

const UTF8 = new TextDecoder();

/** One message. */
export class ProtobufMessage {
  readonly #fields = new Map<number, (bigint | Uint8Array<ArrayBuffer>)[]>();

  /** Parses one. */
  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const reader = new Reader(bytes);
    while (!reader.atEnd) {
      const key = Number(reader.varint());
      const values = this.#fields.get(key >> 3) ?? [];
      values.push(reader.value(key & 7));
      this.#fields.set(key >> 3, values);
    }
  }

  /** Whether a field is there. */
  has(field: number): boolean {
    return this.#fields.has(field);
  }

  /** The messages in a field. */
  messages(field: number): ProtobufMessage[] {
    return (this.#fields.get(field) ?? []).map((value) => new ProtobufMessage(value as Uint8Array<ArrayBuffer>));
  }

  /** A field's text, or `""`. */
  text(field: number): string {
    return UTF8.decode(this.bytes(field));
  }

  /** A field's bytes. */
  bytes(field: number): Uint8Array<ArrayBuffer> {
    return this.#fields.get(field)?.at(-1) as Uint8Array<ArrayBuffer> | undefined ?? new Uint8Array();
  }

  /** A field's integer, or 0. */
  integer(field: number): number {
    return Number(BigInt.asIntN(64, this.#fields.get(field)?.at(-1) as bigint | undefined ?? 0n));
  }

  /** A field's floating-point number, or 0. */
  double(field: number): number {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setBigUint64(0, this.#fields.get(field)?.at(-1) as bigint | undefined ?? 0n);
    return bits.getFloat64(0);
  }
}

class Reader {
  readonly #view: DataView<ArrayBuffer>;
  #at = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get atEnd(): boolean {
    return this.#at >= this.#view.byteLength;
  }

  varint(): bigint {
    for (let value = 0n, shift = 0n;; shift += 7n) {
      const byte = this.#view.getUint8(this.#at++);
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  value(wireType: number): bigint | Uint8Array<ArrayBuffer> {
    switch (wireType) {
      case 0:
        return this.varint();
      case 1:
        return this.#view.getBigUint64((this.#at += 8) - 8, true);
      case 2:
        return this.#take(Number(this.varint()));
      case 5:
        return BigInt(this.#view.getUint32((this.#at += 4) - 4, true));
      default:
        throw new TypeError(`There is no wire type ${wireType}`);
    }
  }

  #take(length: number): Uint8Array<ArrayBuffer> {
    const start = this.#view.byteOffset + this.#at;
    this.#at += length;
    if (this.#at > this.#view.byteLength) throw new RangeError("The message ends too early");
    return new Uint8Array(this.#view.buffer, start, length);
  }
}

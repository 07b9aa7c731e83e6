/**
 * The body of a request with files: its JSON, and the bytes of the files behind it.
 *
 * @module
 */
import { bodyText, type WireRequest } from "../protocol/exchange.ts";
import { bytesOfParts, labelledText, type OutgoingPart } from "../protocol/parts.ts";

const UTF8 = new TextEncoder();

/** A request whose files are read while it is sent. */
export type RequestWithParts = WireRequest & { readonly parts: readonly OutgoingPart[] };

/** Whether a request has files. */
export function hasParts(request: WireRequest): request is RequestWithParts {
  return request.parts !== undefined;
}

/** What is sent for it, once. */
export class PartsBody {
  /** The JSON. */
  readonly json: Uint8Array<ArrayBuffer>;
  readonly #parts: readonly OutgoingPart[];
  /** Why a file could not be read. */
  failure: { readonly error: unknown } | undefined;

  /** Reads nothing yet. */
  constructor(request: RequestWithParts) {
    this.json = UTF8.encode(labelledText(bodyText(request) ?? "{}", request.parts));
    this.#parts = request.parts;
  }

  /** The files, piece by piece. */
  async *files(): AsyncGenerator<Uint8Array, void, void> {
    try {
      yield* bytesOfParts(this.#parts);
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }

  /** All of it. */
  stream(): ReadableStream<Uint8Array> {
    return ReadableStream.from(this.#all());
  }

  async *#all(): AsyncGenerator<Uint8Array, void, void> {
    yield this.json;
    yield* this.files();
  }
}

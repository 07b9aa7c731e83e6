/**
 * The body of a request, read once, and no more of it than may be held.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { findLongInteger } from "../../protocol/exact_integers.ts";
import type { ValueTypes } from "../../protocol/frames.ts";
import { isRecord, parseJson } from "../../protocol/json.ts";
import { messageOf } from "../../protocol/text.ts";
import { toPlace } from "../../protocol/pointers.ts";
import { decodeValue } from "../../protocol/decode_value.ts";
import { ClientFunctions } from "../client_functions.ts";
import { type Asked, type GatewayContext, placeOf } from "../context.ts";
import type { GatewayLimits } from "../options.ts";
import { ArrivingBytes, SlowBodyError, STEP_BYTES, UploadError } from "./arriving_bytes.ts";
import { badRequest, refusal, tooMuch } from "../reply/refusal.ts";

/** What a body says. */
export interface ReadBody {
  /** Its members, their values as plugins are given them. */
  readonly body: Readonly<Record<string, unknown>>;
  /** How long it was, in bytes, without the files behind it. */
  readonly bytesIn: number;
  /** The files that came with it, which are the reader's to dispose of. */
  readonly uploads?: AsyncDisposable;
  /** The functions in it, which its client runs; left out where there are none. */
  readonly functions?: ClientFunctions;
}

/** The members of a body of JSON. */
export interface DecodedBody {
  readonly body: Record<string, unknown>;
  /** The functions in it, which its client runs; left out where there are none. */
  readonly functions?: ClientFunctions;
}

/** What a body is read with. */
export type BodyContext = Pick<GatewayContext, "options" | "patience">;

/** Reads a body, or says why it cannot be had. */
export async function readBody(asked: Asked, context: BodyContext): Promise<ReadBody | Response> {
  const read = await readText(asked, context);
  if (read instanceof Response) return read;
  const decoded = read.text === "" ? { body: {} } : parsed(read.text);
  return decoded instanceof Response ? decoded : { ...decoded, bytesIn: read.bytesIn };
}

/** The text of a body. */
export interface ReadText {
  readonly text: string;
  /** How long it was, in bytes. */
  readonly bytesIn: number;
}

/** Reads the text of a body, which is empty where there is none, or says why it cannot be had. */
export function readText(asked: Asked, context: BodyContext): Promise<ReadText | Response> {
  const length = asked.req.raw.headers.get("content-length");
  return length === null ? readPieces(asked, context) : readWhole(asked, { ...context, length: Number(length) });
}

/** A body whose length is known: the server gives no more than that. One that has come with its head is there at once, unless it is asked for as a stream. */
async function readWhole(asked: Asked, context: BodyContext & { readonly length: number }): Promise<ReadText | Response> {
  const { length, options: { limits }, patience } = context;
  if (length > limits.bodyBytes) return tooLong(limits);
  if (length > STEP_BYTES) return await readPieces(asked, context);
  if (!placeOf(asked).take(length)) return noRoom();
  const given = new GivenText(asked.req.raw);
  if (!await given.isSoon()) {
    using _wait = patience.body.begin(() => given.giveUp());
    await given.settled;
  }
  const { text } = given;
  return text !== undefined ? { text, bytesIn: length } : given.isGivenUp ? tooSlow(limits) : cutShort();
}

/** How many turns of the engine it takes to get a body that has come with its head. To begin a wait costs more than these. */
const TURNS = 4;

/** The text of a body, once it has come. */
class GivenText {
  readonly #settled = Promise.withResolvers<void>();
  #isSettled = false;
  /** The text; `undefined` where it has not come. */
  text: string | undefined;
  /** Whether it was waited for too long. */
  isGivenUp = false;

  constructor(request: Request) {
    request.text().then((text) => this.#settle(text), () => this.#settle(undefined));
  }

  /** Resolves when it has come, or does not come any more. */
  get settled(): Promise<void> {
    return this.#settled.promise;
  }

  async isSoon(): Promise<boolean> {
    for (let turn = 0; turn < TURNS && !this.#isSettled; turn++) await undefined;
    return this.#isSettled;
  }

  giveUp(): void {
    this.isGivenUp = !this.#isSettled;
    this.#settle(undefined);
  }

  #settle(text: string | undefined): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.text = text;
    this.#settled.resolve();
  }
}

async function readPieces(asked: Asked, { options: { limits }, patience }: BodyContext): Promise<ReadText | Response> {
  const stream = asked.req.raw.body;
  if (stream === null) return { text: "", bytesIn: 0 };
  const bytes = new ArrivingBytes(stream, patience.body);
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const piece of bytes) {
      if (bytes.count > limits.bodyBytes) return tooLong(limits);
      if (!placeOf(asked).take(piece.length)) return noRoom();
      text += decoder.decode(piece, { stream: true });
    }
  } catch (error) {
    if (error instanceof SlowBodyError) return tooSlow(limits);
    if (error instanceof UploadError) return cutShort();
    throw error;
  }
  return { text: text + decoder.decode(), bytesIn: bytes.count };
}

/** The answer where bodies take all room. */
export function noRoom(): Response {
  return tooMuch("The bodies of other requests take all room");
}

/** The answer to a body that is too long. */
export function tooLong({ bodyBytes }: Required<GatewayLimits>): Response {
  return refusal(STATUS_CODE.ContentTooLarge, `The body is longer than ${bodyBytes} bytes`, { code: "body_too_long" });
}

/** The reply to a client that sends less than it has to. */
export function tooSlow({ bodyMs }: Pick<Required<GatewayLimits>, "bodyMs">): Response {
  const detail = `Less than ${STEP_BYTES} bytes of the body came within ${bodyMs} ms`;
  return refusal(STATUS_CODE.RequestTimeout, detail, { code: "body_too_slow" });
}

/** The reply when the client has left, or sends no more. Whoever reads it after all learns that the arguments are not what is wrong. */
function cutShort(): Response {
  return badRequest("The body ended before its Content-Length");
}

function parsed(text: string): DecodedBody | Response {
  const whole = parseJson(text);
  if (isRecord(whole)) return decodeBody(whole, text);
  return badRequest('The body is no JSON object. If it is a file, say so by its media type: "Content-Type: audio/wav"');
}

/** The values of a body that is read, or why they cannot be had. */
export function decodeBody(whole: object, text: string): DecodedBody | Response {
  const long = findLongInteger(whole, () => text);
  if (long !== undefined) {
    return badRequest(`The integer at "${toPlace(long.path)}" is one that no number of JavaScript holds`);
  }
  const { types, ...body } = whole as { readonly types?: ValueTypes };
  if (types !== undefined && !isRecord(types)) return badRequest('"types" in the body must be an object');
  try {
    let functions: ClientFunctions | undefined;
    const revive = (raw: unknown, pointer: string) => (functions ??= new ClientFunctions()).make(raw, pointer);
    return { body: decodeValue(body, types, { function: revive }) as Record<string, unknown>, functions };
  } catch (error) {
    return badRequest(messageOf(error));
  }
}

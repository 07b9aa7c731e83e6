/**
 * The arguments of a call, however its body was written: as JSON, as a form, or as nothing but a file.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { NoRoomError } from "../../payload/scratch.ts";
import { TextValueError } from "../../plugin/text_values.ts";
import { signatureAt } from "../../plugin/told_signatures.ts";
import type { CalledEndpoint } from "../../protocol/endpoints.ts";
import { isRecord } from "../../protocol/json.ts";
import type { MethodSignature } from "../../protocol/messages.ts";
import { ArrivingBytes, SlowBodyError } from "./arriving_bytes.ts";
import { type ReadBody, readBody, tooSlow } from "./body.ts";
import type { Asked, GatewayContext } from "../context.ts";
import { fileArguments, onlyFileArgument } from "./file_arguments.ts";
import { FormError, type FormField, kwargsOf, queryFields } from "./form.ts";
import type { Patience } from "./patience.ts";
import type { GatewayLimits } from "../options.ts";
import { badRequest, isUnknownPlugin, refusal, unknownPlugin } from "../reply/refusal.ts";
import { Uploads } from "./uploads.ts";

/** Which method of which plugin is called. */
export interface CalledMethod {
  readonly plugin: string;
  readonly endpoint: CalledEndpoint;
}

/** What programs say of JSON that they send: `fetch` says of a text that it is plain, and `curl -d` that it is a form. */
const JSON_MEDIA_TYPES: ReadonlySet<string> = new Set(["", "application/json", "text/plain", "application/x-www-form-urlencoded"]);

/** How long a plugin may take to say what it takes, its start included, in milliseconds. */
const MAX_WAIT_MS = 30_000;

const FORM_MEDIA_TYPE = "multipart/form-data";

/** Reads the body of a call, or says why it cannot be had. Arguments in the URL count where the body does not name them. */
export function readCallBody(asked: Asked, called: CalledMethod, context: GatewayContext): Promise<ReadBody | Response> {
  const query = queryFields(asked.req.url);
  const isJson = JSON_MEDIA_TYPES.has(mediaTypeOf(asked));
  return isJson && query.length === 0 ? readBody(asked, context) : readWithSignature(asked, { called, query, isJson }, context);
}

/** A call whose arguments are not JSON alone. */
interface WrittenCall {
  readonly called: CalledMethod;
  readonly query: readonly FormField[];
  readonly isJson: boolean;
}

async function readWithSignature(
  asked: Asked,
  { called, query, isJson }: WrittenCall,
  context: GatewayContext,
): Promise<ReadBody | Response> {
  const signature = await signatureOf(called, context);
  if (signature instanceof Response) return signature;
  const inUrl = await attempt(context.options.limits, () => kwargsOf(query, signature));
  if (inUrl instanceof Response) return inUrl;
  const read = isJson ? await readBody(asked, context) : await readFiles(asked, { signature, called, context });
  return read instanceof Response ? read : withKwargs(read, inUrl);
}

/** What is written instead of an object is left for whoever refuses it. */
function withKwargs(read: ReadBody, inUrl: Readonly<Record<string, unknown>>): ReadBody {
  const { kwargs = {} } = read.body;
  return isRecord(kwargs) ? { ...read, body: { ...read.body, kwargs: { ...inUrl, ...kwargs } } } : read;
}

/** What the method takes. A plugin that cannot be asked is called all the same, and its call fails with the reason. */
async function signatureOf({ plugin, endpoint }: CalledMethod, { manager }: GatewayContext): Promise<MethodSignature | Response> {
  try {
    return signatureAt(await manager.get(plugin).getSignatures({ timeoutMs: MAX_WAIT_MS }), endpoint) ?? {};
  } catch (error) {
    return isUnknownPlugin(error) ? unknownPlugin(error) : {};
  }
}

interface FileBody {
  readonly signature: MethodSignature;
  readonly called: CalledMethod;
  readonly context: GatewayContext;
}

/** Reads a form or a file to disk. */
async function readFiles(
  asked: Asked,
  { signature, called, context }: FileBody,
): Promise<ReadBody | Response> {
  const { uploads: place, options: { limits }, patience } = context;
  const { headers } = asked.req.raw;
  const bytesIn = Number(headers.get("content-length") ?? 0);
  if (bytesIn > place.limit) {
    return refusal(STATUS_CODE.ContentTooLarge, `The body is longer than ${place.limit} bytes`, { code: "body_too_long" });
  }
  const name = onlyFileArgument(signature);
  const isForm = mediaTypeOf(asked) === FORM_MEDIA_TYPE;
  if (!isForm && name === undefined) return noFileBody(mediaTypeOf(asked), signature, called);
  const uploads = new Uploads(place);
  const given = { asked, pieces: piecesOf(asked, patience.body), uploads };
  const kwargs = await attempt(limits, async () => kwargsOf(isForm ? await readForm(given) : [await readFile(name!, given)], signature));
  if (!(kwargs instanceof Response)) return { body: { kwargs }, bytesIn: bytesIn || uploads.bytes, uploads };
  await uploads[Symbol.asyncDispose]();
  return kwargs;
}

/** A body on its way to disk. */
interface GivenFiles {
  readonly asked: Asked;
  readonly pieces: AsyncIterable<Uint8Array>;
  readonly uploads: Uploads;
}

async function readForm({ asked, pieces, uploads }: GivenFiles): Promise<FormField[]> {
  // What takes forms apart is loaded with the first one.
  const { readMultipart } = await import("./multipart.ts");
  return await readMultipart({ pieces, contentType: asked.req.raw.headers.get("content-type")! }, uploads);
}

async function readFile(name: string, { asked, pieces, uploads }: GivenFiles): Promise<FormField> {
  const mediaType = mediaTypeOf(asked);
  return { name, value: await uploads.receive(pieces, { filename: undefined, mediaType }), mediaType };
}

/** An error of the client's connection is told from those of writing. */
async function* piecesOf({ req }: Asked, patience: Patience): AsyncGenerator<Uint8Array, void, void> {
  if (req.raw.body === null) return;
  try {
    yield* new ArrivingBytes(req.raw.body, patience);
  } catch (cause) {
    throw cause instanceof SlowBodyError ? cause : new FormError("The body ended before all of it had come", { cause });
  }
}

/** What the client says that the body is, without parameters. */
function mediaTypeOf({ req }: Asked): string {
  return (req.raw.headers.get("content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

/** What was given is what the client is told about. Everything else is the gateway's own fault. */
async function attempt<Value>(limits: Required<GatewayLimits>, read: () => Value | Promise<Value>): Promise<Value | Response> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof TextValueError || error instanceof FormError) return badRequest(error.message);
    if (error instanceof SlowBodyError) return tooSlow(limits);
    if (error instanceof NoRoomError) {
      return refusal(STATUS_CODE.InsufficientStorage, "The gateway has no room for the files of this request now", { code: "no_room" });
    }
    throw error;
  }
}

/** A body that is a file, for a plugin of which it is not known which argument that is. */
function noFileBody(mediaType: string, signature: MethodSignature, { plugin, endpoint }: CalledMethod): Response {
  const files = fileArguments(signature).map(({ name }) => `"${name}"`);
  const why = files.length === 0 ? "has no argument that says that it is a file" : `has several: ${files.join(", ")}`;
  const detail =
    `A body of "${mediaType}" is a file, and "${endpoint}" of "${plugin}" ${why}. Send JSON, or a form as "${FORM_MEDIA_TYPE}" with the file in a field of its argument's name`;
  return refusal(STATUS_CODE.UnsupportedMediaType, detail, { code: "unsupported_media_type" });
}

/**
 * Requests with files: section 7 of `docs/protocol.md`.
 *
 * @module
 */
import { type LabelledBody, MalformedPartsError, readLabels } from "../../../protocol/parts.ts";
import { decodeValue, FILE_TYPE } from "../../../protocol/decode_value.ts";
import { InboxFullError, ReceivedFiles } from "../inbox.ts";
import type { ScratchFiles } from "../scratch_files.ts";
import { type BodySource, ChunkedBody, SizedBody } from "./body_source.ts";
import { type HttpConnection, joined } from "./connection.ts";
import type { RequestHead } from "./head.ts";
import { Refusal } from "./refusal.ts";

/** A body whose files have come, with their paths in their places. */
export interface ReceivedBody {
  readonly body: Record<string, unknown>;
  readonly json: string;
  readonly inputs: Disposable;
}

/** The body of a request of HTTP with files. */
export function sourceOf(connection: HttpConnection, { headers }: RequestHead): BodySource {
  if (headers.get("transfer-encoding")?.toLowerCase() === "chunked") return new ChunkedBody(connection);
  const length = headers.get("content-length") ?? "";
  if (headers.has("transfer-encoding") || !/^\d{1,15}$/.test(length)) {
    throw new Refusal(411, "A body needs a Content-Length, or to be chunked", { closes: true });
  }
  return new SizedBody(connection, Number(length));
}

/**
 * Receives a body with files.
 *
 * @throws {Refusal} When it is none, or there is no place for the files. Where the next request begins is not known then.
 */
export async function receiveBody(source: BodySource, jsonLength: number, scratch: ScratchFiles | undefined): Promise<ReceivedBody> {
  if (scratch === undefined) throw new Refusal(400, "This worker takes no files", { closes: true });
  const { body, labels } = readJson(await exactly(source, jsonLength));
  const inputs = await receiveFiles({ source, labels, scratch });
  try {
    await source.end();
    labels.forEach(({ at }, index) => decodeValue(body, { [at]: FILE_TYPE }, { file: () => inputs.paths[index] }));
    return { body, json: JSON.stringify(body), inputs };
  } catch (error) {
    inputs[Symbol.dispose]();
    throw asRefusal(error);
  }
}

interface Arriving extends Pick<LabelledBody, "labels"> {
  readonly source: BodySource;
  readonly scratch: ScratchFiles;
}

async function receiveFiles({ labels, source, scratch }: Arriving): Promise<ReceivedFiles> {
  try {
    return await ReceivedFiles.receive(labels, source, scratch);
  } catch (error) {
    throw asRefusal(error);
  }
}

function asRefusal(error: unknown): unknown {
  if (error instanceof InboxFullError) return new Refusal(507, error.message, { closes: true });
  if (error instanceof TypeError) return new Refusal(400, `The body's parts are wrong: ${error.message}`, { closes: true });
  return error;
}

async function exactly(source: BodySource, length: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for (let left = length; left > 0;) {
    const piece = await source.some();
    const used = piece.subarray(0, left);
    pieces.push(used);
    left -= used.length;
    if (used.length < piece.length) source.giveBack(piece.subarray(used.length));
  }
  return joined(pieces);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function readJson(bytes: Uint8Array): LabelledBody {
  try {
    return readLabels(JSON.parse(UTF8.decode(bytes)));
  } catch (error) {
    const what = error instanceof MalformedPartsError ? error.message : `it is not JSON: ${(error as Error).message}`;
    throw new Refusal(400, `The body's parts are wrong: ${what}`, { closes: true });
  }
}

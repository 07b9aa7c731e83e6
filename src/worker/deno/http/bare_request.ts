/**
 * Requests and replies on a connection that was upgraded from HTTP, section 11 of `docs/protocol.md`.
 *
 * @module
 */
import { type FrameLine, isLastLine } from "../frame_line.ts";
import type { ScratchFiles } from "../scratch_files.ts";
import { bytesOf, hasFiles, piecesOf } from "./frame_parts.ts";
import { type HttpConnection, joined } from "./connection.ts";
import { Refusal } from "./refusal.ts";
import type { ReplyWriter } from "./reply_writer.ts";

/** The line before a request's body. */
export interface BareRequestLine {
  readonly endpoint: string;
  /** How long the body is, as it was written. */
  readonly length: string;
  /** What HTTP has in headers. */
  readonly fields: ReadonlyMap<string, string>;
}

/**
 * Reads the line before a request's body.
 *
 * @throws {Refusal} With 400, when it has no length.
 */
export function parseBareRequest(line: string): BareRequestLine {
  const [endpoint = "", length, ...fields] = line.split(" ");
  if (length === undefined) throw new Refusal(400, "The request has no length", { closes: true });
  return { endpoint, length, fields: new Map(fields.map(splitField)) };
}

function splitField(field: string): [string, string] {
  const at = field.indexOf("=");
  return at < 0 ? [field, ""] : [field.slice(0, at), field.slice(at + 1)];
}

/** Sends frames, and nothing around them. */
export class BareWriter implements ReplyWriter {
  readonly #connection: HttpConnection;
  readonly #scratch: ScratchFiles | undefined;

  /** Writes to an upgraded connection; the files of a frame behind it where they are in `scratch`. */
  constructor(connection: HttpConnection, scratch?: ScratchFiles) {
    this.#connection = connection;
    this.#scratch = scratch;
  }

  async write(lines: readonly FrameLine[]): Promise<boolean> {
    if (this.#scratch !== undefined && lines.some(hasFiles)) await this.#writeWithFiles(lines, this.#scratch);
    else await this.#connection.write(joined(lines.map(bytesOf)));
    return lines.some(isLastLine);
  }

  async #writeWithFiles(lines: readonly FrameLine[], scratch: ScratchFiles): Promise<void> {
    for await (const bytes of piecesOf(lines, scratch)) await this.#connection.write(bytes);
  }
}

/** Sends a refusal. */
export async function writeBareRefusal(connection: HttpConnection, { status, message }: Refusal): Promise<void> {
  await connection.writeText(`${JSON.stringify({ refused: { status, detail: message } })}\n`);
}

/**
 * What a client answers when a plugin has called one of its functions.
 *
 * @module
 */
import { readAnswer } from "../../protocol/callback_answer.ts";
import { isRecord } from "../../protocol/json.ts";
import { messageOf } from "../../protocol/text.ts";
import type { Asked } from "../context.ts";
import { badRequest } from "../reply/refusal.ts";
import { type BodyContext, type ReadBody, readText } from "./body.ts";

/** Reads the body of `POST /callback`, or says why it cannot be had. */
export async function readAnswerBody(asked: Asked, context: BodyContext): Promise<ReadBody | Response> {
  const read = await readText(asked, context);
  if (read instanceof Response) return read;
  try {
    const body: unknown = JSON.parse(read.text);
    if (!isRecord(body)) return badRequest("The body is no JSON object");
    return { body: { ...readAnswer(body) }, bytesIn: read.bytesIn };
  } catch (error) {
    return badRequest(messageOf(error));
  }
}

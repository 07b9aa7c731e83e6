/**
 * The token of a cluster, as each request shows it.
 *
 * @module
 */
import { messageOf } from "../protocol/text.ts";
import type { RayToken } from "./options.ts";

/** There is no token where one was promised, or none that can be shown. The message never holds it. */
export class RayTokenError extends Error {}

/**
 * The header that shows a token; none for a cluster that wants none, and where the variable that was named is not set.
 *
 * @throws {RayTokenError} When it cannot be had, or no header can hold it.
 */
export async function shownToken(token: RayToken | undefined): Promise<{ authorization?: string }> {
  const text = await told(token);
  if (text === undefined) return {};
  // What fetch says of such a header would show it.
  if (typeof text === "string" && /^[\x20-\x7e]+$/.test(text.trim())) return { authorization: `Bearer ${text.trim()}` };
  throw new RayTokenError('the "token" of ray() is no text of ASCII characters in one line, which is all that a header can hold');
}

async function told(token: RayToken | undefined): Promise<unknown> {
  if (typeof token === "string" || token === undefined) return token;
  try {
    if (typeof token === "function") return await token();
    return "env" in token ? Deno.env.get(token.env) : await Deno.readTextFile(token.file);
  } catch (cause) {
    const where = typeof token === "function"
      ? "the function"
      : "env" in token
      ? `the variable "${token.env}"`
      : `the file "${token.file}"`;
    throw new RayTokenError(`${where} that is the "token" of ray() gives none: ${messageOf(cause)}`, { cause });
  }
}

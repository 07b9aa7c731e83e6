/**
 * Who may send what: the checks that come before a request is looked at.
 *
 * @module
 */
import { isLoopback } from "../../../protocol/address.ts";
import type { WorkerLimits } from "../../../protocol/messages.ts";
import type { RequestHead } from "./head.ts";
import { Refusal } from "./refusal.ts";

/** Who is let in. */
export interface AccessRules {
  readonly token: string;
  readonly isTcp: boolean;
  readonly limits: Pick<WorkerLimits, "max_body_bytes">;
}

/** Checks heads of requests. */
export class Access {
  readonly #authorization: Uint8Array;
  readonly #isTcp: boolean;
  readonly #maxBodyBytes: number;

  /** Lets those in who have the token. */
  constructor({ token, isTcp, limits }: AccessRules) {
    this.#authorization = bytesOf(`Bearer ${token}`);
    this.#isTcp = isTcp;
    this.#maxBodyBytes = limits.max_body_bytes;
  }

  /** @throws {Refusal} With 401 or 403. */
  check({ headers, authority = "localhost" }: RequestHead): void {
    if (!isSame(bytesOf(headers.get("authorization") ?? ""), this.#authorization)) {
      throw new Refusal(401, "The request has no token or a wrong one", { closes: true });
    }
    if (headers.has("origin")) throw new Refusal(403, "A browser page may not call a plugin", { closes: true });
    if (this.#isTcp && !(isLoopback(headers.get("host") ?? "") && isLoopback(authority))) {
      throw new Refusal(403, "The host is not a loopback name", { closes: true });
    }
  }

  /**
   * How long the body is.
   *
   * @throws {Refusal} With 400, 411 or 413.
   */
  bodyLength({ headers }: RequestHead): number {
    if (headers.has("transfer-encoding")) throw new Refusal(411, "A body needs a Content-Length", { closes: true });
    return this.checkedLength(headers.get("content-length") ?? "0");
  }

  /**
   * The number that was given as the length of a body.
   *
   * @throws {Refusal} With 400 or 413.
   */
  checkedLength(text: string): number {
    if (!/^\d{1,15}$/.test(text)) throw new Refusal(400, "The length of the body is not a number", { closes: true });
    const length = Number(text);
    if (length > this.#maxBodyBytes) throw new Refusal(413, `The body is longer than ${this.#maxBodyBytes} bytes`, { closes: true });
    return length;
  }
}

/** Compares in a time that does not tell how much of it is right. */
function isSame(given: Uint8Array, wanted: Uint8Array): boolean {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) difference |= (given[i] ?? 0) ^ wanted[i]!;
  return difference === 0;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/**
 * Tokens, and whose they are.
 *
 * @module
 */
import type { Role } from "../context.ts";

/** Who holds a token. */
export interface Client {
  /** What it may do. */
  readonly role: Role;
  /** Which of the tokens of its role it holds, for example `caller 1`. */
  readonly client: string;
}

/** A token that opens the gateway. */
export interface KnownToken extends Client {
  readonly bytes: Uint8Array<ArrayBuffer>;
}

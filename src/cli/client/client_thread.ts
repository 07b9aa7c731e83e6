/**
 * The thread in which `gen` writes a client: what a plugin's schemas cost, they decide themselves.
 *
 * @module
 */
import { messageOf } from "../../protocol/text.ts";
import { answerHost } from "../../transport/asked_thread.ts";
import { type ClientFacts, clientText } from "./client_text.ts";

/** What has come of it. */
export type Written = { readonly text: string } | { readonly failure: string };

async function write(facts: ClientFacts): Promise<Written> {
  try {
    return { text: await clientText(facts) };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}

answerHost(write);

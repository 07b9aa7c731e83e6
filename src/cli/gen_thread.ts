/**
 * The thread in which `gen` writes a client: what a plugin's schemas cost, they decide themselves.
 *
 * @module
 */
import { type ClientFacts, clientText } from "./_client_text.ts";

/** What has come of it. */
export type Written = { readonly text: string } | { readonly failure: string };

const thread = globalThis as unknown as {
  onmessage: (event: MessageEvent<ClientFacts>) => void;
  postMessage(message: Written | "ready"): void;
};

async function write(facts: ClientFacts): Promise<Written> {
  try {
    return { text: await clientText(facts) };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

thread.onmessage = async ({ data }) => thread.postMessage(await write(data));
thread.postMessage("ready");

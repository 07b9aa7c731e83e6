/**
 * Clients that mean no good, beside which an honest one is measured.
 *
 * @module
 */
import { Crowd, requestText } from "../../tests/support/crowd.ts";
import type { ServerFacts } from "./servers.ts";

/** An attack that goes on until it is disposed of. */
export type Attack = (server: ServerFacts) => Promise<AsyncDisposable>;

const HALF_BODY = '{"kwargs": {"name": "answer", "argument": ';

function post(
  { operatorToken }: ServerFacts,
  path: string,
  { body, length = body.length }: { readonly body: string; readonly length?: number },
): string {
  const headers = { host: "127.0.0.1", authorization: `Bearer ${operatorToken}`, "content-length": `${length}` };
  return requestText(path, { headers, body });
}

/** By what they are called on the page. They have a token of their own, so that an honest client is another one. */
export const ATTACKS: Readonly<Record<string, Attack>> = {
  "6,000 silent connections": ({ url }) => Crowd.gather(url, { size: 6_000 }),
  "6,000 halves of a request's head": ({ url }) => Crowd.gather(url, { size: 6_000, says: "POST /work/execute HTTP/1.1\r\nhost: 127" }),
  "1,000 bodies that do not go on": (server) =>
    Crowd.gather(server.url, { size: 1_000, says: post(server, "/work/execute", { body: HALF_BODY, length: 1_000 }) }),
  "10,000 calls at once": (server) =>
    Crowd.gather(server.url, { size: 10_000, says: post(server, "/work/execute", { body: '{"kwargs": {"name": "nap"}}' }) }),
  "10 streams that nobody reads": (server) =>
    Crowd.gather(server.url, { size: 10, says: post(server, "/work/execute_stream", { body: '{"kwargs": {"count": 10000000}}' }) }),
  "512 MiB of JSON": endless,
};

/** Sends and sends, on a new connection when the last one was closed. */
function endless(server: ServerFacts): Promise<AsyncDisposable> {
  let isOver = false;
  const head = post(server, "/work/execute", { body: HALF_BODY, length: 512 * 2 ** 20 });
  const sending = (async () => {
    while (!isOver) await sendOnce(server.url, head);
  })();
  return Promise.resolve({
    async [Symbol.asyncDispose]() {
      isOver = true;
      await sending;
    },
  });
}

async function sendOnce(url: string, head: string): Promise<void> {
  await using crowd = await Crowd.gather(url, { size: 1, says: head });
  await crowd.send(new Uint8Array(2 ** 20).fill(49), 512);
}

import { assertEquals, assertRejects } from "@std/assert";
import { ConnectionEndedError, HttpConnection } from "./connection.ts";

/** A client in memory: what it sends is read in these pieces. */
class Client {
  readonly #pieces: (string | null)[] = [];
  #wake: (() => void) | undefined;
  reads = 0;

  send(...pieces: (string | null)[]): void {
    this.#pieces.push(...pieces);
    this.#wake?.();
  }

  async read(into: Uint8Array): Promise<number | null> {
    this.reads++;
    if (this.#pieces.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    const piece = this.#pieces.shift()!;
    if (piece === null) return null;
    const { read, written } = new TextEncoder().encodeInto(piece, into);
    if (read < piece.length) this.#pieces.unshift(piece.slice(read));
    return written;
  }
}

function open(...pieces: (string | null)[]): { client: Client; connection: HttpConnection } {
  const client = new Client();
  client.send(...pieces);
  return { client, connection: new HttpConnection(client as unknown as Deno.Conn) };
}

async function body(connection: HttpConnection, length: number): Promise<string> {
  return new TextDecoder().decode(await connection.readBody(length));
}

Deno.test("requests that came together are read one after the other, wherever their bytes were cut", async () => {
  const { connection } = open("one 3\nab", "ctwo 0", "\nthree 2\n", "de");
  assertEquals([await connection.readLine(), await body(connection, 3)], ["one 3", "abc"]);
  assertEquals([await connection.readLine(), await body(connection, 0)], ["two 0", ""]);
  assertEquals([await connection.readLine(), await body(connection, 2)], ["three 2", "de"]);
});

Deno.test("what comes while a request is answered is kept in its order, also when its body comes in parts", async () => {
  const { client, connection } = open("one 0\n");
  assertEquals(await connection.readLine(), "one 0");
  connection.watch(() => {});
  client.send("two 6\nab");
  await new Promise((resolve) => setTimeout(resolve));
  connection.unwatch();
  client.send("cd", "ef");
  assertEquals([await connection.readLine(), await body(connection, 6)], ["two 6", "abcdef"]);
});

Deno.test("a client that closes is told of behind what it had sent ahead", async () => {
  const { connection } = open("one 0\n", "two 0\n", null);
  await connection.readLine();
  await new Promise<void>((closed) => connection.watch(closed));
  assertEquals(connection.hasEnded, true);
  connection.watch(() => assertEquals(connection.hasEnded, true));
});

Deno.test("of a client that sends on and on no more is read than there is room for", async () => {
  const { client, connection } = open("one 0\n", "x".repeat(1024 * 1024));
  await connection.readLine();
  connection.watch(() => {});
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(client.reads, 3);
});

Deno.test("a body whose client goes is an error", async () => {
  const { connection } = open("one 3\nab", null);
  await connection.readLine();
  await assertRejects(() => connection.readBody(3), ConnectionEndedError);
});

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { pythonManifest } from "../support/managed_plugins.ts";
import { within } from "../support/guard.ts";
import { PrintedLines } from "../support/printed_lines.ts";
import { User } from "../support/cli_user.ts";
import { Witness } from "../support/witness.ts";

/** A client that writes lines itself. */
class LineClient implements AsyncDisposable {
  readonly #user: User;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly child: Deno.ChildProcess;
  readonly lines: PrintedLines;

  private constructor(user: User) {
    this.#user = user;
    this.child = user.start(["mcp"], { stdin: "piped" });
    this.lines = new PrintedLines(this.child.stdout);
    this.#writer = this.child.stdin.getWriter();
  }

  static async start(...fixtures: string[]): Promise<LineClient> {
    const manifests = await Promise.all(fixtures.map(async (name) => [`${name}.json`, await pythonManifest(name)]));
    return new LineClient(await User.create(Object.fromEntries(manifests)));
  }

  /** Writes a line, as it is. */
  async write(line: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Writes a message. */
  async send(message: Readonly<Record<string, unknown>>): Promise<void> {
    await this.write(JSON.stringify({ jsonrpc: "2.0", ...message }));
  }

  /** The next message, which is JSON or the test fails. */
  async next(what: string): Promise<Record<string, unknown>> {
    return JSON.parse(await this.lines.next(what));
  }

  /** Greets, as clients of 2025 do. */
  async initialize(): Promise<void> {
    const params = { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "lines", version: "1" } };
    await this.send({ id: "hello", method: "initialize", params });
    assertEquals((await this.next("the answer to the greeting")).id, "hello");
    await this.send({ method: "notifications/initialized" });
  }

  /** Closes standard input. */
  async leave(): Promise<void> {
    await this.#writer.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    const output = Promise.all([this.lines.cancel(), this.child.stderr.locked || this.child.stderr.cancel()]);
    assertEquals((await within(this.child.status, "the end of the program")).code, 0);
    await output;
    await this.#user[Symbol.asyncDispose]();
  }
}

Deno.test("what is no message is told on standard error, and what follows is answered", async () => {
  await using client = await LineClient.start("echo");
  const errors = toText(client.child.stderr);
  for (const nonsense of ["nonsense", "{", "[]", "{}", '{"jsonrpc":"2.0"}', '{"jsonrpc":"1.0","id":1,"method":"ping"}', "\u{0}\u{ffff}"]) {
    await client.write(nonsense);
  }
  await client.initialize();
  await client.send({ id: 1, method: "no/such", params: [] });
  await client.send({ id: 2, method: "tools/call", params: { name: 3 } });
  await client.send({ id: 3, method: "tools/call", params: { name: "echo", arguments: { a: 1 } } });
  const answers = new Map<unknown, Record<string, unknown>>();
  while (answers.size < 2) {
    const answer = await client.next("an answer");
    answers.set(answer.id, answer);
  }
  while (!answers.has(3)) answers.set(3, await client.next("the answer of the plugin"));
  assertEquals((answers.get(2)?.error as { code: number }).code, -32602);
  assertMatch(JSON.stringify(answers.get(3)?.result), /kwargs/);
  await client.leave();
  const told = await errors;
  assertMatch(told, /^The client has sent something that is no message: "jsonrpc" is not "2.0"$/m);
  assert(!told.includes('"code"'), told);
});

Deno.test("standard output has messages alone, whatever a plugin prints", async () => {
  await using client = await LineClient.start("prints");
  await client.initialize();
  await client.send({ id: 1, method: "tools/call", params: { name: "prints", arguments: {} } });
  const { result } = await client.next("the answer") as { result: { content: unknown } };
  assertEquals(result.content, [{ type: "text", text: "done" }]);
});

Deno.test("a client that leaves in a call ends the program, and the plugin with it", async () => {
  await using witness = new Witness();
  await using client = await LineClient.start("witnessed");
  await client.initialize();
  await client.send({
    id: 1,
    method: "tools/call",
    params: { name: "witnessed", arguments: { witness: witness.address, label: "it", child: ["true"], mode: "spins" } },
  });
  await witness.present(["it"]);
  await client.leave();
  await witness.end("it");
});

Deno.test("SIGTERM ends the program in order", async () => {
  await using client = await LineClient.start("holds");
  await client.initialize();
  await client.send({ id: 1, method: "tools/call", params: { name: "holds", arguments: { hold: "a" }, _meta: { progressToken: 1 } } });
  assertStringIncludes(JSON.stringify(await client.next("a sign of the call")), "notifications/progress");
  client.child.kill("SIGTERM");
});

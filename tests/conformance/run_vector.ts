/**
 * Runs the steps of one vector against one worker.
 *
 * @module
 */
import { assert } from "@std/assert";
import { CALL_ID_HEADER, FRAMES_MEDIA_TYPE } from "../../src/protocol/messages.ts";
import { PARTS_HEADER } from "../../src/protocol/parts.ts";
import { within } from "../support/guard.ts";
import { checkReply } from "./check_reply.ts";
import { Conversation } from "./conversation.ts";
import { expand } from "./expand.ts";
import type { Launched } from "./launch.ts";
import { assertMatches, type Expected, type Variables } from "./match.ts";
import { BARE_FIELDS, type Step, type Wire } from "./vector.ts";

/** Runs all steps, then closes every connection; the first step that does not go as expected is the error. */
export async function runSteps(steps: readonly Step[], launched: Launched, wire: Wire = "http"): Promise<void> {
  using run = new VectorRun(launched, wire);
  for (const [index, step] of steps.entries()) {
    try {
      await run.step(step);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`Step ${index + 1} ${JSON.stringify(step)}: ${reason}`, { cause: error });
    }
  }
}

/** Waits until no call runs or waits, so that the next vector finds the worker as it likes it. */
export async function settle(launched: Launched): Promise<void> {
  const idle = { $has: { calls: { $has: { running: 0, queued: 0 } } } };
  await runSteps([{ request: "GET /health", until: true, reply: { json: idle } }], launched);
}

class VectorRun implements Disposable {
  readonly #launched: Launched;
  readonly #wire: Wire;
  readonly #open = new Map<string, Conversation>();

  constructor(launched: Launched, wire: Wire) {
    this.#launched = launched;
    this.#wire = wire;
  }

  [Symbol.dispose](): void {
    for (const conversation of this.#open.values()) conversation[Symbol.dispose]();
  }

  async step(step: Step): Promise<void> {
    if (step.request !== undefined) return await this.#requests(step);
    if (step.on !== undefined) return await this.#onConnection(step, await this.#named(step.on));
    await this.#onProcess(step);
  }

  async #requests(step: Step): Promise<void> {
    if (step.until) return await within(this.#repeatedly(step), "the reply that is waited for");
    const indices = Array.from({ length: step.parallel ?? step.repeat ?? 1 }, (_, index) => index);
    if (step.parallel !== undefined) await Promise.all(indices.map((index) => this.#request(step, index)));
    else for (const index of indices) await this.#request(step, index);
  }

  async #repeatedly(step: Step): Promise<void> {
    for (;;) {
      try {
        return await this.#request(step, 0);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.startsWith("At $")) throw error;
      }
    }
  }

  async #request(step: Step, index: number): Promise<void> {
    const values = { token: this.#launched.token, i: String(index) };
    if (step.on !== undefined) return await this.#exchange(step, await this.#named(step.on, step.framed), values);
    using conversation = await this.#connect(step.framed);
    assert(step.reply !== undefined, "a request without a reply needs a connection with a name");
    await this.#exchange(step, conversation, values);
  }

  async #exchange(step: Step, conversation: Conversation, values: Readonly<Record<string, string>>): Promise<void> {
    await conversation.send(conversation.isBare ? bareBytes(step, values) : requestBytes(step, values));
    if (step.reply !== undefined) await checkReply(conversation, step.reply, this.#variables());
  }

  async #onConnection(step: Step, conversation: Conversation): Promise<void> {
    if (step.write !== undefined) await this.#write(step, conversation);
    if (step.frame !== undefined) assertMatches(JSON.parse(await conversation.nextLine()), step.frame, this.#variables());
    if (step.reply !== undefined) await checkReply(conversation, step.reply, this.#variables());
    if (step.lastWords !== undefined) await this.#lastWords(step.lastWords, conversation);
    if (step.close) this.#close(step.on!);
  }

  async #write(step: Step, conversation: Conversation): Promise<void> {
    await conversation.send(expand(step.write!, { token: this.#launched.token }));
  }

  async #lastWords(expected: readonly Expected[], conversation: Conversation): Promise<void> {
    const lines = await conversation.lastWords(this.#launched.process.held());
    assertMatches(lines.map((line) => JSON.parse(line)), expected as Expected, this.#variables());
  }

  async #onProcess(step: Step): Promise<void> {
    const { process } = this.#launched;
    if (step.hello !== undefined) assertMatches(process.hello, step.hello, this.#variables());
    if (step.log !== undefined) await process.printed(new RegExp(step.log, "u"));
    if (step.input !== undefined) await process.write(step.input);
    if (step.stdin === "close") await process.closeStdin();
    if (step.upgrade !== undefined) this.#open.set(step.upgrade, await this.#connect(true, "bare"));
    if (step.kill) process.kill();
    if (step.exit !== undefined) assertMatches(await process.ended(), step.exit, this.#variables());
  }

  async #named(name: string, framed?: boolean): Promise<Conversation> {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const opened = await this.#connect(framed);
    this.#open.set(name, opened);
    return opened;
  }

  #connect(framed: boolean = false, wire: Wire = this.#wire): Promise<Conversation> {
    const { process: { address }, token } = this.#launched;
    return framed && wire === "bare" ? Conversation.openUpgraded(address, token, this.#newName()) : Conversation.open(address);
  }

  /** For a connection to a worker whose farewell is heard. */
  #newName(): string | undefined {
    const { hello } = this.#launched.process;
    return "features" in hello && hello.features.includes("farewell") ? crypto.randomUUID() : undefined;
  }

  #close(name: string): void {
    this.#open.get(name)?.[Symbol.dispose]();
    this.#open.delete(name);
  }

  #variables(): Variables {
    const { hello } = this.#launched.process;
    return "pid" in hello ? { pid: hello.pid } : {};
  }
}

/** The same request on an upgraded connection. */
function bareBytes(step: Step, values: Readonly<Record<string, string>>): Uint8Array {
  const body = bodyBytes(step, values);
  const named = { ...(step.id === undefined ? {} : { [CALL_ID_NAME]: step.id }), ...step.headers };
  const fields = Object.entries(named).map(([name, value]) => ` ${BARE_FIELDS[name]}=${expand(value, values)}`);
  const parts = step.behind === undefined ? "" : ` parts=${body.length}`;
  const line = `${step.request!.replace(/^[A-Z]+ \//, "")} ${body.length}${fields.join("")}${parts}\n`;
  return joined(new TextEncoder().encode(expand(line, values)), joined(body, behind(step)));
}

const CALL_ID_NAME = "Remote-Plugin-Call";

function bodyBytes(step: Step, values: Readonly<Record<string, string>>): Uint8Array {
  return step.base64 === undefined ? new TextEncoder().encode(expand(bodyText(step), values)) : Uint8Array.fromBase64(step.base64);
}

function joined(head: Uint8Array, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

function requestBytes(step: Step, values: Readonly<Record<string, string>>): Uint8Array {
  const json = bodyBytes(step, values);
  const whole = joined(json, behind(step));
  const body = step.chunked ? chunked(whole) : whole;
  const headers: Record<string, string> = { Host: "localhost" };
  if (step.behind !== undefined) headers[PARTS_HEADER] = String(json.length);
  if (step.token !== null) headers["Authorization"] = `Bearer ${step.token ?? values["token"]}`;
  if (step.framed) headers["Accept"] = FRAMES_MEDIA_TYPE;
  if (step.id !== undefined) headers[CALL_ID_HEADER] = step.id;
  if (step.chunked) headers["Transfer-Encoding"] = "chunked";
  else if (body.length > 0) headers["Content-Length"] = String(body.length);
  const lines = Object.entries({ ...headers, ...step.headers }).map(([name, value]) => `${name}: ${expand(value, values)}\r\n`);
  return joined(new TextEncoder().encode(`${expand(step.request!, values)} HTTP/1.1\r\n${lines.join("")}\r\n`), body);
}

function behind({ behind: text = "" }: Step): Uint8Array {
  return new TextEncoder().encode(text);
}

/** How much goes in one chunk, in bytes: so little that no boundary of the body is one of chunks. */
const CHUNK_BYTES = 7;

function chunked(body: Uint8Array): Uint8Array {
  const encoder = new TextEncoder();
  let bytes: Uint8Array = new Uint8Array(0);
  for (let at = 0; at < body.length; at += CHUNK_BYTES) {
    const piece = body.subarray(at, at + CHUNK_BYTES);
    bytes = joined(bytes, joined(joined(encoder.encode(`${piece.length.toString(16)}\r\n`), piece), encoder.encode("\r\n")));
  }
  return joined(bytes, encoder.encode("0\r\n\r\n"));
}

function bodyText(step: Step): string {
  if (step.text !== undefined) return step.text;
  return step.body === undefined ? "" : JSON.stringify(step.body);
}

/**
 * Generates what a worker sends for several requests on one connection, and what a host has to make of it.
 *
 * @module
 */
import fc from "fast-check";

/** The reply to one of the requests. */
export interface SoundReply {
  readonly frames: readonly unknown[];
  /** Whether the last frame is the refusal of the request. */
  readonly isRefused: boolean;
  /** Behind which byte it ends. */
  readonly end: number;
}

/** What a worker sends. */
export interface AheadCase {
  readonly replies: readonly SoundReply[];
  /** The bytes, as they were meant. */
  readonly bytes: Uint8Array;
  /** Where something else comes, or nothing more. */
  readonly damage: { readonly at: number; readonly isCut: boolean } | undefined;
  /** The bytes as they come, in pieces. */
  readonly pieces: readonly Uint8Array[];
}

const value = fc.oneof(fc.integer(), fc.string(), fc.jsonValue({ maxDepth: 2 }));
const error = { code: "plugin_error", type: "E", message: "m", traceback: "" };
const steps = fc.oneof(value.map((chunk) => ({ chunk })), fc.string().map((message) => ({ progress: 0.5, message })));
const end = fc.oneof(
  { weight: 6, arbitrary: value.map((result) => ({ result })) },
  { weight: 1, arbitrary: fc.constant({ error }) },
  { weight: 1, arbitrary: fc.constant({ refused: { status: 409, detail: "d" } }) },
);
const lines = fc.tuple(
  fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.array(steps, { maxLength: 3 }) }),
  end,
)
  .map(([before, last]): readonly object[] => [...before, last]);

const damage = fc.option(fc.record({
  place: fc.double({ min: 0, max: 1, noNaN: true }),
  kind: fc.constantFrom("cut", "put", "removed"),
  put: fc.oneof(fc.uint8Array({ minLength: 1, maxLength: 6 }), fc.constantFrom('{"result":1}\n', "\n", "{}\n", '{"chunk":1}').map(encode)),
  removed: fc.integer({ min: 1, max: 6 }),
}));

/** A case, in which up to six requests are answered. */
export const aheadCase: fc.Arbitrary<AheadCase> = fc.record({
  replies: fc.array(lines, { minLength: 1, maxLength: 6 }),
  damage,
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
}).map(({ replies: all, damage, cuts }) => {
  const { replies, bytes } = written(all);
  if (damage === null) return { replies, bytes, damage: undefined, pieces: split(bytes, cuts) };
  const at = Math.floor(damage.place * bytes.length);
  const rest = damage.kind === "cut"
    ? []
    : damage.kind === "put"
    ? [damage.put, bytes.subarray(at)]
    : [bytes.subarray(at + damage.removed)];
  return { replies, bytes, damage: { at, isCut: damage.kind === "cut" }, pieces: split(join([bytes.subarray(0, at), ...rest]), cuts) };
});

function written(all: readonly (readonly object[])[]): Pick<AheadCase, "replies" | "bytes"> {
  const parts: Uint8Array[] = [];
  let end = 0;
  const replies = all.map((lines) => {
    const part = encode(lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    parts.push(part);
    end += part.length;
    const isRefused = "refused" in lines.at(-1)!;
    return { frames: (isRefused ? lines.slice(0, -1) : lines).map(viaJson), isRefused, end };
  });
  return { replies, bytes: join(parts) };
}

function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const ends = [...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter(({ length }) => length > 0);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function viaJson(line: object): unknown {
  return JSON.parse(JSON.stringify(line));
}

/**
 * Generates replies of a worker, from sound ones to noise.
 *
 * @module
 */
import fc from "fast-check";

/** What a worker sends for one request. */
export interface ReplyCase {
  readonly bytes: Uint8Array;
  /** What a host must make of it; `undefined` where it may only refuse it, or be lucky. */
  readonly chunks: readonly unknown[] | undefined;
}

const MEDIA_TYPE = "application/vnd.remote-plugin+ndjson";

const oddities = fc.constantFrom(
  "",
  "{",
  "null",
  "[]",
  "\ufeff{}",
  '{"result"',
  '{"result": NaN}',
  '{"result": 1e999}',
  '{"chunk": 1, "result": 1}',
  '{"callback": {"id": 1, "function": 0, "args": [], "kwargs": {}}}',
  '{"callback": {"id": 1, "function": 0, "args": [], "kwargs": {}}, "types": {"/args": "file"}}',
  '{"callback": {"id": 1, "function": 63, "args": [], "kwargs": {}}, "result": 1}',
  '{"error": {}}',
  '{"error": {"code": "cancelled", "type": "T", "message": "m", "traceback": ""}}',
  '{"error": {"code": "load_error", "type": "T", "message": "m", "traceback": ""}}',
  '{"error": {"code": 1, "type": "T", "message": "m", "traceback": ""}}',
  '{"progress": 1e400, "message": ""}',
  '{"progress": 0.5}',
  '{"result": "NaN", "types": {"": "number"}}',
  '{"result": ["x"], "types": {"/0": "number"}}',
  '{"result": {}, "types": {"/__proto__/polluted": "number"}}',
  '{"result": "NaN", "types": null}',
  `{"result": ${"9".repeat(400)}}`,
  `{"chunk": ${"[".repeat(3000)}${"]".repeat(3000)}}`,
  `{"chunk": ${"[".repeat(3000)}}`,
);

const chunk = fc.jsonValue({ maxDepth: 3 });
const chunkLine = chunk.map((value) => JSON.stringify({ chunk: value }));
const progressLine = fc.tuple(fc.float({ noNaN: true, min: -1, max: 1 }), fc.string()).map(([progress, message]) =>
  JSON.stringify({ progress, message })
);
const resultLine = chunk.map((value) => JSON.stringify({ result: value }));
const refusalLine = fc.oneof(
  fc.record({
    status: fc.oneof(fc.constantFrom(400, 401, 404, 409, 413), fc.jsonValue({ maxDepth: 1 })),
    detail: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 })),
  }),
  fc.jsonValue({ maxDepth: 2 }),
).map((refused) => JSON.stringify({ refused }));
const callbackLine = fc.record({
  id: fc.oneof(fc.constant(1), fc.jsonValue({ maxDepth: 1 })),
  function: fc.oneof(fc.constant(0), fc.jsonValue({ maxDepth: 1 })),
  args: fc.oneof(fc.constant([]), fc.jsonValue({ maxDepth: 2 })),
  kwargs: fc.oneof(fc.constant({}), fc.jsonValue({ maxDepth: 2 })),
}, { requiredKeys: [] }).map((callback) => JSON.stringify({ callback }));
const anyLine = fc.oneof(callbackLine, chunkLine, progressLine, resultLine, oddities, fc.string(), fc.json());

/** A stream as it should be, and what it holds. */
const soundBody = fc.record({ chunks: fc.array(chunk, { maxLength: 4 }), progress: progressLine }).map(({ chunks, progress }) => {
  const lines = [progress, ...chunks.map((value) => JSON.stringify({ chunk: value })), '{"result":null}'];
  return { body: encode(lines.map((line) => `${line}\n`).join("")), chunks: viaJson(chunks) };
});

const soundCase: fc.Arbitrary<ReplyCase> = fc.record({
  sound: soundBody,
  cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 3 }),
}).map(({ sound: { body, chunks }, cuts }) => ({
  bytes: join([head("Transfer-Encoding: chunked"), ...chunked(body, cuts), encode("0\r\n\r\n")]),
  chunks,
}));

const soundBareCase: fc.Arbitrary<ReplyCase> = soundBody.map(({ body, chunks }) => ({ bytes: body, chunks }));

const carriers = fc.constantFrom(
  (body: Uint8Array) => [head(`Content-Length: ${body.length}`), body],
  (body: Uint8Array) => [head(`Content-Length: ${body.length + 7}`), body],
  (body: Uint8Array) => [head(`Content-Length: ${Math.max(0, body.length - 3)}`), body],
  (body: Uint8Array) => [head("Content-Length: 10000000000"), body],
  (body: Uint8Array) => [head("Content-Length: -1"), body],
  (body: Uint8Array) => [head("Content-Length: 99999999999999999999999"), body],
  (body: Uint8Array) => [head("Connection: close"), body],
  (body: Uint8Array) => [head("Transfer-Encoding: chunked"), ...chunked(body, []), encode("0\r\n\r\n")],
  (body: Uint8Array) => [head("Transfer-Encoding: chunked"), ...chunked(body, [])],
  (body: Uint8Array) => [head("Transfer-Encoding: chunked"), encode("fffffffffffffff\r\n"), body],
  (body: Uint8Array) => [head("Transfer-Encoding: chunked"), encode("zz\r\n"), body],
  (body: Uint8Array) => [head("Content-Encoding: gzip\r\nConnection: close"), body],
  (body: Uint8Array) => [encode("HTTP/1.1 500 Oops\r\nConnection: close\r\n\r\n"), body],
  (body: Uint8Array) => [encode("HTTP/1.1 302 Found\r\nLocation: http://localhost/ready\r\nContent-Length: 0\r\n\r\n"), body],
  (body: Uint8Array) => [encode("HTTP/1.1 204 No Content\r\n\r\n"), body],
  (body: Uint8Array) => [encode("HTTP/1.1 100 Continue\r\n\r\n".repeat(20)), head("Connection: close"), body],
  (body: Uint8Array) => [encode("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n"), body],
  (body: Uint8Array) => [body],
);

const oddBody = fc.record({
  lines: fc.array(fc.oneof(anyLine, refusalLine), { maxLength: 5 }),
  end: fc.constantFrom("\n", "", "\r\n", "\n\n"),
}).map(({ lines, end }) => encode(lines.join("\n") + end));

const oddCase: fc.Arbitrary<ReplyCase> = fc.record({ body: oddBody, carrier: carriers }).map(({ body, carrier }) => ({
  bytes: join(carrier(body)),
  chunks: undefined,
}));

const oddBareCase: fc.Arbitrary<ReplyCase> = oddBody.map((bytes) => ({ bytes, chunks: undefined }));

function broken(...from: readonly fc.Arbitrary<ReplyCase>[]): fc.Arbitrary<ReplyCase> {
  return fc.record({
    from: fc.oneof(...from),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.nat({ max: 6 }),
    put: fc.uint8Array({ maxLength: 6 }),
  }).map(({ from: { bytes }, place, removed, put }) => {
    const at = Math.floor(place * bytes.length);
    return { bytes: join([bytes.subarray(0, at), put, bytes.subarray(at + removed)]), chunks: undefined };
  });
}

const noise: fc.Arbitrary<ReplyCase> = fc.uint8Array({ maxLength: 300 }).map((bytes) => ({ bytes, chunks: undefined }));

/** A reply of any kind, over HTTP. */
export const replyCase: fc.Arbitrary<ReplyCase> = fc.oneof(
  { weight: 3, arbitrary: soundCase },
  { weight: 4, arbitrary: oddCase },
  { weight: 4, arbitrary: broken(soundCase, oddCase) },
  { weight: 1, arbitrary: noise },
);

/** The same on an upgraded connection. */
export const bareReplyCase: fc.Arbitrary<ReplyCase> = fc.oneof(
  { weight: 3, arbitrary: soundBareCase },
  { weight: 4, arbitrary: oddBareCase },
  { weight: 4, arbitrary: broken(soundBareCase, oddBareCase) },
  { weight: 1, arbitrary: noise },
);

function head(fields: string): Uint8Array {
  return encode(`HTTP/1.1 200 OK\r\nContent-Type: ${MEDIA_TYPE}\r\n${fields}\r\n\r\n`);
}

function chunked(body: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.filter((cut) => cut < body.length).sort((a, b) => a - b), body.length];
  return places.slice(1).flatMap((end, index) => {
    const part = body.subarray(places[index], end);
    return part.length === 0 ? [] : [encode(`${part.length.toString(16)}\r\n`), part, encode("\r\n")];
  });
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
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

function viaJson(value: readonly unknown[]): unknown[] {
  return JSON.parse(JSON.stringify(value));
}

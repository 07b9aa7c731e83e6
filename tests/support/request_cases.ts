/**
 * Generates requests to a worker, from sound ones to noise.
 *
 * @module
 */
import fc from "fast-check";

/** A request that is HTTP, and so has one reply; or bytes that are none, after which the worker may hang up. */
export interface RequestCase {
  /** The bytes, `TOKEN` in the place of the token. */
  readonly text: string;
}

const ENDPOINT_PATHS = [
  ...["/health", "/ready", "/stats", "/progress", "/cancel", "/config", "/config_schema"],
  ...["/initialize", "/execute", "/execute", "/execute", "/execute_stream", "/prefetch", "/reconfigure", "/cleanup"],
];

const path = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...ENDPOINT_PATHS) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "/",
      "/__proto__",
      "/constructor",
      "/execute/",
      "//execute",
      "/execute?a=%00",
      "http://localhost/health",
      "/%2e",
    ),
  },
  { weight: 1, arbitrary: fc.webPath().map((text) => `/${text}`) },
);
const method = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom("GET", "POST", "POST") },
  fc.constantFrom("PUT", "OPTIONS", "HEADERS", "get"),
);

const callBody = fc.record({
  args: fc.oneof(fc.array(fc.jsonValue({ maxDepth: 2 }), { maxLength: 2 }), fc.jsonValue({ maxDepth: 1 })),
  kwargs: fc.oneof(fc.record({ value: fc.jsonValue({ maxDepth: 3 }) }), fc.jsonValue({ maxDepth: 2 })),
  types: fc.oneof(
    fc.constant({ "/kwargs/value": "number" }),
    fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
    fc.jsonValue({ maxDepth: 1 }),
  ),
  call_id: fc.oneof(fc.string(), fc.jsonValue({ maxDepth: 1 })),
}, { requiredKeys: [] }).map((value) => JSON.stringify(value));

const body = fc.oneof(
  { weight: 5, arbitrary: callBody },
  fc.json({ maxDepth: 4 }),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.constantFrom(
    "",
    "{",
    "[]",
    "NaN",
    '{"kwargs": {"value": 1e999}}',
    '{"kwargs": {"value": "\\ud800"}}',
    '{"kwargs": {"value": 1, "value": 2}}',
    `{"kwargs": {"value": ${"9".repeat(5000)}}}`,
    `{"kwargs": {"value": ${"[".repeat(5000)}${"]".repeat(5000)}}}`,
    `${"[".repeat(5000)}`,
    '{"args": [[], {}, "x"]}',
    '{"__proto__": {"x": 1}, "kwargs": {"__class__": 1}}',
  ),
);

const extras = fc.array(
  fc.constantFrom(
    "Accept: application/vnd.remote-plugin+ndjson",
    "Accept: */*",
    "Remote-Plugin-Call: x y",
    "Remote-Plugin-Call: one",
    `Remote-Plugin-Call: ${"x".repeat(200)}`,
    "Expect: 100-continue",
    "Content-Type: text/html",
    "X-Empty:",
    "Connection: keep-alive",
  ),
  { maxLength: 3 },
);

/** A request that every worker has to answer, for better or worse. */
export const soundRequest: fc.Arbitrary<RequestCase> = fc.record({ method, path, body, extras }).map(({ method, path, body, extras }) => ({
  text: `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\n` +
    [...new Map(extras.map((line) => [line.split(":")[0], line])).values(), `Content-Length: ${new TextEncoder().encode(body).length}`]
      .map((line) => `${line}\r\n`).join("") +
    `\r\n${body}`,
}));

const oddHeader = fc.oneof(
  fc.constantFrom(
    "Content-Length: 5, 5",
    "Content-Length: -1",
    "Content-Length: 10000000000",
    "Content-Length: 0x10",
    "Transfer-Encoding: chunked",
    "Transfer-Encoding: identity",
    "Origin: null",
    "Authorization: Bearer wrong",
    "Authorization:",
    " folded",
    "no colon",
    ": no name",
    "Host: evil.example",
    "X-Zero: \0",
    "X-Bare: a\nb",
    `X-Long: ${"y".repeat(70_000)}`,
  ),
  fc.string(),
);

const oddRequest: fc.Arbitrary<RequestCase> = fc.record({
  line: fc.oneof(
    fc.constantFrom(
      "GET /health HTTP/1.1",
      "POST /execute HTTP/1.1",
      "GET /health HTTP/1.0",
      "GET  /health HTTP/1.1",
      "GET * HTTP/1.1",
      "",
      "\0",
    ),
    fc.string(),
  ),
  headers: fc.array(oddHeader, { maxLength: 4 }),
  hasToken: fc.boolean(),
  body,
}).map(({ line, headers, hasToken, body }) => ({
  text: [line, "Host: localhost", ...(hasToken ? ["Authorization: Bearer TOKEN"] : []), ...headers, "", body].join("\r\n"),
}));

function cut(...from: readonly fc.Arbitrary<RequestCase>[]): fc.Arbitrary<RequestCase> {
  return fc.record({
    from: fc.oneof(...from),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.nat({ max: 5 }),
    put: fc.string({ unit: "binary", maxLength: 5 }),
  }).map(({ from: { text }, place, removed, put }) => {
    const at = Math.floor(place * text.length);
    return { text: text.slice(0, at) + put + text.slice(at + removed) };
  });
}

const noise: fc.Arbitrary<RequestCase> = fc.string({ unit: "binary" }).map((text) => ({ text }));

/** Bytes after which a worker may answer, refuse or hang up, but not hang. */
export const brokenRequest: fc.Arbitrary<RequestCase> = fc.oneof(oddRequest, cut(soundRequest, oddRequest), noise);

const endpoint = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...ENDPOINT_PATHS).map((path) => path.slice(1)) },
  fc.constantFrom("", "__proto__", "frames", "/execute", "execute/"),
);

const fields = fc.array(fc.constantFrom("call=one", "call=", `call=${"x".repeat(200)}`, "files=shared", "files", "other=1", "="), {
  maxLength: 3,
});

/** A request on an upgraded connection that every worker has to answer. */
export const soundBareRequest: fc.Arbitrary<RequestCase> = fc.record({ endpoint, fields, body }).map(({ endpoint, fields, body }) => ({
  text: `${[endpoint, new TextEncoder().encode(body).length, ...fields].join(" ")}\n${body}`,
}));

const oddBareRequest: fc.Arbitrary<RequestCase> = fc.record({
  line: fc.oneof(
    fc.constantFrom(
      "",
      "execute",
      "execute ",
      "execute -1",
      "execute 1e3",
      "execute 10000000000",
      "execute 9 \0",
      `health 0 x=${"y".repeat(70_000)}`,
    ),
    fc.string(),
  ),
  body,
}).map(({ line, body }) => ({ text: `${line}\n${body}` }));

/** The same as {@linkcode brokenRequest} on an upgraded connection. */
export const brokenBareRequest: fc.Arbitrary<RequestCase> = fc.oneof(oddBareRequest, cut(soundBareRequest, oddBareRequest), noise);

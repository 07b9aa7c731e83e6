// Generated from deno/main.ts. Do not edit; run: deno task embed
// src/protocol/messages.ts
var PROTOCOL_VERSION = 1;
var FRAMES_MEDIA_TYPE = "application/vnd.remote-plugin+ndjson";
var CALL_ID_HEADER = "remote-plugin-call";
var FILES_HEADER = "remote-plugin-files";
var CALL_ID = /^[\x21-\x7e]{1,128}$/;
var UPGRADE_PROTOCOL = "remote-plugin-frames";
var UPGRADE_ENDPOINT = "frames";
var UPGRADE_FEATURE = "upgrade";
var MAX_CONTROL_LINE_BYTES = 1024 * 1024;
var MAX_HEADER_BYTES = 64 * 1024;
var MAX_FRAME_BYTES = 128 * 1024 * 1024;
var ENDPOINTS = {
  ready: {
    method: "GET",
    isCall: false
  },
  health: {
    method: "GET",
    isCall: false
  },
  stats: {
    method: "GET",
    isCall: false
  },
  progress: {
    method: "GET",
    isCall: false
  },
  cancel: {
    method: "POST",
    isCall: false
  },
  in_use: {
    method: "POST",
    isCall: false
  },
  config_schema: {
    method: "GET",
    isCall: false
  },
  config: {
    method: "GET",
    isCall: false
  },
  signatures: {
    method: "GET",
    isCall: false
  },
  initialize: {
    method: "POST",
    isCall: true
  },
  execute: {
    method: "POST",
    isCall: true
  },
  execute_stream: {
    method: "POST",
    isCall: true
  },
  prefetch: {
    method: "POST",
    isCall: true
  },
  reconfigure: {
    method: "POST",
    isCall: true
  },
  cleanup: {
    method: "POST",
    isCall: true
  }
};

// src/protocol/private_folder.ts
var OWNER_FILE = "owner.lock";
var OWNER_LINE = "remote-plugin private folder: whoever can lock this file may remove the folder\n";

// src/protocol/telemetry.ts
var SPAN_DELAY_MS = 250;
var REGISTRY = Symbol.for("opentelemetry.js.api.1");
var SUPPRESS_TRACING = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
function registeredTelemetry() {
  return globalThis[REGISTRY];
}
var HEADER_VALUE = /^[\x20-\x7e]{1,8192}$/;
function traceFrom(read) {
  const value = (name) => {
    const text2 = read(name);
    return text2 !== void 0 && HEADER_VALUE.test(text2) ? {
      [name]: text2
    } : {};
  };
  const parent = value("traceparent");
  return "traceparent" in parent ? {
    ...parent,
    ...value("tracestate"),
    ...value("baggage")
  } : void 0;
}

// src/worker/deno/error_body.ts
var PluginFailure = class extends Error {
  name = "PluginFailure";
  /** What the host is told. */
  body;
  /** Wraps the body. */
  constructor(body) {
    super(body.message);
    this.body = body;
  }
};
var CATEGORIES = [
  "user_input",
  "transient",
  "resource",
  "fatal"
];
var BY_CLASS = categories({
  user_input: "TypeError RangeError SyntaxError URIError NotFound AlreadyExists NotADirectory IsADirectory FilesystemLoop PermissionDenied NotCapable InvalidData",
  transient: "TimeoutError Timeout TimedOut ConnectionError ConnectionRefused ConnectionReset ConnectionAborted BrokenPipe NotConnected NetworkUnreachable NetworkError Interrupted WouldBlock"
});
var BY_CODE = categories({
  user_input: "ENOENT ENOTDIR EISDIR EACCES EPERM EEXIST ENAMETOOLONG",
  transient: "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTCONN ESHUTDOWN ENETDOWN ENETRESET ENETUNREACH EHOSTDOWN EHOSTUNREACH ETIMEDOUT EAGAIN EINTR EINPROGRESS EALREADY ENOTFOUND EAI_AGAIN",
  resource: "ENOSPC EDQUOT EMFILE ENFILE ENOMEM"
});
var FETCH_FAILED = /^(fetch failed$|error (sending request|reading a body|decoding response body))/;
function categories(names) {
  return new Map(Object.entries(names).flatMap(([category, list]) => list.split(" ").map((name) => [
    name,
    category
  ])));
}
function errorBody(code, thrown) {
  const type = typeName(thrown);
  const message = messageOf(thrown);
  const category = categoryOf(code, thrown, type);
  return {
    code,
    type,
    message,
    traceback: traceback(thrown),
    category,
    retriable: retriable(thrown) ?? (category === "transient" || category === "resource"),
    original_exc_repr: `${type}(${JSON.stringify(message)})`,
    occurred_at: (/* @__PURE__ */ new Date()).toISOString()
  };
}
function failureBody(thrown) {
  return thrown instanceof PluginFailure ? thrown.body : errorBody("plugin_error", thrown);
}
function cancelledBody() {
  const message = "The call was cancelled";
  return {
    code: "cancelled",
    type: "CallCancelled",
    message,
    traceback: "",
    retriable: false,
    // The original's clients tell a cancelled call by this prefix.
    original_exc_repr: `PluginCancelledError(${JSON.stringify(message)})`,
    occurred_at: (/* @__PURE__ */ new Date()).toISOString()
  };
}
function typeName(thrown) {
  if (!(thrown instanceof Error)) return thrown === null ? "null" : typeof thrown;
  const name = text(thrown, "name") || "Error";
  return name === "Error" ? text(member(thrown, "constructor"), "name") || name : name;
}
function messageOf(thrown) {
  if (thrown instanceof Error) return text(thrown, "message");
  return attempt(() => typeof thrown === "object" ? JSON.stringify(thrown) : String(thrown)) ?? Object.prototype.toString.call(thrown);
}
function categoryOf(code, thrown, type) {
  if (code !== "plugin_error") return "fatal";
  const own = text(thrown, "category");
  if (CATEGORIES.includes(own)) return own;
  if (FETCH_FAILED.test(text(thrown, "message")) && thrown instanceof TypeError) return "transient";
  const told = [
    BY_CLASS.get(type),
    BY_CODE.get(text(thrown, "code")),
    ...classNames(thrown).map((name) => BY_CLASS.get(name))
  ];
  return told.find((category) => category !== void 0) ?? "fatal";
}
function classNames(thrown) {
  const names = [];
  for (let kind = attempt(() => Object.getPrototypeOf(thrown)); kind; kind = attempt(() => Object.getPrototypeOf(kind))) {
    names.push(text(member(kind, "constructor"), "name"));
  }
  return names;
}
function retriable(thrown) {
  const own = member(thrown, "retriable");
  return typeof own === "boolean" ? own : void 0;
}
function traceback(thrown) {
  const stacks = [];
  const seen = /* @__PURE__ */ new Set();
  for (let error = thrown; error instanceof Error && !seen.has(error); error = member(error, "cause")) {
    seen.add(error);
    stacks.push(withoutOwnFrames(text(error, "stack")));
  }
  return stacks.filter((stack) => stack !== "").join("\nCaused by: ");
}
function member(thrown, name) {
  return attempt(() => thrown?.[name]);
}
function text(thrown, name) {
  const value = member(thrown, name);
  return typeof value === "string" ? value : "";
}
function attempt(read) {
  try {
    return read();
  } catch {
    return void 0;
  }
}
var OWN_FOLDERS = [
  new URL(".", import.meta.url).href,
  new URL("../../protocol/", import.meta.url).href
];
function withoutOwnFrames(stack) {
  const lines = stack.split("\n");
  const own = lines.findIndex((line) => isFrame(line) && OWN_FOLDERS.some((folder) => line.includes(folder)));
  const kept = own < 0 ? lines : lines.slice(0, own);
  return kept.some(isFrame) ? kept.join("\n") : "";
}
function isFrame(line) {
  return line.startsWith("    at ");
}

// src/protocol/npy.ts
var IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([
  1
]).buffer)[0] === 1;

// src/protocol/file_values.ts
var INLINE_BYTES = 64 * 1024;
var MOST_BYTES_AT_ONCE = 2 ** 30;

// src/protocol/values.ts
var UnsendableValueError = class extends TypeError {
  name = "UnsendableValueError";
  /** The JSON path of the part that cannot be sent, for example `$.kwargs.when`. */
  place;
  /** Makes the error for the part at `path`. */
  constructor(what, path) {
    const place = toPlace(path);
    super(`The value at "${place}" is ${what}`);
    this.place = place;
  }
};
function decodeValue(value, types, reviveFile) {
  if (types === void 0) return value;
  const root = {
    "": value
  };
  for (const [pointer, type] of Object.entries(types)) {
    const path = [
      "",
      ...parsePointer(pointer)
    ];
    const last = path.pop();
    const holder = path.reduce(member2, root);
    const raw = member2(holder, last);
    const revived = type === FILE_TYPE && reviveFile !== void 0 ? reviveFile(raw, pointer) : revive(raw, type, pointer);
    Object.defineProperty(holder, last, {
      value: revived,
      writable: true,
      enumerable: true,
      configurable: true
    });
  }
  return root[""];
}
var FILE_TYPE = "file";
function revive(raw, type, pointer) {
  if (type !== "number") throw new TypeError(`Unknown type "${shortened(type)}" at "${shortened(pointer)}"`);
  if (raw === "NaN" || raw === "Infinity" || raw === "-Infinity") return Number(raw);
  throw new TypeError(`The value at "${shortened(pointer)}" is no name of a number`);
}
function member2(holder, key) {
  if (typeof holder === "object" && holder !== null && Object.hasOwn(holder, key)) {
    return holder[key];
  }
  throw new TypeError(`A pointer of "types" leads to "${shortened(key)}", which is not there`);
}
function shortened(text2) {
  return text2.length > 80 ? `${text2.slice(0, 80)}\u2026` : text2;
}
function parsePointer(pointer) {
  if (pointer !== "" && !pointer.startsWith("/")) throw new TypeError(`"${shortened(pointer)}" of "types" is no pointer`);
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
function toPlace(path) {
  return "$" + path.map((part) => /^\d+$/.test(part) ? `[${part}]` : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`).join("");
}

// src/worker/deno/outbox.ts
function removeFiles(paths = []) {
  for (const path of paths) {
    try {
      Deno.removeSync(path);
    } catch {
    }
  }
}

// src/worker/deno/frame_line.ts
function isLastLine(line) {
  return line.kind === "result" || line.kind === "error";
}
function progressLine(progress, message) {
  return {
    kind: "progress",
    text: JSON.stringify({
      progress,
      message
    })
  };
}
function errorLine(error) {
  return {
    kind: "error",
    text: JSON.stringify({
      error
    })
  };
}
function plainResultLine(result) {
  return {
    kind: "result",
    text: JSON.stringify({
      result
    })
  };
}
function parseLine(line) {
  return JSON.parse(line.text);
}
function plainValue(line) {
  const { types, ...frame } = parseLine(line);
  const [first] = Object.entries(types ?? {});
  if (first === void 0) return Object.values(frame)[0];
  const [pointer, type] = first;
  const what = type === FILE_TYPE ? "bytes, which only a framed reply carries" : "a number that JSON lacks";
  throw unsendable(line.kind, new UnsendableValueError(what, parsePointer2(pointer)));
}
function unsendable(kind, error) {
  return badResult(error.message.replace(/^The value/, `The ${kind}`));
}
function badResult(message) {
  return new PluginFailure(errorBody("bad_result", new UnsendableResultError(message)));
}
var UnsendableResultError = class extends TypeError {
  name = "UnsendableResultError";
  // A stack would show the worker's frames alone: the plugin has returned by now.
  stack = "";
};
function parsePointer2(pointer) {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}

// src/worker/deno/http_refusal.ts
var Refusal = class extends Error {
  name = "Refusal";
  /** The HTTP status. */
  status;
  /** Whether the connection is closed after it. */
  closes;
  /** Headers besides those of every reply. */
  headers;
  /** Makes the refusal; `detail` goes into its body. */
  constructor(status, detail, { closes = false, headers = {} } = {}) {
    super(detail);
    this.status = status;
    this.closes = closes;
    this.headers = headers;
  }
};

// src/worker/deno/bare_request.ts
function parseBareRequest(line) {
  const [endpoint = "", length, ...fields] = line.split(" ");
  if (length === void 0) throw new Refusal(400, "The request has no length", {
    closes: true
  });
  return {
    endpoint,
    length,
    fields: new Map(fields.map(splitField))
  };
}
function splitField(field) {
  const at = field.indexOf("=");
  return at < 0 ? [
    field,
    ""
  ] : [
    field.slice(0, at),
    field.slice(at + 1)
  ];
}
var BareWriter = class {
  #connection;
  /** Writes to an upgraded connection. */
  constructor(connection) {
    this.#connection = connection;
  }
  async write(lines) {
    await this.#connection.writeText(lines.map(({ text: text2 }) => `${text2}
`).join(""));
    return lines.some(isLastLine);
  }
};
async function writeBareRefusal(connection, { status, message }) {
  await connection.writeText(`${JSON.stringify({
    refused: {
      status,
      detail: message
    }
  })}
`);
}

// src/worker/deno/http_access.ts
var LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;
var Access = class {
  #authorization;
  #isTcp;
  #maxBodyBytes;
  /** Lets those in who have the token. */
  constructor({ token, isTcp, limits }) {
    this.#authorization = bytesOf(`Bearer ${token}`);
    this.#isTcp = isTcp;
    this.#maxBodyBytes = limits.max_body_bytes;
  }
  /** @throws {Refusal} With 401 or 403. */
  check({ headers, authority = "localhost" }) {
    if (!isSame(bytesOf(headers.get("authorization") ?? ""), this.#authorization)) {
      throw new Refusal(401, "The request has no token or a wrong one", {
        closes: true
      });
    }
    if (headers.has("origin")) throw new Refusal(403, "A browser page may not call a plugin", {
      closes: true
    });
    if (this.#isTcp && !(LOOPBACK.test(headers.get("host") ?? "") && LOOPBACK.test(authority))) {
      throw new Refusal(403, "The host is not a loopback name", {
        closes: true
      });
    }
  }
  /**
   * How long the body is.
   *
   * @throws {Refusal} With 400, 411 or 413.
   */
  bodyLength({ headers }) {
    if (headers.has("transfer-encoding")) throw new Refusal(411, "A body needs a Content-Length", {
      closes: true
    });
    return this.checkedLength(headers.get("content-length") ?? "0");
  }
  /**
   * The number that was given as the length of a body.
   *
   * @throws {Refusal} With 400 or 413.
   */
  checkedLength(text2) {
    if (!/^\d{1,15}$/.test(text2)) throw new Refusal(400, "The length of the body is not a number", {
      closes: true
    });
    const length = Number(text2);
    if (length > this.#maxBodyBytes) throw new Refusal(413, `The body is longer than ${this.#maxBodyBytes} bytes`, {
      closes: true
    });
    return length;
  }
};
function isSame(given, wanted) {
  let difference = given.length ^ wanted.length;
  for (let i = 0; i < wanted.length; i++) difference |= (given[i] ?? 0) ^ wanted[i];
  return difference === 0;
}
function bytesOf(text2) {
  return new TextEncoder().encode(text2);
}

// src/worker/deno/http_connection.ts
var READ_BYTES = 64 * 1024;
var LINGER_MS = 1e3;
var HeadTooLongError = class extends Error {
  name = "HeadTooLongError";
};
var ConnectionEndedError = class extends Error {
  name = "ConnectionEndedError";
};
var HttpConnection = class {
  #conn;
  #buffer = new Uint8Array(READ_BYTES);
  /** Bytes that have been read and not yet used. */
  #held = new Uint8Array(0);
  #reading;
  /** Takes over a connection. */
  constructor(conn) {
    this.#conn = conn;
  }
  /**
   * The text of the next request's head, or `undefined` when the client has closed instead.
   *
   * @throws {HeadTooLongError} When its end does not come in time.
   */
  readHead() {
    return this.#readText(findHeadEnd, HEAD_END.length);
  }
  /**
   * The text of the next line, or `undefined` when the client has closed instead.
   *
   * @throws {HeadTooLongError} When its end does not come in time.
   */
  readLine() {
    return this.#readText(findLineEnd, 1);
  }
  async #readText(findEnd, endLength) {
    while (true) {
      const end = findEnd(this.#held);
      if (end > MAX_HEADER_BYTES || end < 0 && this.#held.length > MAX_HEADER_BYTES) throw new HeadTooLongError();
      if (end >= 0) return latin1(this.#use(end + endLength).subarray(0, end));
      if (!await this.#read()) return void 0;
    }
  }
  /**
   * The next bytes, this many.
   *
   * @throws {ConnectionEndedError} When they do not come.
   */
  async readBody(length) {
    if (length <= this.#held.length) return this.#use(length);
    const body = new Uint8Array(length);
    let filled = this.#held.length;
    body.set(this.#use(filled));
    while (filled < length) {
      const count = await this.#conn.read(body.subarray(filled));
      if (count === null) throw new ConnectionEndedError();
      filled += count;
    }
    return body;
  }
  /** Calls back when the client closes while its request is being answered. */
  async watch(onClosed) {
    if (this.#held.length === 0 && !await this.#read()) onClosed();
  }
  /** Writes all of it. */
  async write(bytes) {
    for (let written = 0; written < bytes.length; ) written += await this.#conn.write(bytes.subarray(written));
  }
  /** Writes text as UTF-8. */
  writeText(text2) {
    return this.write(UTF8.encode(text2));
  }
  /** Closes for writing, and for reading when the client has done the same or a moment has passed. */
  async closeGently() {
    const timer = setTimeout(() => this.close(), LINGER_MS);
    try {
      await this.#conn.closeWrite();
      while (await this.#read()) this.#held = new Uint8Array(0);
    } finally {
      clearTimeout(timer);
      this.close();
    }
  }
  /** Closes at once; twice is harmless. */
  close() {
    try {
      this.#conn.close();
    } catch {
    }
  }
  /** Reads more into what is held. A read that `watch` has begun is the same one. */
  #read() {
    return this.#reading ??= this.#readOnce().finally(() => this.#reading = void 0);
  }
  async #readOnce() {
    const count = await this.#conn.read(this.#buffer).catch(() => null);
    if (count === null) return false;
    const held = new Uint8Array(this.#held.length + count);
    held.set(this.#held);
    held.set(this.#buffer.subarray(0, count), this.#held.length);
    this.#held = held;
    return true;
  }
  #use(length) {
    const used = this.#held.subarray(0, length);
    this.#held = this.#held.subarray(length);
    return used;
  }
};
var HEAD_END = "\r\n\r\n";
function findHeadEnd(bytes) {
  for (let at = bytes.indexOf(13); at >= 0; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}
function findLineEnd(bytes) {
  return bytes.indexOf(10);
}
var UTF8 = new TextEncoder();
var LATIN1 = new TextDecoder("latin1");
function latin1(bytes) {
  return LATIN1.decode(bytes);
}

// src/worker/deno/http_head.ts
var REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) (\S+) HTTP\/1\.1$/;
var TARGET = /^(?:https?:\/\/([^/?#]*))?(\/[^?#]*)/i;
var HEADER_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
var LINE_END = /[\0\r\n]/;
function parseHead(text2) {
  const [first = "", ...lines] = text2.split("\r\n");
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  const [, authority, path] = TARGET.exec(target ?? "") ?? [];
  const headers = parseHeaders(lines);
  return method === void 0 || path === void 0 || headers === void 0 ? void 0 : {
    method,
    path,
    authority,
    headers
  };
}
function parseHeaders(lines) {
  const headers = /* @__PURE__ */ new Map();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const key = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!HEADER_NAME.test(key) || LINE_END.test(line)) return void 0;
    const value = line.slice(colon + 1).trim();
    const before = headers.get(key);
    headers.set(key, before === void 0 ? value : `${before}, ${value}`);
  }
  return headers;
}

// src/worker/deno/http_reply.ts
function replyWriter(connection, head, endpoint) {
  if (isFramed(head)) return new LineWriter(connection, FRAMES_MEDIA_TYPE, framedLine);
  return endpoint === "execute_stream" ? new LineWriter(connection, "application/x-ndjson", plainStreamLine) : new PlainWriter(connection, endpoint);
}
function isFramed({ headers }) {
  return headers.get("accept")?.includes(FRAMES_MEDIA_TYPE) ?? false;
}
async function writeContinue(connection) {
  await connection.write(encode("HTTP/1.1 100 Continue\r\n\r\n"));
}
async function writeUpgrade(connection) {
  await connection.write(encode(headOf(101, {
    connection: "Upgrade",
    upgrade: UPGRADE_PROTOCOL
  })));
}
async function writeRefusal(connection, { status, message, closes, headers }) {
  const extra = closes ? {
    ...headers,
    connection: "close"
  } : headers;
  await writeJson(connection, status, {
    body: {
      detail: message
    },
    headers: extra
  });
}
var LineWriter = class {
  #connection;
  #mediaType;
  #show;
  #hasBegun = false;
  constructor(connection, mediaType, show) {
    this.#connection = connection;
    this.#mediaType = mediaType;
    this.#show = show;
  }
  async write(lines) {
    const texts = [];
    let isLast = false;
    for (let i = 0; i < lines.length && !isLast; i++) {
      const shown = this.#show(lines[i]);
      if (shown.text !== void 0) texts.push(`${shown.text}
`);
      isLast = shown.isLast;
    }
    const body = encode(texts.join(""));
    if (isLast && !this.#hasBegun && lines.length === 1) await writeWhole(this.#connection, 200, {
      mediaType: this.#mediaType,
      body
    });
    else await this.#writePart(body, isLast);
    return isLast;
  }
  async #writePart(body, isLast) {
    const head = this.#hasBegun ? "" : headOf(200, {
      "content-type": this.#mediaType,
      "transfer-encoding": "chunked"
    });
    this.#hasBegun = true;
    const size = body.length === 0 ? "" : `${body.length.toString(16)}\r
`;
    const end = (body.length === 0 ? "" : "\r\n") + (isLast ? "0\r\n\r\n" : "");
    await writeParts(this.#connection, [
      encode(head + size),
      body,
      encode(end)
    ]);
  }
};
var PlainWriter = class {
  #connection;
  #endpoint;
  constructor(connection, endpoint) {
    this.#connection = connection;
    this.#endpoint = endpoint;
  }
  async write(lines) {
    const last = lines.at(-1);
    if (last === void 0 || !isLastLine(last)) return false;
    const { value, error } = plainOutcome(last);
    if (error === void 0) await writeJson(this.#connection, 200, {
      body: value
    });
    else await writeJson(this.#connection, plainStatus(error, this.#endpoint), {
      body: {
        detail: error.message,
        _job_error: error
      }
    });
    return true;
  }
};
function plainOutcome(line) {
  if (line.kind === "error") return parseLine(line);
  try {
    return {
      value: plainValue(line)
    };
  } catch (thrown) {
    return {
      error: failureBody(thrown)
    };
  }
}
function plainStatus(error, endpoint) {
  return error.code === "cancelled" ? 409 : endpoint === "initialize" ? 400 : 500;
}
function framedLine(line) {
  return {
    text: line.text,
    isLast: isLastLine(line)
  };
}
function plainStreamLine(line) {
  if (line.kind === "progress" || line.kind === "result") return {
    isLast: line.kind === "result"
  };
  const { value, error } = plainOutcome(line);
  return {
    text: JSON.stringify(error === void 0 ? value : {
      _job_error: error
    }),
    isLast: error !== void 0
  };
}
function writeJson(connection, status, { body, headers }) {
  return writeWhole(connection, status, {
    mediaType: "application/json",
    body: encode(JSON.stringify(body)),
    headers
  });
}
function writeWhole(connection, status, { mediaType, body, headers }) {
  const head = headOf(status, {
    "content-type": mediaType,
    "content-length": String(body.length),
    ...headers
  });
  return writeParts(connection, [
    encode(head),
    body
  ]);
}
function headOf(status, headers) {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r
`);
  return `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r
${lines.join("")}\r
`;
}
var REASONS = {
  101: "Switching Protocols",
  200: "OK",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  411: "Length Required",
  413: "Content Too Large",
  426: "Upgrade Required",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error"
};
var UTF82 = new TextEncoder();
function encode(text2) {
  return UTF82.encode(text2);
}
var MAX_JOINED_BYTES = 64 * 1024;
async function writeParts(connection, parts) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length <= MAX_JOINED_BYTES) return await connection.write(join(parts, length));
  for (const part of parts) await connection.write(part);
}
function join(parts, length) {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// src/protocol/turns.ts
var Turns = class {
  #places;
  #taken = 0;
  // A set keeps the order of arrival, and lets one who gives up leave from the middle at once.
  #waiting = /* @__PURE__ */ new Set();
  /**
   * Opens this many places.
   *
   * @throws {RangeError} When it is not a whole number of at least 1.
   */
  constructor(places) {
    if (!Number.isSafeInteger(places) || places < 1) {
      throw new RangeError(`The number of places must be a whole number from 1, not ${places}`);
    }
    this.#places = places;
  }
  /** How many places are taken. */
  get taken() {
    return this.#taken;
  }
  /** How many are waiting for a place. */
  get waiting() {
    return this.#waiting.size;
  }
  /**
   * Waits for a place. Disposing the place frees it for the next in line; doing so twice is harmless.
   *
   * @param signal Leaves the line when it aborts. It has no effect on a place already taken.
   * @throws The signal's reason, when it aborts before a place is free.
   */
  acquire(signal) {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#taken < this.#places) return Promise.resolve(this.#take());
    return this.#wait(signal);
  }
  #wait(signal) {
    return new Promise((resolve, reject) => {
      const waiter = {
        admit: (place) => {
          signal?.removeEventListener("abort", leave);
          resolve(place);
        }
      };
      const leave = () => {
        this.#waiting.delete(waiter);
        reject(signal?.reason);
      };
      this.#waiting.add(waiter);
      signal?.addEventListener("abort", leave, {
        once: true
      });
    });
  }
  #take() {
    this.#taken++;
    let free = false;
    return {
      [Symbol.dispose]: () => {
        if (free) return;
        free = true;
        this.#taken--;
        this.#admitNext();
      }
    };
  }
  #admitNext() {
    for (const waiter of this.#waiting) {
      this.#waiting.delete(waiter);
      return waiter.admit(this.#take());
    }
  }
};

// src/protocol/until_aborted.ts
async function untilAborted(promise, signal) {
  promise.catch(() => {
  });
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, {
    once: true
  });
  try {
    return await Promise.race([
      promise,
      aborted
    ]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

// src/worker/deno/frame_queue.ts
var ROOM = 16;
var PROGRESS_ROOM = 256;
var FrameQueue = class {
  #waiting = [];
  #ended = false;
  #wakeReader;
  /** Whether the reader may still be busy with what it has taken. */
  #isTaken = false;
  #isLeft = false;
  #flushed = [];
  #writers = [];
  /** Adds a progress report. */
  report(line) {
    if (this.#ended) return;
    const isCrowded = this.#waiting.length >= PROGRESS_ROOM && this.#waiting.at(-1)?.kind === "progress";
    if (isCrowded) this.#waiting.pop();
    this.#add(line);
  }
  /** Adds a chunk. Resolves when there is room for another, or when the reply has ended. */
  async push(line) {
    if (this.#ended) return;
    this.#add(line);
    if (this.#waiting.length >= ROOM) await new Promise((resolve) => this.#writers.push(resolve));
  }
  /** Adds the last frame. The first one counts, later ones are dropped. */
  end(line) {
    if (this.#ended) return;
    this.#ended = true;
    this.#add(line);
    this.release();
  }
  /** Lets a writer that waits for room go on. */
  release() {
    for (const resolve of this.#writers.splice(0)) resolve();
  }
  /** Takes every frame that waits, and waits for one when there is none. Not to be called again after the last frame. */
  async take() {
    this.#isTaken = false;
    if (this.#waiting.length === 0) await this.#untilAdded();
    this.#isTaken = true;
    const taken = this.#waiting;
    this.#waiting = [];
    this.release();
    return taken;
  }
  /** Nothing more is taken: the reader has sent the last frame, or has gone. */
  leave() {
    this.#isLeft = true;
    this.#tellFlushed();
  }
  /** Resolves when the reader has come back from sending what it took and found nothing more, or has left. */
  async flushed() {
    if (this.#isLeft || this.#waiting.length === 0 && !this.#isTaken) return;
    await new Promise((resolve) => this.#flushed.push(resolve));
  }
  async #untilAdded() {
    this.#tellFlushed();
    await new Promise((resolve) => this.#wakeReader = resolve);
  }
  #tellFlushed() {
    for (const resolve of this.#flushed.splice(0)) resolve();
  }
  #add(line) {
    this.#waiting.push(line);
    this.#wakeReader?.();
    this.#wakeReader = void 0;
  }
};
async function* framesOf(reply) {
  while (true) {
    for (const line of await reply.take()) {
      yield line;
      if (isLastLine(line)) return;
    }
  }
}

// src/worker/deno/call.ts
var Call = class {
  order;
  /** What the call's reader gets. */
  reply = new FrameQueue();
  progress = {
    progress: 0,
    message: ""
  };
  #abort = new AbortController();
  #isRunning = false;
  /** Takes an order. */
  constructor(order) {
    this.order = order;
  }
  /** Aborts when the call is cancelled or abandoned. */
  get signal() {
    return this.#abort.signal;
  }
  /** From here on, being cancelled asks the plugin instead of ending the call at once. */
  markRunning() {
    this.#isRunning = true;
  }
  report(progress, message) {
    this.progress = {
      progress,
      message
    };
    this.reply.report(progressLine(progress, message));
  }
  push(line) {
    if (!this.signal.aborted) return this.reply.push(line);
    removeFiles(line.files);
    return Promise.resolve();
  }
  /** Cancels the call: a waiting one ends at once, a running one when its plugin has stopped. The host ends a worker whose plugin does not. */
  cancel() {
    if (this.signal.aborted) return;
    this.#abort.abort();
    if (!this.#isRunning) return this.#endCancelled();
    this.reply.release();
  }
  /** The plugin's code has come to rest. A cancelled call ends as cancelled, whatever its plugin made of it. */
  end(last) {
    if (!this.signal.aborted) return this.reply.end(last);
    removeFiles(last.files);
    this.#endCancelled();
  }
  #endCancelled() {
    this.reply.end(errorLine(cancelledBody()));
  }
};

// src/worker/deno/session.ts
var CallIdInUseError = class extends Error {
  name = "CallIdInUseError";
};
var BadBodyError = class extends TypeError {
  name = "BadBodyError";
};
var WorkerSession = class {
  #runner;
  #options;
  #turns;
  #open = /* @__PURE__ */ new Map();
  /** Those whose frames may not all have been sent. */
  #replying = /* @__PURE__ */ new Set();
  #startedAt = performance.now();
  #progress = {
    progress: {
      progress: 0,
      message: ""
    }
  };
  /** Calls that wait or run. */
  #active = 0;
  #finished = 0;
  /** Opens a session on a plugin. */
  constructor(runner, options) {
    this.#runner = runner;
    this.#options = options;
    this.#turns = new Turns(options.limits.max_concurrency);
  }
  /** The session as an exchange of frames, without a wire. */
  exchange = (request, signal) => this.#exchange(request, signal);
  /** Resolves when the plugin is loaded, or cannot be. */
  get loaded() {
    return this.#runner.settled;
  }
  /** Resolves when all that the plugin has given by now has been sent, or nobody reads it. */
  async flushed() {
    await Promise.all([
      ...this.#replying
    ].map((call) => call.reply.flushed()));
  }
  /**
   * Answers a request. Aborting the signal abandons it.
   *
   * @throws {CallIdInUseError} When a call with this id is open.
   * @throws {BadBodyError} When the body is not what the endpoint takes.
   */
  reply(request, signal) {
    if (isCall(request.endpoint)) return this.#call(this.#order(request, request.endpoint), signal);
    if (request.endpoint === "cancel") checkCallId(request.body?.["call_id"]);
    return once(this.#answer(request));
  }
  async *#exchange(request, signal) {
    const abandon = new AbortController();
    const reply = this.reply(request, AbortSignal.any([
      signal,
      abandon.signal
    ]));
    try {
      for await (const line of framesOf(reply)) {
        signal.throwIfAborted();
        yield parseLine(line);
      }
    } finally {
      reply.leave();
      abandon.abort();
    }
  }
  /** A request's body, checked and with its values decoded: what is wrong with it is told before the call is queued. */
  #order({ body = {}, callId, sharesFiles = false, trace }, endpoint) {
    if (callId !== void 0 && this.#open.has(callId)) throw new CallIdInUseError(`The call id "${callId}" is that of a call still open`);
    const order = {
      endpoint,
      callId: callId ?? crypto.randomUUID(),
      sharesFiles,
      trace
    };
    const takesArguments = endpoint === "execute" || endpoint === "execute_stream";
    return {
      ...order,
      body: takesArguments ? decodeArguments(body) : body
    };
  }
  #call(order, signal) {
    const call = new Call(order);
    this.#open.set(order.callId, call);
    this.#replying.add(call);
    this.#active++;
    const abandon = () => call.cancel();
    if (signal.aborted) abandon();
    else signal.addEventListener("abort", abandon, {
      once: true
    });
    void this.#serve(call).finally(() => signal.removeEventListener("abort", abandon));
    return {
      take: () => this.#take(call),
      leave: () => this.#leave(call)
    };
  }
  #leave(call) {
    this.#replying.delete(call);
    call.reply.leave();
  }
  async #take(call) {
    const lines = await call.reply.take();
    if (lines.some(isLastLine)) this.#forget(call);
    return lines;
  }
  async #serve(call) {
    try {
      using _place = await this.#admit(call);
      call.signal.throwIfAborted();
      call.markRunning();
      this.#progress = call;
      call.end(await this.#runner.run(call.order, call, call.signal));
    } catch (thrown) {
      call.end(errorLine(failureBody(thrown)));
    } finally {
      this.#active--;
      this.#finished++;
      this.#forget(call);
    }
  }
  /** Waits until the plugin is loaded and has a place. */
  async #admit(call) {
    if (this.#runner.state.status === "loading") await untilAborted(this.#runner.settled, call.signal);
    return await this.#turns.acquire(call.signal);
  }
  #forget(call) {
    if (this.#open.get(call.order.callId) === call) this.#open.delete(call.order.callId);
  }
  async #answer({ endpoint, body = {} }) {
    switch (endpoint) {
      case "ready":
        return await this.#ready();
      case "health":
        return plainResultLine(this.#health());
      case "stats":
        return plainResultLine(await this.#stats());
      case "cancel":
        return plainResultLine({
          status: this.#cancel(body["call_id"])
        });
      case "in_use":
        return plainResultLine({
          in_use: true
        });
      // Deno has no way to ask the system, and another thread may have it open.
      case "config":
      case "config_schema":
      case "signatures":
        await this.#runner.settled;
        return await this.#runner.ask(endpoint);
      case "progress":
        return plainResultLine(this.#progress.progress);
      default:
        return errorLine({
          code: "not_supported",
          type: "NotSupported",
          message: `There is no "${endpoint}"`,
          traceback: ""
        });
    }
  }
  async #ready() {
    await this.#runner.settled;
    const { ready, failure } = this.#runner.state;
    return failure === void 0 ? plainResultLine(ready) : errorLine(failure);
  }
  #health() {
    const { status, ready } = this.#runner.state;
    const { name, version } = ready ?? this.#options.plugin;
    return {
      status,
      pid: this.#options.pid,
      name,
      version,
      protocol: PROTOCOL_VERSION,
      max_concurrency: this.#options.limits.max_concurrency,
      calls: this.#counts()
    };
  }
  #counts() {
    const running = this.#turns.taken;
    return {
      running,
      queued: this.#active - running
    };
  }
  async #stats() {
    const usage = await this.#options.usage();
    return {
      pid: this.#options.pid,
      ...usage,
      uptime_s: (performance.now() - this.#startedAt) / 1e3,
      calls: {
        ...this.#counts(),
        finished: this.#finished
      }
    };
  }
  #cancel(callId) {
    const calls = [
      ...this.#open.values()
    ].filter((call) => callId === void 0 || callId === null || call.order.callId === callId);
    for (const call of calls) call.cancel();
    return calls.length > 0 ? "cancelled" : "not_running";
  }
};
function isCall(endpoint) {
  return Object.hasOwn(ENDPOINTS, endpoint) && ENDPOINTS[endpoint].isCall;
}
function once(line) {
  return {
    take: async () => [
      await line
    ],
    leave: () => {
    }
  };
}
function decodeArguments(body) {
  const { args, kwargs, types } = body;
  if (args !== void 0 && !Array.isArray(args)) throw new BadBodyError('"args" must be an array');
  if (kwargs !== void 0 && !isRecord(kwargs)) throw new BadBodyError('"kwargs" must be an object');
  if (types === void 0) return body;
  if (!isRecord(types)) throw new BadBodyError('"types" must be an object');
  try {
    return decodeValue(body, types);
  } catch (error) {
    throw new BadBodyError(error.message);
  }
}
function checkCallId(callId) {
  if (callId !== void 0 && callId !== null && typeof callId !== "string") throw new BadBodyError('"call_id" must be a string');
}
function isRecord(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/worker/deno/http_server.ts
var MAX_CONNECTIONS = 512;
var STRANGER_TIMEOUT_MS = 5e3;
var HttpServer = class {
  #session;
  #access;
  #open = 0;
  /** Prepares the server; {@linkcode serve} runs it. */
  constructor(session, options) {
    this.#session = session;
    this.#access = new Access(options);
  }
  /** Answers every connection for as long as the process lives. */
  async serve(listener) {
    while (true) {
      const conn = await accept(listener);
      setNoDelay(conn);
      if (this.#open >= MAX_CONNECTIONS) conn.close();
      else void this.#serveConnection(new HttpConnection(conn));
    }
  }
  async #serveConnection(connection) {
    this.#open++;
    {
      using patience = new Patience(this.#session.loaded, () => connection.close());
      try {
        while (await this.#serveRequest(connection, () => patience[Symbol.dispose]())) ;
      } catch {
      }
    }
    await connection.closeGently().catch(() => {
    });
    this.#open--;
  }
  /** Answers one request. Returns whether another may follow on this connection. */
  async #serveRequest(connection, welcome) {
    let keepsAlive = false;
    try {
      const head = await readHead(connection);
      if (head === void 0) return false;
      keepsAlive = head.headers.get("connection")?.toLowerCase() !== "close";
      this.#access.check(head);
      welcome();
      keepsAlive = await this.#answer(connection, head) && keepsAlive;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await writeRefusal(connection, error);
      keepsAlive &&= !error.closes;
    }
    return keepsAlive;
  }
  /** Answers one request of HTTP, or makes its connection one of bare frames. Returns whether that goes on as HTTP. */
  async #answer(connection, head) {
    const length = this.#access.bodyLength(head);
    if (length > 0 && head.headers.get("expect")?.toLowerCase() === "100-continue") await writeContinue(connection);
    const bytes = await connection.readBody(length);
    if (isUpgrade(head)) return await this.#serveUpgraded(connection);
    const endpoint = endpointOf(head);
    const callId = checkedCallId(head.headers.get(CALL_ID_HEADER));
    const body = parseBody(bytes);
    const sharesFiles = isFramed(head) && head.headers.get(FILES_HEADER) === "shared";
    const trace = traceFrom((name) => head.headers.get(name));
    await this.#respond(connection, {
      endpoint,
      body,
      callId,
      sharesFiles,
      trace
    }, replyWriter(connection, head, endpoint));
    return true;
  }
  /** Answers bare requests until the connection ends. */
  async #serveUpgraded(connection) {
    await writeUpgrade(connection);
    while (await this.#serveBareRequest(connection)) ;
    return false;
  }
  async #serveBareRequest(connection) {
    try {
      const line = await bounded(connection.readLine());
      if (line === void 0) return false;
      const { endpoint: name, length, fields } = parseBareRequest(line);
      const bytes = await connection.readBody(this.#access.checkedLength(length));
      const endpoint = knownEndpoint(name);
      const callId = checkedCallId(fields.get("call"));
      const trace = traceFrom((name2) => fields.get(name2));
      const request = {
        endpoint,
        body: parseBody(bytes),
        callId,
        sharesFiles: fields.get("files") === "shared",
        trace
      };
      await this.#respond(connection, request, new BareWriter(connection));
      return true;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      await writeBareRefusal(connection, error);
      return !error.closes;
    }
  }
  async #respond(connection, request, writer) {
    const abandon = new AbortController();
    const reply = this.#reply(request, abandon.signal);
    void connection.watch(() => abandon.abort());
    await send(reply, writer, abandon);
  }
  #reply(request, signal) {
    try {
      return this.#session.reply(request, signal);
    } catch (error) {
      if (error instanceof CallIdInUseError) throw new Refusal(409, error.message);
      if (error instanceof BadBodyError) throw new Refusal(400, error.message);
      throw error;
    }
  }
};
var Patience = class {
  #isOver = false;
  #timer;
  constructor(loaded, close) {
    void loaded.then(() => {
      if (!this.#isOver) this.#timer = setTimeout(close, STRANGER_TIMEOUT_MS);
    });
  }
  [Symbol.dispose]() {
    this.#isOver = true;
    if (this.#timer !== void 0) clearTimeout(this.#timer);
    this.#timer = void 0;
  }
};
var ACCEPT_PAUSE_MS = 50;
async function accept(listener) {
  while (true) {
    try {
      return await listener.accept();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
    }
  }
}
function setNoDelay(conn) {
  try {
    if ("setNoDelay" in conn) conn.setNoDelay(true);
  } catch {
  }
}
async function send(reply, writer, abandon) {
  try {
    let lines;
    do
      lines = await reply.take();
    while (!await writer.write(lines));
    if (!lines.some(isLastLine)) abandon.abort();
  } catch (error) {
    abandon.abort();
    throw error;
  } finally {
    reply.leave();
  }
}
async function readHead(connection) {
  const text2 = await bounded(connection.readHead());
  if (text2 === void 0) return void 0;
  const head = parseHead(text2);
  if (head === void 0) throw new Refusal(400, "The request is not HTTP/1.1", {
    closes: true
  });
  return head;
}
async function bounded(text2) {
  try {
    return await text2;
  } catch (error) {
    if (error instanceof HeadTooLongError) throw new Refusal(431, "The request line and headers are longer than 64 KiB", {
      closes: true
    });
    throw error;
  }
}
function isUpgrade({ method, path, headers }) {
  if (path !== `/${UPGRADE_ENDPOINT}`) return false;
  if (method !== "GET") throw new Refusal(405, `The endpoint "${path}" wants GET`, {
    headers: {
      allow: "GET"
    }
  });
  const wanted = headers.get("upgrade")?.toLowerCase() === UPGRADE_PROTOCOL && headers.get("connection")?.toLowerCase().includes("upgrade");
  if (!wanted) throw new Refusal(426, `The endpoint "${path}" only upgrades its connection`, {
    headers: {
      upgrade: UPGRADE_PROTOCOL
    }
  });
  return true;
}
function endpointOf({ method, path }) {
  const endpoint = knownEndpoint(path.startsWith("/") ? path.slice(1) : "");
  const rule = ENDPOINTS[endpoint];
  if (rule.method !== method) throw new Refusal(405, `The endpoint "${path}" wants ${rule.method}`, {
    headers: {
      allow: rule.method
    }
  });
  return endpoint;
}
function knownEndpoint(name) {
  if (!Object.hasOwn(ENDPOINTS, name)) throw new Refusal(404, `There is no endpoint "/${name}"`);
  return name;
}
function checkedCallId(id) {
  if (id !== void 0 && !CALL_ID.test(id)) throw new Refusal(400, "A call id has 1 to 128 visible ASCII characters");
  return id;
}
var UTF83 = new TextDecoder("utf-8", {
  fatal: true
});
function parseBody(bytes) {
  if (bytes.length === 0) return {};
  let body;
  try {
    body = JSON.parse(UTF83.decode(bytes));
  } catch (error) {
    throw new Refusal(400, `The body is not JSON: ${error.message}`);
  }
  if (typeof body !== "object" || body === null || Array.isArray(body)) throw new Refusal(400, "The body is not a JSON object");
  return body;
}

// src/worker/deno/process_usage.ts
function usageMeter() {
  let last = {
    cpuMs: 0,
    at: 0
  };
  return async () => {
    const { cpuUsage } = await import("node:process");
    const { user, system } = cpuUsage();
    const now = {
      cpuMs: (user + system) / 1e3,
      at: performance.now()
    };
    const cpu_percent = 100 * (now.cpuMs - last.cpuMs) / Math.max(now.at - last.at, 1);
    last = now;
    return {
      cpu_percent,
      memory_rss_mb: Deno.memoryUsage().rss / 2 ** 20
    };
  };
}

// src/worker/deno/start_line.ts
var BadStartError = class extends Error {
  name = "BadStartError";
};
async function readStartLine(input) {
  const buffer = new Uint8Array(64 * 1024);
  const decoder = new TextDecoder();
  let text2 = "";
  for (let length = 0; length <= MAX_CONTROL_LINE_BYTES; ) {
    const count = await input.read(buffer);
    if (count === null) throw new BadStartError("Standard input ended before the start line did");
    const bytes = buffer.subarray(0, count);
    const end = bytes.indexOf(10);
    if (end >= 0) return parseStartLine(text2 + decoder.decode(bytes.subarray(0, end)));
    text2 += decoder.decode(bytes, {
      stream: true
    });
    length += count;
  }
  throw new BadStartError(`The start line is longer than ${MAX_CONTROL_LINE_BYTES} bytes`);
}
function parseStartLine(line) {
  const start = parseJson(line);
  const { protocol, token, listen: listen2, plugin, limits } = start;
  if (protocol !== PROTOCOL_VERSION) {
    throw new BadStartError(`The host speaks version ${JSON.stringify(protocol)} of the protocol, this worker ${PROTOCOL_VERSION}`);
  }
  if (typeof token !== "string" || token === "") throw wrong("token", "a string that is not empty");
  if (!isAddress(listen2)) throw wrong("listen", '{"unix": path} or {"tcp": host}');
  if (!isRecord2(plugin) || typeof plugin["module"] !== "string") throw wrong("plugin.module", "the module's URL");
  const { env } = plugin;
  if (env !== void 0 && !(isRecord2(env) && Object.values(env).every((value) => typeof value === "string"))) {
    throw wrong("plugin.env", "an object whose values are strings");
  }
  return {
    ...start,
    limits: limitsOf(limits),
    plugin: {
      name: "plugin",
      version: "",
      class: "default",
      path: [],
      ...plugin
    }
  };
}
function parseJson(line) {
  let value;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new BadStartError(`The start line is not JSON: ${error.message}`);
  }
  if (!isRecord2(value)) throw new BadStartError("The start line is not a JSON object");
  return value;
}
var DEFAULT_LIMITS = {
  max_concurrency: 1,
  max_body_bytes: 512 * 1024 * 1024,
  cancel_grace_ms: 200
};
function limitsOf(given) {
  const limits = {
    ...DEFAULT_LIMITS,
    ...isRecord2(given) ? given : {}
  };
  for (const [name, value] of Object.entries(limits)) {
    const least = name === "max_concurrency" ? 1 : 0;
    if (name in DEFAULT_LIMITS && !(Number.isSafeInteger(value) && value >= least)) {
      throw wrong(`limits.${name}`, `a whole number from ${least}`);
    }
  }
  return limits;
}
function isAddress(value) {
  return isRecord2(value) && (typeof value["unix"] === "string" || typeof value["tcp"] === "string");
}
function isRecord2(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
function wrong(key, wanted) {
  return new BadStartError(`"${key}" of the start line must be ${wanted}`);
}

// src/worker/deno/thread_crash.ts
var COLORS = /\x1b\[[0-9;]*m/g;
var ENTRY_FRAME = /\n +at (?:data|blob):\S+/g;
function describeCrash(eventMessage) {
  const text2 = eventMessage.replace(COLORS, "").replace(ENTRY_FRAME, "").replace(/^Uncaught (\(in promise\) )?/, "");
  const [, type = "Error", message = ""] = /^(?:([A-Za-z_$][\w$]*): )?([^\n]*?)\.?(?:\n|$)/.exec(text2) ?? [];
  return {
    ...errorBody("plugin_exit", new Error(message)),
    type,
    traceback: text2,
    original_exc_repr: `${type}(${JSON.stringify(message)})`
  };
}

// src/worker/deno/thread_messages.ts
var CHUNKS_ON_THE_WAY = 16;
var CHUNKS_PER_ROOM = CHUNKS_ON_THE_WAY / 2;
function readFromThread(said, scratch) {
  if (!isRecord3(said)) return void 0;
  const { kind, key, line } = said;
  if (kind === "ready") return optional(readyBody(said["ready"]), (ready) => ({
    kind,
    ready
  }));
  if (kind === "flush") return optional(sharedNumber(said["done"]), (done) => ({
    kind,
    done
  }));
  if (kind === "unloadable" || kind === "ending") return optional(readErrorBody(said["error"]), (error) => ({
    kind,
    error
  }));
  if (typeof key !== "number") return void 0;
  if (kind === "progress") return progressMessage(key, said);
  if (kind === "chunk") return optional(frameLine(line, kind, scratch), (line2) => ({
    kind,
    key,
    line: line2
  })) ?? noFrame(key);
  if (kind === "last") return optional(lastLine(line, scratch), (line2) => ({
    kind,
    key,
    line: line2
  })) ?? noFrame(key);
  return void 0;
}
function optional(value, message) {
  return value === void 0 ? void 0 : message(value);
}
function noFrame(key) {
  const what = new TypeError("What the plugin's thread sent is no frame: the plugin may have replaced what the worker makes frames with");
  return {
    kind: "last",
    key,
    line: errorLine({
      ...errorBody("bad_result", what),
      traceback: ""
    })
  };
}
function lastLine(line, scratch) {
  return isRecord3(line) && line["kind"] === "error" ? errorFrame(line["text"]) : frameLine(line, "result", scratch);
}
function progressMessage(key, { progress, message }) {
  if (typeof progress !== "number" || !Number.isFinite(progress) || typeof message !== "string") return void 0;
  return {
    kind: "progress",
    key,
    progress,
    message
  };
}
function sharedNumber(done) {
  return done instanceof Int32Array && done.buffer instanceof SharedArrayBuffer && done.length > 0 ? done : void 0;
}
function readyBody(ready) {
  if (!isRecord3(ready)) return void 0;
  const { name, version, methods } = ready;
  if (typeof name !== "string" || typeof version !== "string" || !areStrings(methods)) return void 0;
  return {
    name,
    version,
    methods: [
      ...methods
    ]
  };
}
function frameLine(line, kind, scratch) {
  if (!isRecord3(line) || line["kind"] !== kind) return void 0;
  const { text: text2, files } = line;
  if (typeof text2 !== "string" || !text2.startsWith(`{"${kind}":`) || text2.includes("\n")) return void 0;
  if (files === void 0) return {
    kind,
    text: text2
  };
  return areStrings(files) ? {
    kind,
    text: text2,
    files: files.filter((path) => isIn(scratch, path))
  } : void 0;
}
function isIn(folder, path) {
  if (folder === void 0 || !path.startsWith(folder)) return false;
  const way = path.slice(folder.length).split(/[\\/]/);
  return way[0] === "" && !way.includes("..");
}
function errorFrame(text2) {
  try {
    return optional(readErrorBody(JSON.parse(String(text2))?.error), errorLine);
  } catch {
    return void 0;
  }
}
var CODES = [
  "plugin_error",
  "load_error",
  "bad_result",
  "cancelled",
  "not_supported",
  "plugin_exit"
];
function readErrorBody(error) {
  if (!isRecord3(error) || !CODES.includes(error["code"])) return void 0;
  const { type, message, traceback: traceback2, category, retriable: retriable2, original_exc_repr, occurred_at } = error;
  if (typeof type !== "string" || typeof message !== "string" || typeof traceback2 !== "string") return void 0;
  return {
    code: error["code"],
    type,
    message,
    traceback: traceback2,
    ...typeof category === "string" ? {
      category
    } : {},
    ...typeof retriable2 === "boolean" ? {
      retriable: retriable2
    } : {},
    ...typeof original_exc_repr === "string" ? {
      original_exc_repr
    } : {},
    ...typeof occurred_at === "string" ? {
      occurred_at
    } : {}
  };
}
var MAX_LIST = 1e5;
function areStrings(value) {
  return Array.isArray(value) && value.length <= MAX_LIST && value.every((item) => typeof item === "string");
}
function isRecord3(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// src/worker/deno/thread_runner.ts
var ThreadRunner = class {
  settled;
  /** Resolves when all that the plugin has given by now has been sent. */
  flushed = () => Promise.resolve();
  #state = {
    status: "loading"
  };
  #thread;
  /** What the thread has said of an error that is about to end it. */
  #lastWords;
  #settle;
  #runs = /* @__PURE__ */ new Map();
  #nextKey = 1;
  /** Starts the thread, and in it the plugin. */
  constructor(target, scratch) {
    const { promise, resolve } = Promise.withResolvers();
    this.settled = promise;
    this.#settle = resolve;
    try {
      this.#thread = this.#start(target, scratch);
    } catch (thrown) {
      this.#fail(errorBody("load_error", thrown));
    }
  }
  get state() {
    return this.#state;
  }
  run(order, sink, signal) {
    return this.#send(sink, (key) => {
      signal.addEventListener("abort", () => this.#post({
        kind: "abort",
        key
      }), {
        once: true
      });
      return {
        kind: "run",
        key,
        order
      };
    });
  }
  ask(endpoint) {
    return this.#send(void 0, (key) => ({
      kind: "ask",
      key,
      endpoint
    }));
  }
  #send(sink, message) {
    const { failure } = this.#state;
    if (failure !== void 0) return Promise.resolve(errorLine(failure));
    const key = this.#nextKey++;
    return new Promise((resolve) => {
      this.#runs.set(key, {
        sink,
        end: resolve,
        taken: 0
      });
      try {
        this.#post(message(key));
      } catch (cause) {
        const error = new RangeError("The arguments are nested too deeply to be given to the plugin's thread", {
          cause
        });
        this.#end(key, errorLine(errorBody("plugin_error", error)));
      }
    });
  }
  #post(message) {
    this.#thread?.postMessage(message);
  }
  #start(target, scratch) {
    const surroundings = surroundingsEntry(target);
    if (surroundings !== void 0) void this.settled.then(() => URL.revokeObjectURL(surroundings));
    const thread = new Worker(threadEntry(target, {
      scratch,
      surroundings
    }), {
      type: "module",
      name: target.name,
      deno: {
        permissions: threadPermissions(target.permissions, scratch)
      }
    });
    thread.addEventListener("message", ({ data }) => this.#take(readFromThread(data, scratch?.folder)));
    thread.addEventListener("error", (event) => {
      event.preventDefault();
      this.#fail(this.#lastWords ?? describeCrash(event.message));
    });
    return thread;
  }
  #take(message) {
    if (this.#state.failure !== void 0) return;
    switch (message?.kind) {
      case "ready":
        if (this.#state.status !== "loading") return;
        this.#state = {
          status: "running",
          ready: message.ready
        };
        return this.#settle();
      case "unloadable":
        return this.#fail(message.error);
      case "progress":
        return this.#runs.get(message.key)?.sink?.report(message.progress, message.message);
      case "chunk":
        return void this.#chunk(message.key, message.line);
      case "last":
        return this.#end(message.key, message.line);
      case "flush":
        return void this.#flush(message.done);
      case "ending":
        return this.#ending(message.error);
    }
  }
  async #chunk(key, line) {
    const run = this.#runs.get(key);
    if (run?.sink === void 0) return removeFiles(line.files);
    await run.sink.push(line);
    if (++run.taken < CHUNKS_PER_ROOM) return;
    this.#post({
      kind: "room",
      key,
      chunks: run.taken
    });
    run.taken = 0;
  }
  async #flush(done) {
    await this.flushed();
    Atomics.store(done, 0, 1);
    Atomics.notify(done, 0);
  }
  #end(key, last) {
    const run = this.#runs.get(key);
    if (run === void 0) return removeFiles(last.files);
    this.#runs.delete(key);
    run.end(last);
  }
  /** An error may still be caught by the plugin's own listeners; a thread that closes is gone. */
  #ending(error) {
    if (error.type === "PluginExit") this.#fail(error);
    else this.#lastWords = error;
  }
  /** The plugin cannot run, and never will. Before it is loaded that is an error of its loading. */
  #fail(error) {
    if (this.#state.failure !== void 0) return;
    const failure = this.#state.status === "loading" ? {
      ...error,
      code: "load_error"
    } : uncaught(error);
    this.#state = {
      ...this.#state,
      status: "failed",
      failure
    };
    this.#thread?.terminate();
    for (const key of [
      ...this.#runs.keys()
    ]) this.#end(key, errorLine(failure));
    this.#settle();
  }
};
function uncaught(error) {
  return error.type === "PluginExit" ? error : {
    ...error,
    message: `An uncaught error ended the plugin's thread: ${error.message}`
  };
}
function threadEntry({ module, class: exportName, name, version }, { scratch, surroundings }) {
  const source = [
    `import { startPlugin } from ${ownModule("plugin_thread")};`,
    ...surroundings === void 0 ? [] : [
      `import ${JSON.stringify(surroundings)};`
    ],
    `import * as plugin from ${JSON.stringify(module)};`,
    `startPlugin(plugin, ${JSON.stringify(exportName || "default")}, ${JSON.stringify({
      name,
      version,
      scratch
    })});`
  ];
  return `data:text/javascript,${encodeURIComponent(source.join("\n"))}`;
}
function surroundingsEntry({ env = {}, permissions }) {
  const surroundings = {
    variables: Object.entries(env),
    mayRun: permissions?.run !== void 0
  };
  if (surroundings.variables.length === 0 && !surroundings.mayRun) return void 0;
  const source = `import { surround } from ${ownModule("plugin_surroundings")};
surround(${JSON.stringify(surroundings)});`;
  return URL.createObjectURL(new Blob([
    source
  ], {
    type: "text/javascript"
  }));
}
function ownModule(name) {
  const { url } = import.meta;
  return JSON.stringify(new URL(`./${name}${url.slice(url.lastIndexOf("."))}`, url).href);
}
var PERMISSION_NAMES = [
  "read",
  "write",
  "net",
  "env",
  "run",
  "ffi",
  "sys",
  "import"
];
function threadPermissions(granted = {}, scratch) {
  const own = scratch === void 0 ? [] : [
    scratch.folder
  ];
  const all = Object.fromEntries(PERMISSION_NAMES.map((name) => [
    name,
    granted[name] ?? false
  ]));
  return {
    ...all,
    read: withPaths(granted.read, own),
    write: withPaths(granted.write, own)
  };
}
function withPaths(granted, own) {
  const paths = [
    ...granted === true ? [] : granted ?? [],
    ...own
  ];
  return granted === true || paths.length > 0 && paths;
}

// src/worker/deno/main.ts
var WORKER = "deno/0.1.0";
var EXPORT_MS = 200;
var FEATURES = [
  "call_id",
  "cancel_by_id",
  "files",
  "frames",
  "signatures",
  "types",
  UPGRADE_FEATURE
];
if (import.meta.main) await main();
async function main() {
  let own = {};
  try {
    const start = await readStartLine({
      read: (buffer) => Deno.stdin.readSync(buffer)
    });
    const listener = listen(start.listen);
    own = {
      socket: "unix" in start.listen ? start.listen.unix : void 0,
      folder: start.folder
    };
    writeLine(hello(start, listener));
    serve(new ThreadRunner(start.plugin, scratchOf(start)), start, listener);
  } catch (thrown) {
    writeLine({
      protocol: PROTOCOL_VERSION,
      error: errorBody("bad_start", thrown)
    });
    Deno.exit(1);
  }
  await untilEnd();
  if (mayKillGroup() && registeredTelemetry()?.trace !== void 0) await untilSpansAreSent();
  endEverything(own);
}
function listen(address) {
  if (!("unix" in address)) return Deno.listen({
    hostname: address.tcp,
    port: 0
  });
  const listener = Deno.listen({
    transport: "unix",
    path: address.unix
  });
  Deno.chmodSync(address.unix, 384);
  return listener;
}
function serve(runner, start, listener) {
  const { plugin, limits, token } = start;
  const session = new WorkerSession(runner, {
    plugin,
    limits,
    pid: Deno.pid,
    usage: usageMeter()
  });
  runner.flushed = () => session.flushed();
  const server = new HttpServer(session, {
    token,
    isTcp: "tcp" in start.listen,
    limits
  });
  void server.serve(listener);
}
function scratchOf({ scratch: folder, limits }) {
  if (typeof folder !== "string" || folder === "") return void 0;
  const mayUse = [
    "read",
    "write"
  ].every((name) => Deno.permissions.querySync({
    name,
    path: folder
  }).state === "granted");
  return mayUse ? {
    folder,
    quota: limits.scratch_quota
  } : void 0;
}
function hello({ listen: listen2 }, listener) {
  const { hostname, port } = listener.addr;
  const address = "unix" in listen2 ? listen2 : {
    tcp: `${hostname}:${port}`
  };
  return {
    protocol: PROTOCOL_VERSION,
    address,
    pid: Deno.pid,
    worker: WORKER,
    features: FEATURES
  };
}
function writeLine(message) {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}
`);
  for (let written = 0; written < bytes.length; ) written += Deno.stdout.writeSync(bytes.subarray(written));
}
async function untilEnd() {
  const buffer = new Uint8Array(1024);
  try {
    while (await Deno.stdin.read(buffer) !== null) ;
  } catch {
  }
}
function mayKillGroup() {
  return Deno.permissions.querySync({
    name: "run"
  }).state === "granted";
}
async function untilSpansAreSent() {
  await new Promise((resolve) => setTimeout(resolve, 2 * SPAN_DELAY_MS + EXPORT_MS));
}
function endEverything({ socket, folder }) {
  if (socket !== void 0) attempt2(() => removeSocket(socket));
  if (folder !== void 0) attempt2(() => removeFolder(folder));
  attempt2(() => Deno.kill(-Deno.pid, "SIGKILL"));
  Deno.exit(0);
}
function removeSocket(path) {
  if (Deno.lstatSync(path).isSocket) Deno.removeSync(path);
}
function removeFolder(path) {
  const ownerFile = `${path}/${OWNER_FILE}`;
  if (!Deno.lstatSync(path).isDirectory || !Deno.lstatSync(ownerFile).isFile || Deno.readTextFileSync(ownerFile) !== OWNER_LINE) return;
  for (const { name } of Deno.readDirSync(path)) if (name !== OWNER_FILE) Deno.removeSync(`${path}/${name}`, {
    recursive: true
  });
  Deno.removeSync(ownerFile);
  Deno.removeSync(path);
}
function attempt2(action) {
  try {
    action();
  } catch {
  }
}

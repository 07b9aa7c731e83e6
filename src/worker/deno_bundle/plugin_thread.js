// Generated from deno/plugin_thread.ts. Do not edit; run: deno task embed
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

// src/worker/deno/flush.ts
var LAST_MS = 1e3;
var BRIEF_MS = 10;
var { wait } = Atomics;
var [Numbers, Memory] = [
  Int32Array,
  SharedArrayBuffer
];
function flush(post2, { isLast }) {
  const done = new Numbers(new Memory(4));
  post2({
    kind: "flush",
    done
  });
  wait(done, 0, 0, isLast ? LAST_MS : BRIEF_MS);
}

// src/protocol/messages.ts
var MAX_CONTROL_LINE_BYTES = 1024 * 1024;
var MAX_HEADER_BYTES = 64 * 1024;
var MAX_FRAME_BYTES = 128 * 1024 * 1024;

// src/protocol/npy.ts
var NPY_MEDIA_TYPE = "application/x-npy";
var DTYPES = {
  Int8Array: "|i1",
  Uint8Array: "|u1",
  Uint8ClampedArray: "|u1",
  Int16Array: "i2",
  Uint16Array: "u2",
  Int32Array: "i4",
  Uint32Array: "u4",
  BigInt64Array: "i8",
  BigUint64Array: "u8",
  Float16Array: "f2",
  Float32Array: "f4",
  Float64Array: "f8"
};
var IS_LITTLE_ENDIAN = new Uint8Array(new Uint16Array([
  1
]).buffer)[0] === 1;
var OWN_ORDER = IS_LITTLE_ENDIAN ? "<" : ">";
var MAGIC = [
  147,
  78,
  85,
  77,
  80,
  89
];
var ALIGNMENT = 64;
function dtypeOf(data) {
  const dtype = DTYPES[data[Symbol.toStringTag]];
  return dtype.startsWith("|") ? dtype : OWN_ORDER + dtype;
}
function npyHeader(data, { shape = [
  data.length
], order = "C" } = {}) {
  if (!shape.every((length2) => Number.isSafeInteger(length2) && length2 >= 0) || countOf(shape) !== data.length) {
    throw new RangeError(`An array of ${data.length} elements cannot have the shape [${shape.join(", ")}]`);
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text3 = `{'descr': '${dtypeOf(data)}', 'fortran_order': ${order === "F" ? "True" : "False"}, 'shape': ${tuple}, }`;
  const length = Math.ceil((MAGIC.length + 4 + text3.length + 1) / ALIGNMENT) * ALIGNMENT;
  const header = new Uint8Array(length);
  header.set(MAGIC);
  header.set([
    1,
    0
  ], MAGIC.length);
  new DataView(header.buffer).setUint16(8, length - 10, true);
  header.set(new TextEncoder().encode(`${text3.padEnd(length - 11)}
`), 10);
  return header;
}
function countOf(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

// src/protocol/file_values.ts
var BYTES_MEDIA_TYPE = "application/octet-stream";
var INLINE_BYTES = 64 * 1024;
var MOST_BYTES_AT_ONCE = 2 ** 30;
function isFileValue(value) {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Array.prototype || prototype === null) return false;
  if (prototype !== Object.prototype && (isBytes(value) || value instanceof Blob || value instanceof ReadableStream)) return true;
  return isFileBacked(value);
}
function isFileBacked(value) {
  return "toTempFile" in value && typeof value.toTempFile === "function";
}
function contentOf(value) {
  if (value instanceof Blob) {
    const extension = "name" in value ? /\.\w{1,16}$/.exec(String(value.name))?.[0] ?? "" : "";
    return {
      parts: value.stream(),
      size: value.size,
      extension,
      mediaType: value.type || BYTES_MEDIA_TYPE
    };
  }
  if (value instanceof ReadableStream) return {
    parts: value,
    size: void 0,
    extension: ".bin",
    mediaType: BYTES_MEDIA_TYPE
  };
  const bytes = ArrayBuffer.isView(value) ? bytesOf(value) : new Uint8Array(value);
  if (!isNumbers(value)) return {
    parts: [
      bytes
    ],
    size: bytes.length,
    extension: ".bin",
    mediaType: BYTES_MEDIA_TYPE
  };
  return npyContent(npyHeader(value), bytes);
}
function npyContent(header, bytes) {
  return {
    parts: [
      header,
      bytes
    ],
    size: header.length + bytes.length,
    extension: ".npy",
    mediaType: NPY_MEDIA_TYPE
  };
}
function bytesOf(view) {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
}
async function writeContent(dir, content, reserve) {
  const path = await Deno.makeTempFile({
    dir,
    suffix: content.extension
  });
  try {
    using file = await Deno.open(path, {
      write: true
    });
    await writeParts(file, content, reserve);
    return path;
  } catch (error) {
    await Deno.remove(path).catch(() => {
    });
    throw error;
  }
}
async function writeParts(file, { parts }, reserve) {
  for await (const part of parts) {
    if (!ArrayBuffer.isView(part)) throw new TypeError("A stream that becomes a file must give bytes");
    reserve(part.byteLength);
    for (let rest = bytesOf(part); rest.length > 0; ) rest = rest.subarray(await file.write(rest.subarray(0, MOST_BYTES_AT_ONCE)));
  }
}
function isFull(error) {
  return error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT");
}
async function inlineFile({ parts, mediaType }) {
  const blob = new Blob(await Array.fromAsync(parts));
  const bytes = await blob.bytes();
  return {
    data: bytes.toBase64(),
    size: bytes.length,
    media_type: mediaType
  };
}
var MEDIA_TYPES = {
  ".npy": NPY_MEDIA_TYPE,
  ".wav": "audio/wav",
  ".mp3": "audio/mpeg",
  ".flac": "audio/flac",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".svg": "image/svg+xml",
  ".mp4": "video/mp4",
  ".arrow": "application/vnd.apache.arrow.file",
  ".parquet": "application/vnd.apache.parquet",
  ".json": "application/json",
  ".csv": "text/csv",
  ".txt": "text/plain",
  ".html": "text/html",
  ".pdf": "application/pdf",
  ".zip": "application/zip"
};
function mediaTypeOf(path) {
  return MEDIA_TYPES[/\.\w+$/.exec(path)?.[0].toLowerCase() ?? ""] ?? BYTES_MEDIA_TYPE;
}
function isBytes(value) {
  return ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer;
}
function isNumbers(value) {
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !(value instanceof Uint8Array);
}

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
function encodeValue(value, isFile = () => false) {
  const types = {};
  const slots = [];
  const encoded2 = new Encoder(types, slots, isFile).encode(value, "");
  return {
    value: encoded2,
    ...Object.keys(types).length === 0 ? {} : {
      types
    },
    ...slots.length === 0 ? {} : {
      slots
    }
  };
}
function fillSlot(encoded2, { path }, filling) {
  const last = path.at(-1);
  if (last === void 0) return filling;
  const holder = path.slice(0, -1).reduce(member2, encoded2);
  Object.defineProperty(holder, last, {
    value: filling,
    writable: true,
    enumerable: true,
    configurable: true
  });
  return encoded2;
}
var FILE_TYPE = "file";
var HOLDERS = [
  Map,
  Set,
  Blob,
  ArrayBuffer
];
function isPlain(value) {
  return Object.getPrototypeOf(value) === Object.prototype || Array.isArray(value);
}
var Encoder = class {
  #types;
  #slots;
  #isFile;
  #open = /* @__PURE__ */ new Set();
  #path = [];
  constructor(types, slots, isFile) {
    this.#types = types;
    this.#slots = slots;
    this.#isFile = isFile;
  }
  encode(value, key) {
    switch (typeof value) {
      case "number":
        return Number.isFinite(value) ? value : this.#nonFinite(value);
      case "bigint":
        throw this.#unsendable("a BigInt; send a number or a string");
      case "function":
      case "symbol":
        throw this.#unsendable(`a ${typeof value}`);
      case "object":
        return value === null ? null : this.#object(value, key);
      default:
        return value;
    }
  }
  #object(value, key) {
    if (this.#isFile(value)) {
      this.#slots.push({
        source: value,
        path: [
          ...this.#path
        ]
      });
      return null;
    }
    if ("toJSON" in value && typeof value.toJSON === "function") {
      const plain = value.toJSON(key);
      return plain === value ? this.#members(value) : this.encode(plain, key);
    }
    if (!isPlain(value) && (ArrayBuffer.isView(value) || HOLDERS.some((kind) => value instanceof kind))) {
      throw this.#unsendable(`a ${value.constructor.name}, which JSON cannot carry`);
    }
    return this.#members(value);
  }
  #members(value) {
    if (this.#open.has(value)) throw this.#unsendable("part of itself (a cycle)");
    this.#open.add(value);
    const encoded2 = Array.isArray(value) ? this.#array(value) : this.#record(value);
    this.#open.delete(value);
    return encoded2;
  }
  #array(items) {
    let copy;
    for (let i = 0; i < items.length; i++) {
      const encoded2 = this.#member(items[i], String(i));
      if (encoded2 !== items[i]) (copy ??= [
        ...items
      ])[i] = encoded2;
    }
    return copy ?? items;
  }
  #record(record2) {
    let copy;
    for (const [key, value] of Object.entries(record2)) {
      const encoded2 = this.#member(value, key);
      if (encoded2 === value) continue;
      copy ??= Object.assign(/* @__PURE__ */ Object.create(null), record2);
      copy[key] = encoded2;
    }
    return copy ?? record2;
  }
  #member(value, key) {
    this.#path.push(key);
    const encoded2 = this.encode(value, key);
    this.#path.pop();
    return encoded2;
  }
  #nonFinite(value) {
    this.#types[toPointer(this.#path)] = "number";
    return String(value);
  }
  #unsendable(what) {
    return new UnsendableValueError(what, this.#path);
  }
};
function member2(holder, key) {
  if (typeof holder === "object" && holder !== null && Object.hasOwn(holder, key)) {
    return holder[key];
  }
  throw new TypeError(`A pointer of "types" leads to "${shortened(key)}", which is not there`);
}
function shortened(text3) {
  return text3.length > 80 ? `${text3.slice(0, 80)}\u2026` : text3;
}
function toPointer(path) {
  return path.map((part) => `/${part.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
function toPlace(path) {
  return "$" + path.map((part) => /^\d+$/.test(part) ? `[${part}]` : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`).join("");
}

// src/worker/deno/outbox.ts
var UnfitFileError = class extends TypeError {
  name = "UnfitFileError";
};
var ScratchFullError = class extends Error {
  name = "ScratchFullError";
  category = "resource";
  retriable = true;
};
var MARK = ".open";
var Outbox = class {
  #scratch;
  #folder;
  #files = [];
  #handedOver = /* @__PURE__ */ new Set();
  /** Opens the outbox of one call. */
  constructor(scratch) {
    this.#scratch = scratch;
  }
  /** Makes what stands in a value's place. */
  async handOver(value) {
    if (isFileBacked(value)) return await this.#handOverBacked(value);
    const content = contentOf(value);
    if (this.#scratch === void 0) demandFrame(content);
    if (this.#scratch === void 0 || (content.size ?? Infinity) <= INLINE_BYTES) return await inlineFile(content);
    return this.#reference(await this.#write(content), content.mediaType);
  }
  /** The files handed over since this was last asked. */
  takeFiles() {
    const files = this.#files;
    this.#files = [];
    files.forEach((path) => this.#handedOver.add(path));
    return files;
  }
  /** Removes what has not been handed over; the rest is the host's. */
  async close() {
    if (this.#folder !== void 0) removeAllBut(this.#handedOver, await this.#folder);
  }
  async #handOverBacked(value) {
    if (this.#scratch === void 0) throw new TypeError("The host shares no folder with this worker, so that it takes bytes and no files");
    const folder = await this.#ownFolder();
    const path = await value.toTempFile(folder);
    if (typeof path !== "string") throw new UnfitFileError(`has a "toTempFile" that gave no path, but a value of type "${typeof path}"`);
    const mediaType = typeof value.mediaType === "string" ? value.mediaType : mediaTypeOf(path);
    if (!path.startsWith(`${folder}/`) || path.includes("/../")) return this.#reference(await this.#copy(path, mediaType), mediaType);
    demandOwnFile(path, folder);
    return this.#reference(path, mediaType);
  }
  /** A file elsewhere is the plugin's own, and stays there. */
  async #copy(path, mediaType) {
    const { file, size } = openPlainFile(path);
    const content = {
      parts: file.readable,
      size,
      extension: /\.\w+$/.exec(path)?.[0] ?? "",
      mediaType
    };
    return await this.#write(content);
  }
  async #write(content) {
    await this.#reserve(content.size ?? 0);
    try {
      return await writeContent(await this.#ownFolder(), content, () => {
      });
    } catch (cause) {
      if (!isFull(cause)) throw cause;
      throw new ScratchFullError(`The file system of "${this.#scratch.folder}" is full`, {
        cause
      });
    }
  }
  #reference(path, mediaType) {
    this.#files.push(path);
    return {
      path,
      size: Deno.lstatSync(path).size,
      media_type: mediaType
    };
  }
  #ownFolder() {
    return this.#folder ??= makeFolder(this.#scratch.folder);
  }
  async #reserve(bytes) {
    const { quota, folder } = this.#scratch;
    if (quota === void 0) return;
    const used = await folderBytes(folder);
    if (used + bytes <= quota) return;
    throw new ScratchFullError(`${bytes} bytes do not fit into the scratch quota of ${quota}, of which ${used} are in use`);
  }
};
async function makeFolder(scratch) {
  const folder = await Deno.makeTempDir({
    dir: scratch,
    prefix: "out-"
  });
  await Deno.writeFile(`${folder}/${MARK}`, new Uint8Array(0));
  return folder;
}
function demandFrame({ size = 0 }) {
  if (size <= MAX_FRAME_BYTES / 4 * 3) return;
  const advice = "only a host that shares the worker's folders gets as many";
  throw new UnfitFileError(`has ${size} bytes, more than a frame carries; ${advice}`);
}
function demandOwnFile(path, folder) {
  const facts = lookAt(path, Deno.lstatSync);
  if (!facts.isFile) throw unfit(path, kindOf(facts));
  if (facts.nlink !== 1) throw unfit(path, `a file with ${facts.nlink} names`);
  if (lookAt(path, Deno.realPathSync) !== `${Deno.realPathSync(folder)}${path.slice(folder.length)}`) {
    throw unfit(path, "a file behind a link");
  }
  lookAt(path, (own) => Deno.chmodSync(own, 384));
}
function openPlainFile(path) {
  const facts = lookAt(path, Deno.statSync);
  if (!facts.isFile) throw unfit(path, kindOf(facts));
  return {
    file: lookAt(path, (own) => Deno.openSync(own)),
    size: facts.size
  };
}
function lookAt(path, look) {
  try {
    return look(path);
  } catch (cause) {
    throw new UnfitFileError(`has a "toTempFile" that gave the path "${path}", which cannot be opened: ${cause}`, {
      cause
    });
  }
}
function unfit(path, kind) {
  return new UnfitFileError(`has a "toTempFile" that gave the path of ${kind}, "${path}"; only a plain file can be handed over`);
}
function kindOf({ isDirectory, isSymlink, isFifo, isSocket, isCharDevice, isBlockDevice }) {
  if (isDirectory) return "a folder";
  if (isSymlink) return "a link";
  if (isFifo) return "a fifo";
  if (isSocket) return "a socket";
  return isCharDevice || isBlockDevice ? "a device" : "something else than a file";
}
function removeFiles(paths = []) {
  for (const path of paths) {
    try {
      Deno.removeSync(path);
    } catch {
    }
  }
}
function removeAllBut(kept, folder) {
  try {
    for (const { name, isDirectory } of Deno.readDirSync(folder)) {
      const path = `${folder}/${name}`;
      if (isDirectory) removeAllBut(kept, path);
      else if (!kept.has(path)) removeFiles([
        path
      ]);
    }
  } catch {
  }
  removeFiles([
    folder
  ]);
}
async function folderBytes(folder) {
  let total = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      total += isDirectory ? await folderBytes(path) : (await Deno.lstat(path)).size;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return total;
}

// src/worker/deno/frame_line.ts
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
async function valueLine(kind, given, outbox) {
  const { value = null, types, slots } = encoded(kind, given);
  if (slots === void 0) return bounded({
    kind,
    text: stringified(kind, value, types)
  });
  let filled = value;
  const allTypes = {
    ...types
  };
  for (const slot of slots) {
    filled = fillSlot(filled, slot, await outbox.handOver(slot.source).catch((error) => unfit2(kind, slot, error)));
    allTypes[toPointer(slot.path)] = FILE_TYPE;
  }
  const files = outbox.takeFiles();
  return bounded({
    kind,
    text: stringified(kind, filled, allTypes),
    ...files.length === 0 ? {} : {
      files
    }
  });
}
function unfit2(kind, { path }, error) {
  throw error instanceof UnfitFileError ? badResult(`The ${kind} at "${toPlace(path)}" ${error.message}`) : error;
}
function encoded(kind, given) {
  try {
    return encodeValue(given, isFileValue);
  } catch (error) {
    if (error instanceof UnsendableValueError) throw unsendable(kind, error);
    throw isTooDeep(error) ? badResult(`The ${kind} is nested too deeply`) : error;
  }
}
function stringified(kind, value, types) {
  try {
    return JSON.stringify({
      [kind]: value,
      types
    });
  } catch (error) {
    throw isTooDeep(error) ? badResult(`The ${kind} is nested too deeply`) : error;
  }
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
  throw unsendable(line.kind, new UnsendableValueError(what, parsePointer(pointer)));
}
function withoutTypes(line) {
  plainValue(line);
  return line;
}
function bounded(line) {
  if (line.text.length < MAX_FRAME_BYTES / 3 || new TextEncoder().encode(line.text).length < MAX_FRAME_BYTES) return line;
  throw badResult(`The ${line.kind} is longer than ${MAX_FRAME_BYTES} bytes as JSON; return a large value as a file`);
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
function parsePointer(pointer) {
  return pointer.split("/").slice(1).map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
function isTooDeep(error) {
  return error instanceof RangeError && /call stack/.test(error.message);
}

// src/worker/deno/iterables.ts
function isIterable(value) {
  return typeof value === "object" && value !== null && (Symbol.asyncIterator in value || Symbol.iterator in value);
}
function isIterator(value) {
  return isIterable(value) && "next" in value && typeof value.next === "function";
}

// src/protocol/telemetry.ts
var SCOPE = [
  "@remote-plugin/proxy",
  "0.1.0"
];
var SPAN_KIND = {
  internal: 0,
  server: 1,
  client: 2
};
var RPC_SYSTEM = "remote_plugin";
var REGISTRY = Symbol.for("opentelemetry.js.api.1");
var SUPPRESS_TRACING = Symbol.for("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
var STATUS_ERROR = 2;
function registeredTelemetry() {
  return globalThis[REGISTRY];
}
function inTrace(trace, code) {
  const { context, propagation } = trace === void 0 ? {} : registeredTelemetry() ?? {};
  if (context === void 0 || propagation === void 0) return code();
  return context.with(propagation.extract(context.active(), trace, CARRIER), code);
}
function markFailed(span, thrown, type) {
  const { name, message, stack } = thrown instanceof Error ? thrown : new Error(String(thrown));
  span.setAttributes({
    "error.type": type ?? name
  });
  span.recordException({
    name,
    message,
    stack
  });
  span.setStatus({
    code: STATUS_ERROR,
    message
  });
}
var CARRIER = {
  get: (carrier, name) => carrier[name],
  keys: (carrier) => Object.keys(carrier),
  set: (carrier, name, value) => void (carrier[name] = value)
};

// src/worker/deno/plugin_span.ts
function inSpan(order, facts, code) {
  const tracer = order.trace && registeredTelemetry()?.trace?.getTracer(...SCOPE);
  return tracer === void 0 ? code() : inTrace(order.trace, () => withSpan(order, {
    ...facts,
    tracer
  }, code));
}
function withSpan(order, { plugin, signal, tracer }, code) {
  const method = `${plugin}/${order.endpoint}`;
  const attributes = {
    "rpc.system.name": RPC_SYSTEM,
    "rpc.method": method,
    "remote_plugin.call.id": order.callId
  };
  return tracer.startActiveSpan(method, {
    kind: SPAN_KIND.server,
    attributes
  }, async (span) => {
    try {
      return await code();
    } catch (thrown) {
      if (!signal.aborted) markFailed(span, thrown);
      throw thrown;
    } finally {
      span.end();
    }
  });
}

// src/worker/deno/signatures.ts
function signaturesOf(plugin) {
  const { argumentsSchema, resultSchema, chunkSchema } = plugin;
  const chunk = chunkSchema ?? (plugin.executeStream === void 0 ? resultSchema : void 0);
  return {
    ...plugin.execute === void 0 ? {} : {
      execute: signature(argumentsSchema, {
        result: resultSchema
      })
    },
    execute_stream: signature(argumentsSchema, {
      chunk
    })
  };
}
function signature(takes, gives) {
  return {
    arguments: takes,
    ...gives
  };
}

// src/worker/deno/inline_runner.ts
var InlineRunner = class {
  #plugin;
  #ready;
  #scratch;
  settled = Promise.resolve();
  /** Takes a plugin that is loaded. Without a scratch folder, all that it gives travels inside the JSON. */
  constructor({ plugin, ready }, scratch) {
    this.#plugin = plugin;
    this.#ready = ready;
    this.#scratch = scratch;
  }
  get state() {
    return {
      status: "running",
      ready: this.#ready
    };
  }
  async run(order, sink, signal) {
    if (signal.aborted) return errorLine(cancelledBody());
    const onAbort = () => this.#askToStop();
    signal.addEventListener("abort", onAbort, {
      once: true
    });
    const outbox = new Outbox(order.sharesFiles ? this.#scratch : void 0);
    try {
      return await inSpan(order, {
        plugin: this.#ready.name,
        signal
      }, () => this.#dispatch(order, new Call(order, sink, {
        signal,
        outbox
      })));
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    } finally {
      signal.removeEventListener("abort", onAbort);
      await outbox.close();
    }
  }
  async ask(endpoint) {
    try {
      return withoutTypes(await valueLine("result", await this.#answer(endpoint) ?? {}, new Outbox(void 0)));
    } catch (thrown) {
      return errorLine(failureBody(thrown));
    }
  }
  #dispatch(order, call) {
    switch (order.endpoint) {
      case "execute":
        return this.#execute(order, call);
      case "execute_stream":
        return this.#executeStream(order, call);
      default:
        return this.#manage(order, call.context);
    }
  }
  async #execute({ body }, call) {
    if (this.#plugin.execute === void 0) throw notSupported("execute", "executeStream");
    const result = await this.#plugin.execute(kwargsOf(body), call.context);
    return await valueLine("result", isIterator(result) ? await call.collect(result) : result, call.outbox);
  }
  async #executeStream({ body }, call) {
    if (this.#plugin.executeStream !== void 0) {
      const stream = await this.#plugin.executeStream(kwargsOf(body), call.context);
      if (!isIterable(stream)) throw new TypeError('"executeStream" must return an iterable, such as a generator does');
      await call.stream(stream);
    } else {
      const result = await this.#plugin.execute(kwargsOf(body), call.context);
      await call.stream(isIterator(result) ? result : [
        result
      ]);
    }
    return plainResultLine(null);
  }
  async #manage({ endpoint, body }, context) {
    const plugin = this.#plugin;
    switch (endpoint) {
      case "initialize":
        if (plugin.initialize === void 0 && Object.keys(body).length > 0) throw notSupported("initialize");
        await plugin.initialize?.(body, context);
        return plainResultLine({
          status: "ok"
        });
      case "prefetch":
        if (plugin.prefetch === void 0) return plainResultLine({
          status: "not_supported"
        });
        await plugin.prefetch(context);
        return plainResultLine({
          status: "prefetched"
        });
      case "reconfigure":
        if (plugin.reconfigure === void 0) return plainResultLine({
          status: "not_supported"
        });
        await plugin.reconfigure(record(body["old_config"]), record(body["new_config"]), context);
        return plainResultLine({
          status: "reconfigured"
        });
      default:
        await plugin.cleanup?.(context);
        return plainResultLine({
          status: "cleaned"
        });
    }
  }
  async #answer(endpoint) {
    const plugin = this.#plugin;
    if (endpoint === "signatures") return signaturesOf(plugin);
    if (endpoint === "config") return await plugin.getCurrentConfig?.();
    return plugin.getConfigSchema === void 0 ? plugin.configSchema : await plugin.getConfigSchema();
  }
  async #askToStop() {
    try {
      await this.#plugin.cancel?.();
    } catch {
    }
  }
};
var Call = class {
  context;
  outbox;
  #sink;
  #signal;
  constructor({ body, callId }, sink, { signal, outbox }) {
    this.outbox = outbox;
    this.#sink = sink;
    this.#signal = signal;
    const args = Array.isArray(body["args"]) ? body["args"] : [];
    const reportProgress = (progress, message = "") => sink.report(portion(progress), String(message));
    this.context = {
      callId,
      args,
      signal,
      reportProgress
    };
  }
  /** Sends each item as a chunk. */
  async stream(items) {
    for await (const item of items) {
      if (this.#signal.aborted) return;
      await this.#sink.push(await valueLine("chunk", item, this.outbox));
      if (this.#signal.aborted) return;
    }
  }
  async collect(items) {
    const list = [];
    for await (const item of items) {
      if (this.#signal.aborted) break;
      list.push(item);
    }
    return list;
  }
};
function portion(progress) {
  return typeof progress === "number" && progress >= 0 ? Math.min(progress, 1) : -1;
}
function kwargsOf(body) {
  return record(body["kwargs"]);
}
function record(value) {
  return typeof value === "object" && value !== null ? value : {};
}
function notSupported(missing, present) {
  const advice = present === void 0 ? "" : `. Call "${present}"`;
  return new PluginFailure(errorBody("not_supported", new NotSupportedError(`The plugin has no "${missing}"${advice}`)));
}
var NotSupportedError = class extends Error {
  name = "NotSupportedError";
  // The plugin took no part in it.
  stack = "";
};

// src/worker/deno/load_plugin.ts
var METHODS = {
  initialize: "initialize",
  execute: "execute",
  execute_stream: "executeStream",
  config_schema: "getConfigSchema",
  config: "getCurrentConfig",
  prefetch: "prefetch",
  reconfigure: "reconfigure",
  cancel: "cancel",
  cleanup: "cleanup"
};
function pluginFromModule(exports, exportName, label) {
  if (!(exportName in exports)) throw new TypeError(`The module has no export "${exportName}". ${describeExports(exports)}`);
  return loadPlugin(exports[exportName], label);
}
function loadPlugin(value, label) {
  const plugin = typeof value === "function" ? Reflect.construct(value, []) : value;
  if (!isPlugin(plugin)) throw new TypeError('A plugin must be an object or a class with "execute" or "executeStream"');
  return {
    plugin,
    ready: {
      name: text2(plugin.name, label.name),
      version: text2(plugin.version, label.version),
      methods: methodsOf(plugin)
    }
  };
}
function isPlugin(value) {
  return typeof value === "object" && value !== null && (hasMethod(value, "execute") || hasMethod(value, "executeStream"));
}
function hasMethod(plugin, name) {
  return typeof plugin[name] === "function";
}
function methodsOf(plugin) {
  return Object.entries(METHODS).filter(([, method]) => hasMethod(plugin, method)).map(([endpoint]) => endpoint);
}
function text2(own, fallback) {
  return typeof own === "string" && own !== "" ? own : fallback;
}
function describeExports(exports) {
  const names = Object.keys(exports).map((name) => `"${name}"`);
  return names.length === 0 ? "It exports nothing" : `It exports ${names.join(", ")}`;
}

// src/worker/deno/thread_messages.ts
var CHUNKS_ON_THE_WAY = 16;
var CHUNKS_PER_ROOM = CHUNKS_ON_THE_WAY / 2;

// src/worker/deno/thread_calls.ts
var ThreadCalls = class {
  #runner;
  #post;
  #open = /* @__PURE__ */ new Map();
  /** Serves a plugin that is loaded. */
  constructor(runner, post2) {
    this.#runner = runner;
    this.#post = post2;
  }
  /** Takes one message of the control thread. */
  take(message) {
    const { key } = message;
    if (message.kind === "run") void this.#run(key, message.order);
    else if (message.kind === "ask") void this.#end(key, this.#runner.ask(message.endpoint));
    else if (message.kind === "abort") this.#open.get(key)?.cancel();
    else this.#open.get(key)?.makeRoom(message.chunks);
  }
  async #run(key, order) {
    const call = new ThreadCall(key, this.#post);
    this.#open.set(key, call);
    await this.#end(key, this.#runner.run(order, call, call.signal));
    this.#open.delete(key);
  }
  async #end(key, last) {
    const line = await last.catch((thrown) => errorLine(failureBody(thrown)));
    this.#post({
      kind: "last",
      key,
      line
    });
  }
};
var ThreadCall = class {
  #key;
  #post;
  #abort = new AbortController();
  #onTheWay = 0;
  #goOn;
  constructor(key, post2) {
    this.#key = key;
    this.#post = post2;
  }
  get signal() {
    return this.#abort.signal;
  }
  report(progress, message) {
    this.#post({
      kind: "progress",
      key: this.#key,
      progress,
      message
    });
  }
  async push(line) {
    this.#onTheWay++;
    this.#post({
      kind: "chunk",
      key: this.#key,
      line
    });
    if (this.#onTheWay >= CHUNKS_ON_THE_WAY && !this.signal.aborted) await new Promise((resolve) => this.#goOn = resolve);
  }
  makeRoom(chunks) {
    this.#onTheWay -= chunks;
    this.#goOn?.();
  }
  cancel() {
    this.#abort.abort();
    this.#goOn?.();
  }
};

// src/worker/deno/plugin_thread.ts
var scope = globalThis;
var post = scope.postMessage.bind(scope);
watchForTheEnd();
function startPlugin(exports, exportName, { scratch, ...label }) {
  let loaded;
  try {
    loaded = pluginFromModule(exports, exportName, label);
  } catch (thrown) {
    return post({
      kind: "unloadable",
      error: errorBody("load_error", thrown)
    });
  }
  serve(new InlineRunner(loaded, scratch));
  post({
    kind: "ready",
    ready: loaded.ready
  });
}
function serve(runner) {
  const calls = new ThreadCalls(runner, post);
  scope.addEventListener("message", ({ data }) => calls.take(data));
}
function watchForTheEnd() {
  const close = scope.close.bind(scope);
  const ending = (thrown) => {
    post({
      kind: "ending",
      error: errorBody("plugin_exit", thrown)
    });
    flush(post, {
      isLast: false
    });
  };
  scope.addEventListener("error", (event) => ending(event.error ?? event.message));
  scope.addEventListener("unhandledrejection", (event) => ending(event.reason));
  scope.addEventListener("unload", () => ending(new PluginExit("The plugin ended its own thread, by Deno.exit() or process.exit()")));
  scope.close = () => {
    ending(new PluginExit("The plugin ended its own thread, by self.close()"));
    close();
  };
}
var PluginExit = class extends Error {
  name = "PluginExit";
};
export {
  startPlugin
};

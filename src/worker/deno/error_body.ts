/**
 * The error body of section 5 of `docs/protocol.md`, made from whatever plugin code throws.
 *
 * @module
 */
import type { ErrorBody, ErrorCode } from "../../protocol/messages.ts";
import { CallbackError } from "./callback_error.ts";
import { namingThePermission } from "./import_refusal.ts";

/** The most characters of a text that a plugin says beside its values: a message, a stack. */
const MOST_CHARACTERS = 1024 * 1024;

/** Carries a finished error body through code that throws. */
export class PluginFailure extends Error {
  override name = "PluginFailure";
  /** What the host is told. */
  readonly body: ErrorBody;

  /** Wraps the body. */
  constructor(body: ErrorBody) {
    super(body.message);
    this.body = body;
  }
}

const CATEGORIES = ["user_input", "transient", "resource", "fatal"];

/** By the name of a class, for libraries have their own of the same name. Only what is a matter of connection or of time is transient. */
const BY_CLASS: ReadonlyMap<string, string> = categories({
  user_input:
    "TypeError RangeError SyntaxError URIError NotFound AlreadyExists NotADirectory IsADirectory FilesystemLoop PermissionDenied " +
    "NotCapable InvalidData",
  transient: "TimeoutError Timeout TimedOut ConnectionError ConnectionRefused ConnectionReset ConnectionAborted BrokenPipe NotConnected " +
    "NetworkUnreachable NetworkError Interrupted WouldBlock",
});

/** By the name of an error of the system, which many a library gives as the code of an error of its own. */
const BY_CODE: ReadonlyMap<string, string> = categories({
  user_input: "ENOENT ENOTDIR EISDIR EACCES EPERM EEXIST ENAMETOOLONG ELOOP",
  transient: "ECONNREFUSED ECONNRESET ECONNABORTED EPIPE ENOTCONN ESHUTDOWN ENETDOWN ENETRESET ENETUNREACH EHOSTDOWN EHOSTUNREACH " +
    "ETIMEDOUT EAGAIN EINTR EINPROGRESS EALREADY ENOTFOUND EAI_AGAIN",
  resource: "ENOSPC EDQUOT EMFILE ENFILE ENOMEM",
});

/** How the runtime says by a TypeError that a server could not be reached, or has broken off. */
const FETCH_FAILED = /^(fetch failed$|error (sending request|reading a body|decoding response body))/;

/** How the runtime says by a RangeError that there is no more memory. */
const NO_MEMORY = /^Array buffer allocation failed$|could not allocate memory$/;

function categories(names: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(names).flatMap(([category, list]) => list.split(" ").map((name) => [name, category] as const)));
}

/** Makes the body for anything thrown. An {@linkcode ErrorCode} other than `plugin_error` is the worker's own finding. */
export function errorBody(code: ErrorCode, thrown: unknown): ErrorBody {
  const type = shortened(typeName(thrown));
  const message = shortened(namingThePermission(messageOf(thrown)));
  const category = categoryOf(code, thrown, type);
  return {
    code,
    type,
    message,
    traceback: shortened(traceback(thrown)),
    category,
    retriable: retriable(thrown) ?? (category === "transient" || category === "resource"),
    original_exc_repr: `${type}(${JSON.stringify(message)})`,
    occurred_at: new Date().toISOString(),
    ...(thrown instanceof CallbackError && thrown.callback > 0 ? { callback: thrown.callback } : {}),
  };
}

/** A text of which a frame has room for several. */
export function shortened(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}… (${text.length} characters)`;
}

/** The body of whatever plugin code threw; a failure that has one keeps it. */
export function failureBody(thrown: unknown): ErrorBody {
  return thrown instanceof PluginFailure ? thrown.body : errorBody("plugin_error", thrown);
}

/** The class of what was thrown, or for what is no error, the type of the value. */
function typeName(thrown: unknown): string {
  if (!(thrown instanceof Error)) return thrown === null ? "null" : typeof thrown;
  const name = text(thrown, "name") || "Error";
  return name === "Error" ? text(member(thrown, "constructor"), "name") || name : name;
}

function messageOf(thrown: unknown): string {
  if (thrown instanceof Error) return text(thrown, "message");
  return attempt(() => typeof thrown === "object" ? JSON.stringify(thrown) : String(thrown)) ?? Object.prototype.toString.call(thrown);
}

function categoryOf(code: ErrorCode, thrown: unknown, type: string): string {
  if (code !== "plugin_error") return "fatal";
  const own = text(thrown, "category");
  if (CATEGORIES.includes(own)) return own;
  if (FETCH_FAILED.test(text(thrown, "message")) && thrown instanceof TypeError) return "transient";
  if (NO_MEMORY.test(text(thrown, "message")) && thrown instanceof RangeError) return "resource";
  const told = [BY_CLASS.get(type), BY_CODE.get(text(thrown, "code")), ...classNames(thrown).map((name) => BY_CLASS.get(name))];
  return told.find((category) => category !== undefined) ?? "fatal";
}

/** The names of an error's class and of those that it is derived from. */
function classNames(thrown: unknown): string[] {
  const names: string[] = [];
  for (let kind = attempt(() => Object.getPrototypeOf(thrown)); kind; kind = attempt(() => Object.getPrototypeOf(kind))) {
    names.push(text(member(kind, "constructor"), "name"));
  }
  return names;
}

function retriable(thrown: unknown): boolean | undefined {
  const own = member(thrown, "retriable");
  return typeof own === "boolean" ? own : undefined;
}

/** The stack with those of its causes, without the worker's own frames. */
function traceback(thrown: unknown): string {
  const stacks: string[] = [];
  const seen = new Set<unknown>();
  for (let error = thrown; error instanceof Error && !seen.has(error); error = member(error, "cause")) {
    seen.add(error);
    stacks.push(withoutOwnFrames(text(error, "stack")));
  }
  return stacks.filter((stack) => stack !== "").join("\nCaused by: ");
}

/** A member of what plugin code threw. It may be of the plugin's own making, and throw in turn. */
function member(thrown: unknown, name: string): unknown {
  return attempt(() => (thrown as Record<string, unknown> | null | undefined)?.[name]);
}

function text(thrown: unknown, name: string): string {
  const value = member(thrown, name);
  return typeof value === "string" ? value : "";
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const OWN_FOLDERS = [new URL(".", import.meta.url).href, new URL("../../protocol/", import.meta.url).href];

/** What lies below the worker's first frame is the worker and the runtime that called it. A stack of nothing else says nothing. */
function withoutOwnFrames(stack: string): string {
  const lines = stack.split("\n");
  const own = lines.findIndex((line) => isFrame(line) && OWN_FOLDERS.some((folder) => line.includes(folder)));
  const kept = own < 0 ? lines : lines.slice(0, own);
  return kept.some(isFrame) ? kept.join("\n") : "";
}

function isFrame(line: string): boolean {
  return line.startsWith("    at ");
}

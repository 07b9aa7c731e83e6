/**
 * The request line and headers of HTTP/1.1.
 *
 * @module
 */

/** What stands before a request's body. */
export interface RequestHead {
  readonly method: string;
  /** The target's path, without its query. */
  readonly path: string;
  /** Values by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) (\S+) HTTP\/1\.1$/;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
/** What no value may hold: with a bare line end in it, others could read one header as two. */
const LINE_END = /[\0\r\n]/;

/** Reads a head, without the empty line at its end. What is no HTTP/1.1 gives `undefined`. */
export function parseHead(text: string): RequestHead | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  const path = target === undefined ? undefined : pathOf(target);
  const headers = parseHeaders(lines);
  return method === undefined || path === undefined || headers === undefined ? undefined : { method, path, headers };
}

function parseHeaders(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const key = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!HEADER_NAME.test(key) || LINE_END.test(line)) return undefined;
    const value = line.slice(colon + 1).trim();
    const before = headers.get(key);
    // Two lengths would leave open where this request ends and the next begins.
    if (key === "content-length" && before !== undefined && before !== value) return undefined;
    headers.set(key, before === undefined || key === "content-length" ? value : `${before}, ${value}`);
  }
  return headers;
}

/** The path of a target in origin form, `/execute`, or absolute form, `http://localhost/execute`. */
function pathOf(target: string): string | undefined {
  const [, path] = /^(?:https?:\/\/[^/?#]*)?(\/[^?#]*)/i.exec(target) ?? [];
  return path;
}

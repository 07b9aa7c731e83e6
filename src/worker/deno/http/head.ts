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
  /** The host and port of a target in absolute form, `undefined` for one in origin form. */
  readonly authority: string | undefined;
  /** Values by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
}

const REQUEST_LINE = /^([!#$%&'*+\-.^_`|~\w]+) (\S+) HTTP\/1\.1$/;
/** In origin form, `/execute`, or in absolute form, `http://localhost/execute`. */
const TARGET = /^(?:https?:\/\/([^/?#]*))?(\/[^?#]*)/i;
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;
/** What no value may hold: with a bare line end in it, others could read one header as two. */
const LINE_END = /[\0\r\n]/;

/** Reads a head, without the empty line at its end. What is no HTTP/1.1 gives `undefined`. */
export function parseHead(text: string): RequestHead | undefined {
  const [first = "", ...lines] = text.split("\r\n");
  const [, method, target] = REQUEST_LINE.exec(first) ?? [];
  const [, authority, path] = TARGET.exec(target ?? "") ?? [];
  const headers = parseHeaders(lines);
  return method === undefined || path === undefined || headers === undefined ? undefined : { method, path, authority, headers };
}

function parseHeaders(lines: readonly string[]): Map<string, string> | undefined {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const key = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!HEADER_NAME.test(key) || LINE_END.test(line)) return undefined;
    const value = line.slice(colon + 1).trim();
    const before = headers.get(key);
    // A repeated header becomes a list, which is no length, no token and no host: nothing has to choose.
    headers.set(key, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

// @ts-check
/** The body of a call: JSON, and the bytes of its files behind it. */
import { isObject } from "./given.js";
import { placeIn } from "./read_given.js";

/**
 * The files go as parts, by docs/protocol.md, section 7.
 * @param {Readonly<Record<string, unknown>>} value
 * @returns {{ readonly body: string | Blob, readonly headers: Readonly<Record<string, string>> }}
 */
export function callBody(value) {
  /** @type {[string, File][]} */
  const files = [];
  const body = withoutFiles(value, { at: "", files });
  const type = { "content-type": "application/json" };
  if (files.length === 0) return { body: JSON.stringify(body), headers: type };
  const json = new TextEncoder().encode(JSON.stringify({ parts: files.map(labelOf), body }));
  return { body: new Blob([json, ...files.map(([, file]) => file)]), headers: { ...type, "remote-plugin-parts": `${json.length}` } };
}

/**
 * @param {unknown} value
 * @param {{ readonly at: string, readonly files: [string, File][] }} place
 * @returns {unknown}
 */
function withoutFiles(value, { at, files }) {
  if (value instanceof File) {
    files.push([at, value]);
    return null;
  }
  if (Array.isArray(value)) return value.map((one, index) => withoutFiles(one, { at: placeIn(at, index), files }));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutFiles(one, { at: placeIn(at, name), files })]));
}

/** @param {[string, File]} file */
function labelOf([at, { name, size, type }]) {
  const [extension] = /\.\w{1,16}$/.exec(name) ?? [undefined];
  return { at, size, extension, media_type: type || undefined };
}

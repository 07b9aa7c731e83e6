// @ts-check
/** What a plugin gives, as it is shown. */

/** The longest text that is shown, in characters. */
const MAX_TEXT = 100_000;

/** The longest JSON in one line, in characters. */
const MAX_LINE = 120;

/** The most rows and columns of a table. */
const MAX_ROWS = 500;
const MAX_COLUMNS = 30;

/**
 * @typedef {{ readonly bytes: Uint8Array<ArrayBuffer>, readonly mediaType: string }} ShownFile
 *
 * @typedef {{ readonly kind: "text" | "json", readonly text: string }
 *   | { readonly kind: "table", readonly headings: readonly string[], readonly rows: readonly (readonly string[])[] }} Shown
 *
 * A value and the files that it has. A file alone has nothing else to show.
 * @typedef {{ readonly shown: Shown | undefined, readonly files: readonly ShownFile[] }} ShownResult
 */

/**
 * What is shown of a value as the wire has it: `types` names the places of files, and of numbers that JSON lacks.
 * @param {unknown} value
 * @param {Readonly<Record<string, string>>} [types]
 * @returns {ShownResult}
 */
export function shownResult(value, types = {}) {
  /** @type {ShownFile[]} */
  const files = [];
  const root = { "": structuredClone(value) };
  for (const [pointer, type] of Object.entries(types)) {
    if (type !== "file") continue;
    const { holder, name } = placeOf(root, pointer);
    const { data, media_type } = holder[name];
    files.push({ bytes: Uint8Array.fromBase64(data), mediaType: media_type });
    holder[name] = `file ${files.length}: ${media_type}`;
  }
  return { shown: types[""] === "file" ? undefined : shownValue(root[""]), files };
}

/**
 * Where a JSON Pointer leads.
 * @param {Record<string, any>} root
 * @param {string} pointer
 */
function placeOf(root, pointer) {
  const path = pointer.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const name = /** @type {string} */ (path.pop());
  return { holder: path.reduce((holder, part) => holder[part], root), name };
}

/**
 * How a value without files is shown.
 * @param {unknown} value
 * @returns {Shown}
 */
export function shownValue(value) {
  if (typeof value === "string") return { kind: "text", text: cut(value) };
  return tableOf(value) ?? { kind: "json", text: cut(jsonOf(value)) };
}

/**
 * JSON in one line where it is short.
 * @param {unknown} value
 */
function jsonOf(value) {
  const line = JSON.stringify(value);
  return line.length <= MAX_LINE ? line : JSON.stringify(value, null, 2);
}

/**
 * A list of flat objects is a table.
 * @param {unknown} value
 * @returns {Shown | undefined}
 */
function tableOf(value) {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_ROWS || !value.every(isFlat)) return undefined;
  const headings = [...new Set(value.flatMap((row) => Object.keys(row)))];
  if (headings.length === 0 || headings.length > MAX_COLUMNS) return undefined;
  return { kind: "table", headings, rows: value.map((row) => headings.map((heading) => cellOf(row[heading]))) };
}

/** @param {unknown} row */
function isFlat(row) {
  if (typeof row !== "object" || row === null || Array.isArray(row)) return false;
  return Object.values(row).every((cell) => typeof cell !== "object" || cell === null);
}

/** @param {unknown} value */
function cellOf(value) {
  return value === undefined || value === null ? "" : String(value);
}

/** @param {string} text */
function cut(text) {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT)}\n… of ${text.length} characters`;
}

/**
 * As what a file is shown. What could hold a program is only saved.
 * @param {Pick<ShownFile, "mediaType">} file
 * @returns {"picture" | "sound" | "film" | "saved"}
 */
export function fileKind({ mediaType }) {
  if (mediaType.startsWith("image/")) return "picture";
  if (mediaType.startsWith("audio/")) return "sound";
  return mediaType.startsWith("video/") ? "film" : "saved";
}

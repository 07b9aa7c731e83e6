/**
 * What a plugin gives, as it is shown.
 *
 * @module
 */
import { isRecord } from "../protocol/json.ts";
import type { ValueTypes } from "../protocol/frames.ts";
import { decodeValue } from "../protocol/values.ts";

/** The longest text that is shown, in characters. */
const MAX_TEXT = 100_000;

/** The longest JSON in one line, in characters. */
const MAX_LINE = 120;

/** The most rows and columns of a table. */
const MAX_ROWS = 500;
const MAX_COLUMNS = 30;

/** A file that a plugin gave. */
export interface ShownFile {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly mediaType: string;
}

/** The ways in which values are shown. */
export type Shown =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "json"; readonly text: string }
  | { readonly kind: "table"; readonly headings: readonly string[]; readonly rows: readonly (readonly string[])[] };

/** A value and the files that it has. */
export interface ShownResult {
  /** How the value is shown; `undefined` where it is a file alone. */
  readonly shown: Shown | undefined;
  readonly files: readonly ShownFile[];
}

/** What is shown of a value as the wire has it. */
export function shownResult(value: unknown, types: ValueTypes | undefined): ShownResult {
  const files: ShownFile[] = [];
  const decoded = decodeValue(value, types, (raw) => {
    const { data, media_type } = raw as { readonly data: string; readonly media_type: string };
    files.push({ bytes: Uint8Array.fromBase64(data), mediaType: media_type });
    return `file ${files.length}: ${media_type}`;
  });
  const isFile = types?.[""] === "file";
  return { shown: isFile ? undefined : shownValue(decoded), files };
}

/** How a value without files is shown. */
export function shownValue(value: unknown): Shown {
  if (typeof value === "string") return { kind: "text", text: cut(value) };
  return tableOf(value) ?? { kind: "json", text: cut(jsonOf(value)) };
}

/** JSON in one line where it is short. */
function jsonOf(value: unknown): string {
  const line = JSON.stringify(value, lackingAsText);
  return line.length <= MAX_LINE ? line : JSON.stringify(value, lackingAsText, 2);
}

/** A list of flat objects is a table. */
function tableOf(value: unknown): Shown | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isFlat)) return undefined;
  const headings = [...new Set(value.flatMap((row) => Object.keys(row)))];
  if (headings.length === 0 || headings.length > MAX_COLUMNS || value.length > MAX_ROWS) return undefined;
  return { kind: "table", headings, rows: value.map((row) => headings.map((heading) => cellOf(row[heading]))) };
}

function isFlat(row: unknown): row is Record<string, unknown> {
  return isRecord(row) && Object.values(row).every((cell) => typeof cell !== "object" || cell === null);
}

function cellOf(value: unknown): string {
  return value === undefined || value === null ? "" : String(value);
}

function cut(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT).toWellFormed()}\n… of ${text.length} characters`;
}

function lackingAsText(_: string, part: unknown): unknown {
  return typeof part === "number" && !Number.isFinite(part) ? String(part) : part;
}

/** As what a file is shown. What could hold a program is only saved. */
export function fileKind({ mediaType }: ShownFile): "picture" | "sound" | "film" | "saved" {
  const [kind] = mediaType.split("/");
  return ({ image: "picture", audio: "sound", video: "film" } as const)[kind as "image"] ?? "saved";
}

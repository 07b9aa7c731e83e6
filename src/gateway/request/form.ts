/**
 * Arguments as the fields of a form, and in a URL.
 *
 * @module
 */
import { ArgumentTexts, type Written } from "../../plugin/argument_texts.ts";
import { parseJson, TextValueError } from "../../plugin/text_values.ts";
import type { MethodSignature } from "../../protocol/messages.ts";

/** One field of a form. */
export interface FormField {
  /** The argument's name. */
  readonly name: string;
  /** Its text, or its file. */
  readonly value: string | object;
  /** What the client says that a text is; JSON is read as such. */
  readonly mediaType: string;
}

/** A body that cannot be read as what it says that it is. */
export class FormError extends Error {
  override name = "FormError";
}

/** Texts have no other way to say it. */
const TEXT_MEDIA_TYPE = "text/plain";

/**
 * The arguments that fields are, by the plugin's signature. Where it does not tell, texts are JSON where they read as such.
 *
 * @throws {TextValueError} When a text is not what the plugin takes.
 */
export function kwargsOf(fields: readonly FormField[], { arguments: root = {} }: MethodSignature): Record<string, unknown> {
  const texts = new ArgumentTexts(root, { label: (name) => `"${name}"`, bytesOf: (text) => new TextEncoder().encode(text) });
  const written = Map.groupBy(fields, ({ name }) => name);
  return Object.fromEntries([...written].map(([name, all]) => [name, valueOf(name, all, texts)]));
}

/** The fields that the query of a URL is. */
export function queryFields(url: string): FormField[] {
  const at = url.indexOf("?");
  if (at < 0) return [];
  return [...new URLSearchParams(url.slice(at))].map(([name, value]) => ({ name, value, mediaType: TEXT_MEDIA_TYPE }));
}

function valueOf(name: string, fields: readonly FormField[], texts: ArgumentTexts): unknown {
  const [first] = fields;
  if (fields.length === 1 && first!.mediaType === "application/json" && typeof first!.value === "string") return jsonOf(name, first!.value);
  return texts.named(name, fields.map(({ value }): Written => value));
}

function jsonOf(name: string, text: string): unknown {
  const value = parseJson(text);
  if (value === undefined) throw new TextValueError(`"${name}" is no JSON`);
  return value;
}

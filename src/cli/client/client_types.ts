/**
 * TypeScript types of a plugin's schemas.
 *
 * @module
 */
import { decodePointer, type JsonSchema, resolveReference } from "../../plugin/type_schema.ts";
import { isRecord } from "../../protocol/json.ts";

/** A schema that becomes a type. */
export interface NamedSchema {
  /** The type's name. */
  readonly name: string;
  /** As `typeSchema()` gives it. */
  readonly schema: JsonSchema;
  /** Whether the plugin takes it or gives it: a file is another type on its way in than on its way out. */
  readonly direction: "takes" | "gives";
}

/** Makes the declarations of types, each under its name; what is part of several is declared once. */
export async function declareTypes(schemas: readonly NamedSchema[], reserved: ReadonlySet<string>): Promise<string> {
  if (schemas.length === 0) return "";
  const definitions = new Definitions(new Set([...reserved, ...schemas.map(({ name }) => name)]));
  for (const schema of schemas) definitions.add(schema);
  const text = definitions.withNames(await compile(definitions.root()));
  // What holds all of them together is there only to have them declared.
  return tidy(text.replace(new RegExp(`export interface ${ROOT} \\{[^}]*\\}\\n?`), ""));
}

const ROOT = "EverythingThatIsDeclared";
/** What stands for a name, before its number. The library would write "Größe" as "Grosse" and "H264encode" as "H264Encode". */
const STAND_IN = "StandInOfDeclaredType";

/** The definitions of all schemas in one, so that each gets a name of its own. */
class Definitions {
  readonly #taken: ReadonlySet<string>;
  readonly #all = new Map<string, JsonSchema>();
  readonly #names: string[] = [];
  /** All that get a declaration, each at the number of its stand-in. */
  readonly #titles: string[] = [];
  /** The names of what has been defined, by all that makes it up. */
  readonly #known = new Map<string, string>();

  constructor(taken: ReadonlySet<string>) {
    this.#taken = taken;
  }

  add({ name, schema: { $defs = {}, ...schema }, direction }: NamedSchema): void {
    const inner = $defs as Readonly<Record<string, JsonSchema>>;
    const names = new Map(Object.keys(inner).map((key) => [key, this.#nameOf(key, `${direction} ${contentOf(key, inner)}`, name)]));
    const root = { ...schema, $defs };
    const leads = (pointer: string) => resolveReference(root, pointer) !== undefined;
    const context = { direction, rename: (pointer: string) => leads(pointer) ? renamed(pointer, name, names) : undefined };
    for (const [key, one] of Object.entries(inner)) this.#define(names.get(key)!, toLibrary(one, context));
    this.#define(name, toLibrary(schema, context));
    this.#names.push(name);
  }

  root(): JsonSchema {
    const properties = Object.fromEntries(this.#names.map((name) => [name, { $ref: `#/$defs/${name}` }]));
    return { type: "object", properties, $defs: Object.fromEntries(this.#all) };
  }

  /** Puts the names in the places of their stand-ins. */
  withNames(text: string): string {
    return text.replaceAll(new RegExp(`\\b${STAND_IN}(\\d+)\\b`, "g"), (standIn, number) => this.#titles[number] ?? standIn);
  }

  #define(name: string, schema: JsonSchema): void {
    const known = this.#titles.indexOf(name);
    const number = known === -1 ? this.#titles.push(name) - 1 : known;
    this.#all.set(name, { ...schema, title: `${STAND_IN}${number}` });
  }

  /** The same definition keeps its name; another one of that name is called after what it is part of. */
  #nameOf(key: string, content: string, owner: string): string {
    const known = this.#known.get(content);
    if (known !== undefined) return known;
    const plain = typeName(key, "Part");
    const taken = new Set([...this.#taken, ...this.#known.values()]);
    let name = taken.has(plain) ? `${owner}${plain}` : plain;
    for (let number = 2; taken.has(name); number++) name = `${owner}${plain}${number}`;
    this.#known.set(content, name);
    return name;
  }
}

/** A definition with all that it leads to, as a text. */
function contentOf(key: string, definitions: Readonly<Record<string, JsonSchema>>): string {
  const reached = new Map<string, string>();
  const visit = (one: string) => {
    if (reached.has(one) || !Object.hasOwn(definitions, one)) return;
    const text = JSON.stringify(definitions[one]);
    reached.set(one, text);
    for (const [, next] of text.matchAll(/"\$ref":"#\/\$defs\/([^"/]+)/g)) visit(decodePointer(next!));
  };
  visit(key);
  return JSON.stringify([...reached]);
}

/** A text as the name of a type. */
export function typeName(text: string, fallback: string): string {
  const words = text.normalize("NFC").split(/[^\p{L}\p{Nd}]+/u).filter((word) => word !== "");
  const name = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
  return /^\p{L}/u.test(name) ? name : `${fallback}${name}`;
}

interface Context {
  readonly direction: NamedSchema["direction"];
  /** Where a reference leads in the whole; `undefined` when it leads nowhere. */
  readonly rename: (pointer: string) => string | undefined;
}

/** A schema as the library wants it: lists of fixed places as drafts before 2019 wrote them, files as the types that stand for them. */
function toLibrary(schema: JsonSchema, context: Context): JsonSchema {
  const { $ref, format, not, prefixItems, items, ...others } = schema;
  const texts = typeof schema.description === "string" ? { description: schema.description } : {};
  // A text beside a reference would make a copy of what it leads to.
  const target = typeof $ref === "string" ? context.rename($ref) : undefined;
  if (target !== undefined) return { ...texts, allOf: [{ $ref: target }] };
  if (not !== undefined) return { ...texts, tsType: "never" };
  if (format !== undefined) return { ...texts, tsType: fileType(schema, context) };
  const inner = (one: unknown): JsonSchema => toLibrary(isRecord(one) ? one : {}, context);
  const own: Record<string, unknown> = { ...others };
  for (const key of ["anyOf", "allOf"]) if (Array.isArray(own[key])) own[key] = own[key].map(inner);
  if (isRecord(own.properties)) own.properties = Object.fromEntries(Object.entries(own.properties).map(([key, one]) => [key, inner(one)]));
  if (isRecord(own.additionalProperties)) own.additionalProperties = inner(own.additionalProperties);
  const isOpen = own.type === "object" && own.properties === undefined && own.additionalProperties === undefined;
  if (isOpen) own.additionalProperties = true;
  if (!Array.isArray(prefixItems)) return items === undefined ? own : { ...own, items: inner(items) };
  const rest = items === false ? false : inner(items);
  if (prefixItems.length === 0) return rest === false ? { ...texts, tsType: "[]" } : { ...own, items: rest };
  return { ...own, type: "array", items: prefixItems.map(inner), additionalItems: rest };
}

/** What stands for a file is a path or becomes one for the plugin, and is a `FileResult` for the host. */
function fileType({ format, type }: JsonSchema, { direction }: Context): string {
  const file = direction === "takes" ? "FileInput" : "FileResult";
  const options = [...format === "binary" ? [] : ["string"], file, ...Array.isArray(type) && type.includes("null") ? ["null"] : []];
  // In brackets, for the library puts what makes a list of it right behind it.
  return options.length === 1 ? file : `(${options.join(" | ")})`;
}

function renamed(pointer: string, owner: string, names: ReadonlyMap<string, string>): string {
  const [, key, rest = ""] = /^#\/\$defs\/([^/]+)(\/.*)?$/.exec(pointer) ?? [];
  const name = key === undefined ? undefined : names.get(decodePointer(key));
  if (name !== undefined) return `#/$defs/${name}${rest}`;
  return pointer === "#" ? `#/$defs/${owner}` : `#/$defs/${owner}${pointer.slice(1)}`;
}

async function compile(schema: JsonSchema): Promise<string> {
  passOverPrettier();
  // It is large, and only this command needs it.
  const library = await import("json-schema-to-typescript");
  return await library.compile(schema, ROOT, {
    additionalProperties: false,
    bannerComment: "",
    format: false,
    $refOptions: { resolve: { external: false } },
  });
}

/** The library loads prettier, which is not used here, and which asks for the number of processors: that it may not know it is nobody's concern. */
function passOverPrettier(): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (event.reason instanceof Deno.errors.NotCapable && event.reason.message.includes('"cpus"')) event.preventDefault();
  });
}

/** The library leaves lines as they come, and says the length of a list in a comment too, which its type says. */
function tidy(text: string): string {
  const plain = text
    .replaceAll(/\/\*\*\n(?: \* @(?:min|max)Items \d+\n)+ \*\/\n/g, "")
    .replaceAll(/\/\*\*\n \* (.*)\n \*\/$/gm, "/** $1 */")
    .replaceAll(/(: |= )\(([^()]*)\)$/gm, "$1$2")
    .replaceAll(/\n{2,}/g, "\n").trim();
  let depth = 0;
  return plain.split("\n").map((line) => {
    if (/^\/?\*/.test(line.trim())) return "  ".repeat(depth) + (line.startsWith(" *") ? ` ${line.trim()}` : line.trim());
    if (/^[}\])]/.test(line)) depth--;
    const shown = "  ".repeat(depth) + line;
    const opens = /[{[(]$/.test(line);
    if (opens) depth++;
    return opens || (depth === 0 && line === "}") ? shown : `${shown};`;
  }).join("\n").replaceAll(/^(\}|export type .*;)$/gm, "$1\n").trim();
}

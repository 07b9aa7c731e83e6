/**
 * Keeps the arrows of ARCHITECTURE.md: a folder of `src/` imports only what lies further down, and its files import each other in no ring.
 *
 * @module
 */
import { wayBack } from "./rings.ts";

/** From the ground up; a folder may import those before it, and itself. */
const LAYERS: readonly string[] = [
  "errors",
  "protocol",
  "manifest",
  "environments",
  "permissions",
  "payload",
  "process",
  "transport",
  "plugin",
  "manager",
  "mcp",
  "dashboard",
  "gateway",
  "cli",
];

/** The folders that are no step of a call, and those that know less than all before them. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  protocol: [],
  worker: ["protocol"],
  testing: ["worker", ...LAYERS.slice(0, LAYERS.indexOf("mcp"))],
  cli: ["testing", ...LAYERS.slice(0, LAYERS.indexOf("cli"))],
};

/** What a folder needs of the programs that run elsewhere: their texts. They are data, made by `deno task embed`. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  process: ["src/worker/generated/python_worker.ts", "src/worker/generated/deno_worker.ts"],
  manager: ["src/worker/generated/schema_thread.ts"],
};

const ROOT = new URL("../", import.meta.url).href;

/** The path inside the repository, `undefined` for what lies outside. */
function insideOf(url: string): string | undefined {
  return url.startsWith(ROOT) ? decodeURIComponent(url.slice(ROOT.length)) : undefined;
}

/** Linted files come as paths, on Windows with backslashes and a drive letter. */
function urlOf(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return new URL(encodeURI(path.startsWith("/") ? `file://${path}` : `file:///${path}`)).href;
}

/** `src/plugin/x.ts` is in `plugin`, `src/errors.ts` in `errors`; what is not in `src/` is in no layer. */
function layerOf(path: string | undefined): string | undefined {
  return /^src\/([^/]+?)(?:\.ts)?(?:\/|$)/.exec(path ?? "")?.[1];
}

function mayImport(layer: string): readonly string[] | undefined {
  const place = LAYERS.indexOf(layer);
  return EXCEPTIONS[layer] ?? (place < 0 ? undefined : LAYERS.slice(0, place));
}

function list(names: readonly string[]): string {
  return names.length === 0 ? "nothing but itself" : `itself and ${names.map((name) => `"${name}"`).join(", ")}`;
}

/** Why a file of `layer` may not import `specifier`, `undefined` when it may. */
function objection(file: string, layer: string, specifier: string): string | undefined {
  if (!/^\.{1,2}\//.test(specifier)) return bareObjection(file, layer, specifier);
  const target = insideOf(new URL(specifier, ROOT + encodeURI(file)).href);
  const other = layerOf(target);
  if (target === "mod.ts") return `"mod.ts" is for users: import the file that declares the name`;
  if (other === undefined) return file.endsWith("_test.ts") ? undefined : `"${target}" is not in src/, so it is not published`;
  const allowed = mayImport(layer);
  if (allowed === undefined) return `"src/${layer}" is in no layer: give it a place in tools/layer_lint.ts`;
  if (other === layer || allowed.includes(other) || TEXTS[layer]?.includes(target ?? "")) return undefined;
  return `"${layer}" may not import "${other}", it may import ${list(allowed)}`;
}

/** A worker runs with its plugin's import map, which can give any bare name to the plugin's own code, `node:` ones too. */
function bareObjection(file: string, layer: string, specifier: string): string | undefined {
  if (file.endsWith("_test.ts")) return undefined;
  if (layer === "protocol") return `"protocol" may import nothing outside itself, not "${specifier}"`;
  if (specifier.startsWith("@remote-plugin/")) return `"${specifier}" is for users: import by a relative path`;
  if (layer === "worker") return `A plugin's import map could give "${specifier}" to the plugin's own code: import by a relative path`;
  return undefined;
}

/** The two kinds of node that name a module. */
type SourceNode = { readonly source?: { readonly type: string; readonly value?: unknown } | null };

function checkImports(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const file = insideOf(urlOf(context.filename));
  const layer = layerOf(file);
  if (file === undefined || layer === undefined) return {};
  const check = (node: Deno.lint.Node & SourceNode): void => {
    const specifier = node.source?.value;
    if (typeof specifier !== "string") return;
    const message = objection(file, layer, specifier);
    if (message !== undefined) context.report({ node, message, hint: "The arrows are drawn in ARCHITECTURE.md" });
  };
  return { ImportDeclaration: check, ImportExpression: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
}

/** A ring lies within a folder of `src/`, or within another one of the root: the arrows between folders keep any other away. */
function checkRings(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const url = urlOf(context.filename);
  const file = insideOf(url);
  const folder = folderOf(file);
  if (file === undefined || folder === undefined) return {};
  const read = (other: string): string | undefined => other.startsWith(ROOT + folder) ? readText(other) : undefined;
  const check = (node: Deno.lint.Node & SourceNode): void => {
    const specifier = node.source?.value;
    if (typeof specifier !== "string" || !specifier.startsWith(".")) return;
    const way = wayBack(new URL(specifier, url).href, url, read);
    if (way === undefined) return;
    const names = [file, ...way.map((other) => insideOf(other) ?? "")].map((path) => path.slice(folder.length));
    context.report({ node, message: `This import closes a ring: ${names.join(" → ")}`, hint: "Move what both need to a file of its own" });
  };
  return { ImportDeclaration: check, ImportExpression: check, ExportNamedDeclaration: check, ExportAllDeclaration: check };
}

/** `src/plugin/` of `src/plugin/x.ts`, `tools/` of `tools/npm/x.ts`; a file at the top is in no folder. */
function folderOf(path: string | undefined): string | undefined {
  return /^(?:src\/)?[^/]+\//.exec(path ?? "")?.[0];
}

function readText(url: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(url));
  } catch {
    return undefined; // The type check tells of a file that is not there.
  }
}

function checkConsole(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const file = insideOf(urlOf(context.filename));
  const layer = layerOf(file);
  if (layer === undefined || layer === "cli" || file?.endsWith("_test.ts")) return {};
  return {
    'MemberExpression[object.name="console"]'(node: Deno.lint.Node): void {
      context.report({ node, message: "A library does not print", hint: "Throw, return, or take a callback; only src/cli may print" });
    },
  };
}

/** The rules: `layers/imports`, `layers/no-rings` and `layers/no-console`. */
const plugin: Deno.lint.Plugin = {
  name: "layers",
  rules: { imports: { create: checkImports }, "no-rings": { create: checkRings }, "no-console": { create: checkConsole } },
};

export default plugin;

/**
 * The files of the page on which plugins are seen. All of it is served from here, as it stands: the page asks no other server.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import { pagePolicy } from "./page_safety.ts";
import { packageText } from "./package_text.ts";
import activity from "./page/activity.js" with { type: "text" };
import app from "./page/app.js" with { type: "text" };
import callBody from "./page/call_body.js" with { type: "text" };
import callForm from "./page/call_form.js" with { type: "text" };
import calls from "./page/calls.js" with { type: "text" };
import chart from "./page/chart.js" with { type: "text" };
import configurationForm from "./page/configuration_form.js" with { type: "text" };
import duration from "./page/duration.js" with { type: "text" };
import formInput from "./page/form_input.js" with { type: "text" };
import gateway from "./page/gateway.js" with { type: "text" };
import given from "./page/given.js" with { type: "text" };
import history from "./page/history.js" with { type: "text" };
import html from "./page/html.js" with { type: "text" };
import inputNotes from "./page/input_notes.js" with { type: "text" };
import logs from "./page/logs.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import merged from "./page/merged.js" with { type: "text" };
import methodForms from "./page/method_forms.js" with { type: "text" };
import nestedInputs from "./page/nested_inputs.js" with { type: "text" };
import outcome from "./page/outcome.js" with { type: "text" };
import plugin from "./page/plugin.js" with { type: "text" };
import pluginForms from "./page/plugin_forms.js" with { type: "text" };
import pluginList from "./page/plugin_list.js" with { type: "text" };
import readGiven from "./page/read_given.js" with { type: "text" };
import shownLine from "./page/shown_line.js" with { type: "text" };
import shownValue from "./page/shown_value.js" with { type: "text" };
import signIn from "./page/sign_in.js" with { type: "text" };
import simpleInputs from "./page/simple_inputs.js" with { type: "text" };
import tabs from "./page/tabs.js" with { type: "text" };
import useCall from "./page/use_call.js" with { type: "text" };
import useForm from "./page/use_form.js" with { type: "text" };
import style from "./page/style.css" with { type: "text" };

/** Where the names of libraries lead in the browser. */
const LIBRARIES: Readonly<Record<string, string>> = {
  preact: "preact.js",
  "preact/hooks": "preact_hooks.js",
  htm: "htm.js",
  uplot: "uplot.js",
};

/** The page's own modules. */
const SCRIPTS: Readonly<Record<string, string>> = {
  "activity.js": activity,
  "app.js": app,
  "call_body.js": callBody,
  "call_form.js": callForm,
  "calls.js": calls,
  "chart.js": chart,
  "configuration_form.js": configurationForm,
  "duration.js": duration,
  "form_input.js": formInput,
  "gateway.js": gateway,
  "given.js": given,
  "history.js": history,
  "html.js": html,
  "input_notes.js": inputNotes,
  "logs.js": logs,
  "main.js": main,
  "merged.js": merged,
  "method_forms.js": methodForms,
  "nested_inputs.js": nestedInputs,
  "outcome.js": outcome,
  "plugin.js": plugin,
  "plugin_forms.js": pluginForms,
  "plugin_list.js": pluginList,
  "read_given.js": readGiven,
  "shown_line.js": shownLine,
  "shown_value.js": shownValue,
  "sign_in.js": signIn,
  "simple_inputs.js": simpleInputs,
  "tabs.js": tabs,
  "use_call.js": useCall,
  "use_form.js": useForm,
};

/** A file as it is served. */
export interface PageFile {
  readonly mediaType: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The page of a gateway below one path. */
export class DashboardPage {
  /** The page itself. */
  readonly html: string;
  /** What the page may do, for the header of that name: nothing but what comes from here. */
  readonly policy: string;
  readonly #files: ReadonlyMap<string, PageFile>;
  readonly #compressed = new Map<string, Uint8Array<ArrayBuffer>>();

  private constructor({ html, policy, texts }: Pick<DashboardPage, "html" | "policy"> & { readonly texts: Texts }) {
    this.html = html;
    this.policy = policy;
    this.#files = new Map(Object.entries(texts).map(([name, text]) => [name, fileOf(name, text)]));
  }

  /**
   * Makes the page. Its files have another folder in another release, so that browsers keep them.
   *
   * @throws {TypeError} When a library of the page is not here, and cannot be fetched.
   */
  static async create(basePath: string): Promise<DashboardPage> {
    const texts = await pageTexts();
    const folder = `${basePath}/dashboard/${await hashOf(JSON.stringify(texts), "hex")}`;
    const imports = Object.entries(LIBRARIES).map(([name, file]) => [name, `${folder}/${file}`]);
    // What stands in a script is no HTML, but for its end.
    const map = JSON.stringify({ imports: Object.fromEntries(imports) }).replaceAll("<", "\\u003c");
    const scripts = `'self' 'sha256-${await hashOf(map, "base64")}'`;
    const html = pageHtml({ base: escaped(basePath), folder: escaped(folder), map });
    return new DashboardPage({ html, policy: pagePolicy({ scripts }), texts });
  }

  /** One of its files, if there is one of this name. */
  file(name: string, { takesGzip }: { readonly takesGzip: boolean }): PageFile | undefined {
    const file = this.#files.get(name);
    return file === undefined || !takesGzip ? file : { ...file, bytes: this.#gzip(name, file) };
  }

  #gzip(name: string, { bytes }: PageFile): Uint8Array<ArrayBuffer> {
    const compressed = this.#compressed.get(name) ?? new Uint8Array(gzipSync(bytes));
    this.#compressed.set(name, compressed);
    return compressed;
  }
}

/** The texts of files by their names. */
type Texts = Readonly<Record<string, string>>;

async function pageTexts(): Promise<Texts> {
  const [preact, hooks, htm, uPlot, uPlotStyle] = await Promise.all([
    packageText("preact"),
    packageText("preact", "hooks"),
    packageText("htm"),
    packageText("uplot", "dist/uPlot.esm.js"),
    packageText("uplot", "dist/uPlot.min.css"),
  ]);
  const libraries = { "preact.js": preact, "preact_hooks.js": hooks, "htm.js": htm, "uplot.js": uPlot };
  return { ...libraries, ...SCRIPTS, "page.css": `${uPlotStyle}\n${style}` };
}

function fileOf(name: string, text: string): PageFile {
  const type = name.endsWith(".css") ? "text/css" : "text/javascript";
  return { mediaType: `${type}; charset=utf-8`, bytes: new TextEncoder().encode(text) };
}

interface PageParts {
  readonly base: string;
  /** Where the files are. */
  readonly folder: string;
  /** Where the names of libraries lead. */
  readonly map: string;
}

function pageHtml({ base, folder, map }: PageParts): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Plugins</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${folder}/page.css">
<script type="importmap">${map}</script>
${[...Object.values(LIBRARIES), ...Object.keys(SCRIPTS)].map((name) => `<link rel="modulepreload" href="${folder}/${name}">`).join("\n")}
<body data-base="${base}">
<div id="app"></div>
<script src="${folder}/main.js" type="module"></script>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&"'<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}

async function hashOf(text: string, form: "hex" | "base64"): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return form === "hex" ? digest.toHex().slice(0, 16) : digest.toBase64();
}

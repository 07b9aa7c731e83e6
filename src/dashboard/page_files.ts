/**
 * The files of the page on which plugins are seen. All of it is served from here, as it stands: the page asks no other server.
 *
 * @module
 */
import { gzipSync } from "node:zlib";
import preact from "preact" with { type: "text" };
import preactHooks from "preact/hooks" with { type: "text" };
import htm from "htm" with { type: "text" };
import uPlot from "uplot/dist/uPlot.esm.js" with { type: "text" };
import uPlotStyle from "uplot/dist/uPlot.min.css" with { type: "text" };
import app from "./page/app.js" with { type: "text" };
import callForm from "./page/call_form.js" with { type: "text" };
import chart from "./page/chart.js" with { type: "text" };
import fieldInput from "./page/field_input.js" with { type: "text" };
import gateway from "./page/gateway.js" with { type: "text" };
import givenValues from "./page/given_values.js" with { type: "text" };
import history from "./page/history.js" with { type: "text" };
import html from "./page/html.js" with { type: "text" };
import logs from "./page/logs.js" with { type: "text" };
import main from "./page/main.js" with { type: "text" };
import outcome from "./page/outcome.js" with { type: "text" };
import plugin from "./page/plugin.js" with { type: "text" };
import pluginList from "./page/plugin_list.js" with { type: "text" };
import shownValue from "./page/shown_value.js" with { type: "text" };
import signIn from "./page/sign_in.js" with { type: "text" };
import style from "./page/style.css" with { type: "text" };
import useCall from "./page/use_call.js" with { type: "text" };

/** Where the names of libraries lead in the browser. */
const LIBRARIES: Readonly<Record<string, string>> = {
  preact: "preact.js",
  "preact/hooks": "preact_hooks.js",
  htm: "htm.js",
  uplot: "uplot.js",
};

const SCRIPTS: Readonly<Record<string, string>> = {
  "preact.js": preact,
  "preact_hooks.js": preactHooks,
  "htm.js": htm,
  "uplot.js": uPlot,
  "app.js": app,
  "call_form.js": callForm,
  "chart.js": chart,
  "field_input.js": fieldInput,
  "gateway.js": gateway,
  "given_values.js": givenValues,
  "history.js": history,
  "html.js": html,
  "logs.js": logs,
  "main.js": main,
  "outcome.js": outcome,
  "plugin.js": plugin,
  "plugin_list.js": pluginList,
  "shown_value.js": shownValue,
  "sign_in.js": signIn,
  "use_call.js": useCall,
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

  private constructor({ html, policy }: Pick<DashboardPage, "html" | "policy">) {
    this.html = html;
    this.policy = policy;
    const css: [string, PageFile] = ["page.css", fileOf("text/css", `${uPlotStyle}\n${style}`)];
    this.#files = new Map([
      ...Object.entries(SCRIPTS).map(([name, text]): [string, PageFile] => [name, fileOf("text/javascript", text)]),
      css,
    ]);
  }

  /** Makes the page. Its files have another folder in another release, so that browsers keep them. */
  static async create(basePath: string): Promise<DashboardPage> {
    const folder = `${basePath}/dashboard/${await hashOf(JSON.stringify([SCRIPTS, style, uPlotStyle]), "hex")}`;
    const imports = Object.entries(LIBRARIES).map(([name, file]) => [name, `${folder}/${file}`]);
    // What stands in a script is no HTML, but for its end.
    const map = JSON.stringify({ imports: Object.fromEntries(imports) }).replaceAll("<", "\\u003c");
    const scripts = `'self' 'sha256-${await hashOf(map, "base64")}'`;
    return new DashboardPage({ html: pageHtml({ base: escaped(basePath), folder: escaped(folder), map }), policy: policyWith(scripts) });
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

function fileOf(type: string, text: string): PageFile {
  return { mediaType: `${type}; charset=utf-8`, bytes: new TextEncoder().encode(text) };
}

/** Nothing of a plugin's runs on the page, nothing is loaded from elsewhere, and no other page shows it. */
function policyWith(scripts: string): string {
  return [
    "default-src 'none'",
    `script-src ${scripts}`,
    "style-src 'self'",
    "img-src blob: data:",
    "media-src blob:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
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
${Object.keys(SCRIPTS).map((name) => `<link rel="modulepreload" href="${folder}/${name}">`).join("\n")}
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

/**
 * A session at a terminal with the real program.
 *
 * @module
 */
import { pathOf, ROOT } from "./registry.ts";
import { capture } from "./run.ts";

/** What the user types, in order. */
const TYPED: readonly string[] = [
  "remote-plugin new shouter",
  "remote-plugin doctor shouter",
  'remote-plugin run shouter --text "hello there"',
  'remote-plugin run --stream --json shouter --text "one two"',
  "remote-plugin config shouter mark=? volume=11",
  "remote-plugin config shouter mark=?",
  "remote-plugin run shoter --text hello",
  "remote-plugin run shouter --txt hello",
  "remote-plugin gen shouter --out shouter.ts",
  "remote-plugin list",
];

/** The page, and the marks around the session in it. */
export const PAGE: URL = new URL("docs/command_line.md", ROOT);
const BEGIN = "<!-- recorded by deno task embed session -->\n";
const END = "<!-- end of the record -->";

/**
 * Runs the session in a folder of its own, and gives what a terminal would show.
 *
 * @param importMap the import map that the program is run with
 */
export async function recordSession(importMap: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "session-" });
  try {
    const shown: string[] = [];
    for (const line of TYPED) shown.push(`$ ${line}\n${await run(line, folder, importMap)}`);
    // The page shows what a user of JSR sees, who needs no import map.
    const published = shown.join("").replaceAll(`--no-config --import-map=${pathOf("tools/npm_imports.json")} `, "");
    return published.replaceAll(await Deno.realPath(folder), "/home/you/plugins").replaceAll(folder, "/home/you/plugins").trimEnd();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(line: string, folder: string, importMap: string): Promise<string> {
  const words = [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, bare]) => quoted ?? bare!).slice(1);
  const flags = ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env"];
  const program = pathOf("src/cli/main.ts");
  const own = { NO_COLOR: "1", REMOTE_PLUGIN_HOME: `${folder}/.state`, TMPDIR: folder, PYTHONDONTWRITEBYTECODE: "1" };
  const start = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--no-lock", "--no-config", `--import-map=${importMap}`];
  return (await capture([...start, ...flags, program, ...words], { cwd: folder, env: own })).output;
}

/** The session in a page, without its marks. */
export function sessionIn(page: string): string {
  const block = page.slice(page.indexOf(BEGIN) + BEGIN.length, page.indexOf(END));
  return block.replace(/^\s*```console\n/, "").replace(/\n```\s*$/, "");
}

/** The page with another session. */
export function withSession(page: string, session: string): string {
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < 0) throw new Error("The page has no marks of a session");
  return `${page.slice(0, begin + BEGIN.length)}\n\`\`\`console\n${session}\n\`\`\`\n\n${page.slice(end)}`;
}

/** A session without what differs from run to run: figures and the interpreter's place. */
export function withoutFigures(session: string): string {
  return session.replaceAll(/\d+/g, "0").replaceAll(/(0\.)+0/g, "0.0");
}

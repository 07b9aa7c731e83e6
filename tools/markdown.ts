/**
 * Reads the code blocks of a Markdown page as stories that can be run.
 *
 * All blocks under one heading are one story: its named blocks are files, its `sh` blocks are commands, and what other `ts` blocks there are
 * make one program. CONTRIBUTING.md tells authors the rules.
 *
 * @module
 */

/** A file of a story. */
export interface StoryFile {
  /** Its path, relative to the story's folder. */
  readonly name: string;
  readonly text: string;
}

/** The commands of one `sh` block. */
export interface StoryStep {
  readonly commands: readonly (readonly string[])[];
  /** The `text` block that follows, if one does: what the commands print. */
  readonly expected: string | undefined;
}

/** What stands under one heading. */
export interface Story {
  readonly heading: string;
  readonly files: readonly StoryFile[];
  readonly steps: readonly StoryStep[];
  /** The unnamed `ts` blocks, joined; empty when there are none. */
  readonly program: string;
  /** Whether the program may be run, and not only type-checked: no block of it is marked `no-eval`. */
  readonly runnable: boolean;
  /** The unnamed `json` blocks. */
  readonly values: readonly string[];
}

interface Block {
  readonly language: string;
  readonly info: string;
  readonly text: string;
  readonly heading: string;
}

/** The stories of a page, in their order; headings without a code block are left out. */
export function readStories(markdown: string): Story[] {
  const blocks = readBlocks(markdown).filter(({ info }) => !/\bignore\b/.test(info));
  const headings = [...new Set(blocks.map(({ heading }) => heading))];
  return headings.map((heading) => toStory(heading, blocks.filter((block) => block.heading === heading)));
}

/** The doc comments of a source file that have an example, each as a Markdown page, with the number of its first line. */
export function readComments(source: string): { line: number; markdown: string }[] {
  const comments = [...source.matchAll(/^[ \t]*\/\*\*\n([^]*?)\*\//gm)].filter(([, text]) => text?.includes("```"));
  return comments.map(({ index, 1: text = "" }) => ({
    line: source.slice(0, index).split("\n").length,
    markdown: text.replaceAll(/^\s*\* ?/gm, ""),
  }));
}

function toStory(heading: string, blocks: readonly Block[]): Story {
  const named = blocks.map((block) => ({ ...block, name: nameOf(block) }));
  const unnamed = named.filter(({ name }) => name === undefined);
  const programs = unnamed.filter(({ language }) => /^(ts|typescript)$/.test(language));
  return {
    heading: heading.replace(/^\d+ /, ""),
    files: named.flatMap(({ name, text }) => name === undefined ? [] : [{ name, text }]),
    steps: unnamed.flatMap((block, index) => isShell(block) ? [toStep(block, unnamed[index + 1])] : []),
    program: programs.map(({ text }) => text).join("\n"),
    runnable: programs.every(({ info }) => !/\bno-eval\b/.test(info)),
    values: unnamed.filter(({ language }) => language === "json").map(({ text }) => text),
  };
}

function toStep(block: Block, next: Block | undefined): StoryStep {
  return { commands: readCommands(block.text), expected: next?.language === "text" ? next.text : undefined };
}

function isShell({ language }: Block): boolean {
  return /^(sh|bash|shell)$/.test(language);
}

/** The name in `title="…"`, or the one that a comment in the first line consists of. */
function nameOf({ info, text }: Block): string | undefined {
  return /\btitle="([^"]+)"/.exec(info)?.[1] ?? /^(?:#|\/\/) ((?:[\w.-]+\/)*[\w.-]+\.[a-z]+)\n/.exec(text)?.[1];
}

/** Headings are numbered inside, so that two of the same name are two stories. */
function readBlocks(markdown: string): Block[] {
  const blocks: Block[] = [];
  let heading = "0 ";
  let open: { fence: string; indent: number; language: string; info: string; lines: string[] } | undefined;
  for (const line of markdown.split(/\r?\n/)) {
    const [, indent = "", fence = "", language = "", info = ""] = /^(\s*)(`{3,}|~{3,})\s*([\w-]*)(.*)$/.exec(line) ?? [];
    if (open !== undefined && fence.startsWith(open.fence) && language + info === "") {
      blocks.push({ language: open.language, info: open.info, text: open.lines.map((text) => `${text}\n`).join(""), heading });
      open = undefined;
    } else if (open !== undefined) open.lines.push(line.slice(Math.min(open.indent, line.search(/\S|$/))));
    else if (fence !== "") open = { fence, indent: indent.length, language, info, lines: [] };
    else if (/^#{1,6} /.test(line)) heading = `${parseInt(heading) + 1} ${line.replace(/^#+ +| +#*$/g, "")}`;
  }
  return blocks;
}

/** The words of each command: a backslash at a line's end continues it, `$ ` before it and a comment after it are left out. */
export function readCommands(text: string): string[][] {
  const lines = text.replaceAll(/\\\n\s*/g, " ").split("\n").map((line) => line.trim().replace(/^\$ /, "").replace(/(^|\s)#.*$/, ""));
  return lines.filter((line) => line !== "").map(readWords);
}

function readWords(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, (_, double, single) => double ?? single));
}

/** Whether a program printed what a page says. `…` stands for any text, and on a line of its own for any lines. */
export function printsAs(actual: string, expected: string): boolean {
  const lines = expected.trimEnd().split("\n").map((line) =>
    line.trim() === "…" ? "(?:.*\n)*?" : `${line.trimEnd().split("…").map(RegExp.escape).join(".*")}[ \t]*\n`
  );
  return new RegExp(`^${lines.join("")}$`).test(`${actual.trimEnd()}\n`);
}

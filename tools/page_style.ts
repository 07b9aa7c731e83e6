/**
 * What every page keeps to, so that people read it with ease: short lines, and tables whose cells are no paragraphs.
 *
 * @module
 */

/** The most characters in a line of text. Code, tables and the targets of links may be longer. */
export const LONGEST_LINE = 100;

/** The most characters in a cell of a table. */
export const LONGEST_CELL = 60;

/** What in a page is too long, each with the number of its line. */
export function tooLong(markdown: string): string[] {
  return linesOfText(markdown).flatMap(({ number, text }) => {
    const shown = withoutTargets(text);
    const parts = /^\s*\|/.test(text) ? cellsOf(shown) : [shown];
    const [what, most] = /^\s*\|/.test(text) ? ["cell", LONGEST_CELL] as const : ["line", LONGEST_LINE] as const;
    return parts.filter((part) => part.length > most).map((part) => `${number}: a ${what} of ${part.length} characters: "${part}"`);
  });
}

/** A paragraph in lines that are short enough; further lines begin with `indent`. Code is not cut. */
export function wrapped(paragraph: string, indent = ""): string {
  const lines: string[] = [];
  for (const word of paragraph.split(/ (?=(?:[^`]*`[^`]*`)*[^`]*$)/)) {
    const longer = `${lines.at(-1) ?? ""} ${word}`;
    if (lines.length > 0 && longer.length <= LONGEST_LINE) lines[lines.length - 1] = longer;
    else lines.push(lines.length === 0 ? word : indent + word);
  }
  return lines.join("\n");
}

interface Line {
  readonly number: number;
  readonly text: string;
}

/** The lines outside of code blocks and comments. */
function linesOfText(markdown: string): Line[] {
  let fence: string | undefined;
  return markdown.split(/\r?\n/).flatMap((text, index) => {
    const [, mark] = /^\s*(`{3,}|~{3,})/.exec(text) ?? [];
    if (fence === undefined && mark === undefined) return text.startsWith("<!--") ? [] : [{ number: index + 1, text }];
    if (fence === undefined) fence = mark;
    else if (text.trim() === fence) fence = undefined;
    return [];
  });
}

/** A link counts with its words alone, and an address on its own not at all. */
function withoutTargets(text: string): string {
  return text.replaceAll(/\]\([^)]*\)/g, "]").replaceAll(/^\[[^\]]+\]: .*$|<?https?:\/\/\S+/g, "");
}

/** A stroke after a backslash, or in code, is no border. */
function cellsOf(row: string): string[] {
  const cells = row.replaceAll("\\|", "¦").replaceAll(/`[^`]*`/g, (code) => code.replaceAll("|", "¦")).split("|");
  return cells.map((cell) => cell.trim()).filter((cell) => !/^:?-+:?$/.test(cell));
}

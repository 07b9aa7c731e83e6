/**
 * Finds files that import each other in a ring. Imports of types and re-exports count, for a reader has to follow them too.
 *
 * @module
 */

/** Gives the text of a file, `undefined` for one that is not looked into. */
export type ReadText = (url: string) => string | undefined;

/** The way from `target` back to `file`, both included: `undefined` where there is none. */
export function wayBack(target: string, file: string, read: ReadText): string[] | undefined {
  const ways = [[target]];
  const seen = new Set([target]);
  for (const way of ways) {
    const last = way.at(-1) ?? "";
    if (last === file) return way;
    const next = importsOf(read(last) ?? "", last).filter((url) => !seen.has(url));
    for (const url of next) seen.add(url) && ways.push([...way, url]);
  }
  return undefined;
}

/** An import or export that names its module, or an `import()`. Comments are left out before. */
const SOURCE = /(?:^|[;}\n])\s*(?:import|export)\b[^;"'`()]*?["'](\.[^"']+)["']|\bimport\(\s*["'](\.[^"']+)["']/g;

/** The files that a text imports by relative paths. */
export function importsOf(text: string, url: string): string[] {
  const code = text.replaceAll(/^\s*\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
  return [...new Set([...code.matchAll(SOURCE)].map(([, plain, dynamic]) => new URL(plain ?? dynamic ?? "", url).href))];
}

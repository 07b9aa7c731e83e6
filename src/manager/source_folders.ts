/**
 * Where a plugin's own code lies, and what else may become a part of it.
 *
 * @module
 */
import { dirname, join } from "@std/path";

/** The most folders of one plugin that are watched, the nearest to its files first. A system limits how many can be. */
const MOST_FOLDERS = 500;

/** Folders in which nobody writes a plugin's code. */
const NOT_SEARCHED: ReadonlySet<string> = new Set(["node_modules", "__pycache__", "site-packages", "dist-packages"]);

/** The file by which Python knows a virtual environment. */
const VIRTUAL_ENVIRONMENT = "pyvenv.cfg";

/** Whether a file or a folder of this name may be, or hold, code. Data is not: plugins write some themselves. */
export function maySourceBe(name: string): boolean {
  return !name.startsWith(".") && !NOT_SEARCHED.has(name);
}

/** Whether a file of this name is code. */
export function isSourceName(name: string): boolean {
  return /\.(py|so|pyd|[cm]?[jt]sx?|wasm)$/.test(name);
}

/** The folders of these files and those below them: a file that is imported tomorrow may lie in any of them. */
export async function sourceFolders(files: readonly string[]): Promise<readonly string[]> {
  const found = new Set(files.map((file) => dirname(file)));
  for (const folder of found) {
    if (found.size >= MOST_FOLDERS) break;
    for (const inner of await foldersIn(folder)) found.add(inner);
  }
  return [...found].slice(0, MOST_FOLDERS);
}

/** None in a folder that is gone, or that the host may not read. */
async function foldersIn(folder: string): Promise<readonly string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(folder));
    if (entries.some(({ name }) => name === VIRTUAL_ENVIRONMENT)) return [];
    return entries.filter(({ name, isDirectory }) => isDirectory && maySourceBe(name)).map(({ name }) => join(folder, name));
  } catch {
    return [];
  }
}

/** The files of code in these folders, whether anybody has loaded them or not. */
export async function sourceFilesIn(folders: readonly string[]): Promise<readonly string[]> {
  const files = await Promise.all(folders.map(async (folder) => {
    const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
    return entries.filter(({ name, isDirectory }) => !isDirectory && isSourceName(name) && maySourceBe(name)).map(({ name }) =>
      join(folder, name)
    );
  }));
  return files.flat().sort();
}

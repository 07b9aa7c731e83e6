/**
 * What has to be watched so that no change of what manifests are found, or of a plugin's code, stays unseen.
 *
 * @module
 */
import { basename, dirname, join, resolve } from "@std/path";
import { candidatesOf } from "../manifest/find.ts";
import { mayRead } from "../manifest/host_access.ts";
import { isManifestName, manifestFolderIn } from "../manifest/names.ts";
import { isSourceName, maySourceBe, sourceFolders } from "./source_folders.ts";

/** As many links as Linux follows on one way. */
const MAX_LINKS = 40;

/** What may be new in a folder that is searched. */
interface Search {
  /** Whether a name is none that anybody looks for, and none of a folder to look into. */
  readonly passesOver: (name: string) => boolean;
  /** Whether a file of that name is looked for. */
  readonly wants: (name: string) => boolean;
}

const MANIFESTS: Search = { passesOver: (name) => name.startsWith("."), wants: isManifestName };
const SOURCES: Search = { passesOver: (name) => !maySourceBe(name), wants: isSourceName };

/**
 * The folders on the way to each place in which something may lie, links followed, and what in them matters. Each folder is watched by itself: what lies
 * deeper, such as a plugin's environment with its ten thousand files, costs nothing.
 */
export class WatchPlan {
  readonly #folders = new Set<string>();
  /** What is on the way: when it comes, goes or is another one, something else may be found. */
  readonly #steps = new Set<string>();
  /** Where something new may be what is looked for, or a folder with that. */
  readonly #searched = new Set<string>();
  readonly #links = new Map<string, Look>();

  readonly #search: Search;

  private constructor(search: Search) {
    this.#search = search;
  }

  /** Makes the plan for the manifests in folders, as these are at this moment. */
  static async ofManifests(roots: readonly string[]): Promise<WatchPlan> {
    const plan = new WatchPlan(MANIFESTS);
    for (const { folder, paths } of await candidatesOf(roots)) {
      for (const searched of [folder, manifestFolderIn(folder)]) plan.#searchIn(searched);
      for (const path of paths) plan.#follow(path, { left: MAX_LINKS });
    }
    return plan;
  }

  /** Makes the plan for a plugin's code. */
  static async ofSources(files: readonly string[]): Promise<WatchPlan> {
    const plan = new WatchPlan(SOURCES);
    for (const folder of await sourceFolders(files)) plan.#searchIn(folder);
    for (const file of files) plan.#follow(file, { left: MAX_LINKS });
    return plan;
  }

  /** The folders to be watched, none of them with what lies deeper. */
  get folders(): string[] {
    return [...this.#folders];
  }

  /** Whether a change of this path may be one of what is found. */
  concerns(path: string): boolean {
    if (this.#steps.has(path)) return true;
    const name = basename(path);
    const { passesOver, wants } = this.#search;
    return this.#searched.has(dirname(path)) && !passesOver(name) && (wants(name) || isFolderOrLink(path));
  }

  /** Whether the other one says the same. */
  equals(other: WatchPlan): boolean {
    return isSame(this.#folders, other.#folders) && isSame(this.#steps, other.#steps);
  }

  #searchIn(folder: string): void {
    const real = this.#follow(folder, { left: MAX_LINKS });
    if (real === undefined) return;
    this.#watch(real, folder);
    for (const path of [real, folder]) this.#searched.add(path);
  }

  /** Goes a way step by step, and gives the path to its end that has no links on it; `undefined` when it leads nowhere. */
  #follow(path: string, links: { left: number }): string | undefined {
    const { top, names } = split(path);
    let [real, given] = [top, top];
    for (const name of names) {
      this.#watch(real, given);
      const next = join(real, name);
      given = join(given, name);
      for (const step of [next, given]) this.#steps.add(step);
      const found = this.#look(next);
      if (found === "nothing") return undefined;
      const end = found === "no link" ? next : links.left-- > 0 ? this.#follow(resolve(real, found.target), links) : undefined;
      if (end === undefined) return undefined;
      real = end;
    }
    return real;
  }

  /** A host that may not look at where a link leads may yet look through the link. */
  #watch(real: string, given: string): void {
    const folder = [real, given].find((path) => this.#folders.has(path) || mayRead(path));
    if (folder !== undefined) this.#folders.add(folder);
  }

  #look(path: string): Look {
    const known = this.#links.get(path);
    if (known !== undefined) return known;
    const found = look(path);
    this.#links.set(path, found);
    return found;
  }
}

/** What is at the end of a path. */
type Look = "nothing" | "no link" | { readonly target: string };

function look(path: string): Look {
  // What a host may not look at it goes past.
  if (!mayRead(path)) return "no link";
  try {
    return Deno.lstatSync(path).isSymlink ? { target: Deno.readLinkSync(path) } : "no link";
  } catch {
    // What it is does not matter when it cannot be looked at: it is watched for.
    return "nothing";
  }
}

function isFolderOrLink(path: string): boolean {
  try {
    const { isDirectory, isSymlink } = Deno.lstatSync(path);
    return isDirectory || isSymlink;
  } catch {
    return false;
  }
}

function split(path: string): { readonly top: string; readonly names: readonly string[] } {
  const parent = dirname(path);
  if (parent === path) return { top: path, names: [] };
  const { top, names } = split(parent);
  return { top, names: [...names, basename(path)] };
}

function isSame(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}

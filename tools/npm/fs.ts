/**
 * `@std/fs` where JSR is not reached: the names in use, made of what Deno has, with the types, the defaults and the classes of errors that JSR's have.
 *
 * The package of std on npm has no `fs`. Node's libraries of that kind read variables when they are loaded, and their errors are not Deno's.
 *
 * @module
 */
import { fromFileUrl, join, resolve } from "@std/path";

/** What {@linkcode exists} asks besides. */
export interface ExistsOptions {
  isDirectory?: boolean;
  isFile?: boolean;
}

/** What {@linkcode copy} does with what is there. */
export interface CopyOptions {
  overwrite?: boolean;
}

/** Which entries {@linkcode walk} gives. */
export interface WalkOptions {
  maxDepth?: number;
  includeFiles?: boolean;
  includeDirs?: boolean;
  includeSymlinks?: boolean;
  exts?: string[];
  match?: RegExp[];
  skip?: RegExp[];
}

/** What {@linkcode walk} gives. */
export interface WalkEntry extends Deno.DirEntry {
  path: string;
}

export async function exists(path: string | URL, options: ExistsOptions = {}): Promise<boolean> {
  const info = await Deno.stat(path).catch(unlessMissing);
  return info !== undefined && isAsked(info, options);
}

export function existsSync(path: string | URL, options: ExistsOptions = {}): boolean {
  try {
    return isAsked(Deno.statSync(path), options);
  } catch (error) {
    return unlessMissing(error) ?? false;
  }
}

export async function ensureDir(path: string | URL): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
}

export async function emptyDir(path: string | URL): Promise<void> {
  await ensureDir(path);
  const names = await Array.fromAsync(Deno.readDir(path), ({ name }) => name);
  await Promise.all(names.map((name) => Deno.remove(join(pathOf(path), name), { recursive: true })));
}

export async function copy(from: string | URL, to: string | URL, options: CopyOptions = {}): Promise<void> {
  const [source, target] = [resolve(pathOf(from)), resolve(pathOf(to))];
  if (isWithin(target, source)) throw new Error(`Cannot copy "${source}" to "${target}", which is itself or in it`);
  await copyEntry(source, target, options);
}

export async function* walk(root: string | URL, options: WalkOptions = {}): AsyncIterableIterator<WalkEntry> {
  const { maxDepth = Infinity } = options;
  const folder = pathOf(root);
  const own = { path: folder, name: folder.replace(/.*[\\/](?=.)/, ""), isFile: false, isDirectory: true, isSymlink: false };
  if (isWanted(own, options)) yield own;
  if (maxDepth < 1 || isSkipped(folder, options)) return;
  for await (const entry of Deno.readDir(folder)) {
    const found = { ...entry, path: join(folder, entry.name) };
    if (entry.isDirectory) yield* walk(found.path, { ...options, maxDepth: maxDepth - 1 });
    else if (isWanted(found, options)) yield found;
  }
}

async function copyEntry(source: string, target: string, options: CopyOptions): Promise<void> {
  const info = await Deno.lstat(source);
  if (!options.overwrite) await refuseExisting(target);
  if (info.isSymlink) return await Deno.symlink(await Deno.readLink(source), target);
  if (!info.isDirectory) return await Deno.copyFile(source, target);
  await ensureDir(target);
  for await (const { name } of Deno.readDir(source)) await copyEntry(join(source, name), join(target, name), options);
}

async function refuseExisting(path: string): Promise<void> {
  if (await Deno.lstat(path).catch(unlessMissing) !== undefined) throw new Deno.errors.AlreadyExists(`"${path}" already exists`);
}

function isAsked(info: Deno.FileInfo, { isDirectory, isFile }: ExistsOptions): boolean {
  return isDirectory ? info.isDirectory : isFile ? info.isFile : true;
}

function isWanted(entry: WalkEntry, options: WalkOptions): boolean {
  const { includeFiles = true, includeDirs = true, includeSymlinks = true, exts, match } = options;
  const isIncluded = entry.isDirectory ? includeDirs : entry.isSymlink ? includeSymlinks : includeFiles;
  const hasEnding = exts?.some((ending) => entry.path.endsWith(`.${ending.replace(/^\./, "")}`)) ?? true;
  return isIncluded && hasEnding && (match?.some((pattern) => pattern.test(entry.path)) ?? true) && !isSkipped(entry.path, options);
}

function isSkipped(path: string, { skip = [] }: WalkOptions): boolean {
  return skip.some((pattern) => pattern.test(path));
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(join(folder, "x").slice(0, -1));
}

function unlessMissing(error: unknown): undefined {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

function pathOf(path: string | URL): string {
  return path instanceof URL ? fromFileUrl(path) : path;
}

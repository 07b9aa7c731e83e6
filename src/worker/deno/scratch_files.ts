/**
 * The worker's files, as the control thread sees them: it may look at all of them, and the plugin's thread only reads inputs and writes results.
 *
 * @module
 */
import { INPUTS_FOLDER, RESULTS_FOLDER } from "../../protocol/file_values.ts";
import { type FilesAnswer, filesError, type FilesQuestion } from "./files_question.ts";
import { kindOf, lookAt, unfit } from "./unfit_file.ts";

/** Where a worker keeps files. */
export interface Scratch {
  readonly folder: string;
  /** The most bytes that all files there may have; none when it is left out. */
  readonly quota?: number;
}

/** Answers what the plugin's thread asks of files, one question after the other. */
export class ScratchFiles {
  /** The folder of inputs. */
  readonly inputs: string;
  /** The folder of results. */
  readonly results: string;
  readonly quota: number | undefined;
  readonly #folder: string;
  readonly #realResults: string;
  #last: Promise<unknown> = Promise.resolve();

  /** Makes the folder of results. */
  constructor({ folder, quota }: Scratch) {
    this.inputs = `${folder}/${INPUTS_FOLDER}`;
    this.results = `${folder}/${RESULTS_FOLDER}`;
    this.quota = quota;
    this.#folder = folder;
    Deno.mkdirSync(this.results, { recursive: true, mode: 0o700 });
    this.#realResults = Deno.realPathSync(this.results);
  }

  /** Answers a question; `undefined` is one that names files elsewhere. Never rejects. */
  answer(question: FilesQuestion | undefined): Promise<FilesAnswer> {
    const answer = this.#last.then(() => this.#found(question)).then((count) => ({ count }), filesError);
    this.#last = answer;
    return answer;
  }

  /** How many bytes more there may be. */
  async room(): Promise<number> {
    return this.quota === undefined ? Infinity : this.quota - await folderBytes(this.#folder);
  }

  /**
   * Opens a result that is to be sent. What was opened is what was looked at.
   *
   * @throws {UnfitFileError} When it is no file of the plugin's.
   */
  open(path: string): Deno.FsFile {
    this.#sizeOf(path); // Whoever opens a fifo waits for its other end.
    const file = lookAt(path, (own) => Deno.openSync(own));
    try {
      const [opened, seen] = [file.statSync(), this.#factsOf(path)];
      if (seen.dev === opened.dev && seen.ino === opened.ino) return file;
      throw unfit(path, "a file that has been put into the place of another one");
    } catch (error) {
      file.close();
      throw error;
    }
  }

  async #found(question: FilesQuestion | undefined): Promise<number> {
    switch (question?.about) {
      case "bytes_in_use":
        return await folderBytes(this.#folder);
      case "file":
        return this.#sizeOf(question.path);
      case "copy":
        this.#sizeOf(question.to);
        this.#sizeOf(question.path);
        await Deno.copyFile(question.path, question.to);
        return 0;
      case "leftovers":
        await this.#removeAllBut(question.kept, question.folder);
        return 0;
      default:
        throw unfit("", "a file elsewhere");
    }
  }

  /** Makes sure of a file: the host takes none but a plain one with one name, to which no link leads. */
  #sizeOf(path: string): number {
    const { size } = this.#factsOf(path);
    lookAt(path, makePrivate);
    return size;
  }

  #factsOf(path: string): Deno.FileInfo {
    const facts = lookAt(path, Deno.lstatSync);
    if (!facts.isFile) throw unfit(path, kindOf(facts));
    if (facts.nlink !== 1) throw unfit(path, `a file with ${facts.nlink} names`);
    if (!lookAt(path, (own) => this.#isBehindNoLink(own))) throw unfit(path, "a file behind a link");
    return facts;
  }

  #isBehindNoLink(path: string): boolean {
    return Deno.realPathSync(path) === `${this.#realResults}${path.slice(this.results.length)}`;
  }

  /** The host may be removing the rest. */
  async #removeAllBut(kept: ReadonlySet<string>, folder: string): Promise<void> {
    try {
      if (!this.#isBehindNoLink(folder)) return;
      for await (const { name, isDirectory } of Deno.readDir(folder)) {
        const path = `${folder}/${name}`;
        if (isDirectory) await this.#removeAllBut(kept, path);
        else if (!kept.has(path)) removeFiles([path]);
      }
    } catch {
      // It is gone already.
    }
    removeFiles([folder]);
  }
}

/** A process that the kernel holds changes no modes. Nobody else enters the folder anyway. */
function makePrivate(path: string): void {
  try {
    Deno.chmodSync(path, 0o600);
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
}

/** Removes the files of a frame that nobody will get. */
export function removeFiles(paths: readonly string[] = []): void {
  for (const path of paths) {
    try {
      Deno.removeSync(path);
    } catch {
      // It is gone, or it will go with the worker's folder.
    }
  }
}

/** Removes the files of a frame that has gone to its host as bytes, or nowhere, and the call's folder when that holds nothing more. */
export function removeWithFolder(paths: readonly string[] = []): void {
  removeFiles(paths);
  for (const folder of new Set(paths.map((path) => path.slice(0, path.lastIndexOf("/"))))) {
    try {
      Deno.removeSync(folder);
    } catch {
      // It holds more, or the call goes on.
    }
  }
}

async function folderBytes(folder: string): Promise<number> {
  let total = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = `${folder}/${name}`;
      total += isDirectory ? await folderBytes(path) : (await Deno.lstat(path)).size;
    }
  } catch (error) {
    // The host removes what it does not need any more, at any time.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return total;
}

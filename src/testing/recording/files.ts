/**
 * The files of a recording, each named by its content, in a folder beside it.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { basename, dirname, join } from "@std/path";
import type { FileContent } from "../../protocol/file_values.ts";
import { invalid, type RecordedFile, type Recording } from "./format.ts";

/** How many characters of a file's hash are its name. */
const NAME_CHARACTERS = 16;

/** Where the files of a recording lie, as its own paths say it: `talk.files` of `talk.json`. */
function folderOf(recording: string): string {
  return `${basename(recording).replace(/\.json$/, "")}.files`;
}

/** Keeps what calls take and give. */
export interface FileStore {
  /** Keeps one file, and tells what stands in its place. */
  keep(content: FileContent): Promise<RecordedFile>;
}

/** Keeps the files of a recording that is being made. */
export class RecordingFolder implements FileStore {
  readonly #recording: string;
  readonly #folder: string;

  /** Makes nothing yet. */
  constructor(recording: string) {
    this.#recording = recording;
    this.#folder = folderOf(recording);
  }

  async keep(content: FileContent): Promise<RecordedFile> {
    await Deno.mkdir(this.#path(), { recursive: true });
    const partial = this.#path(`.${crypto.randomUUID()}`);
    try {
      const { sha256, size } = await this.#write(partial, content.parts);
      const name = sha256.slice(0, NAME_CHARACTERS) + content.extension;
      await Deno.rename(partial, this.#path(name));
      return { file: `${this.#folder}/${name}`, sha256, size, media_type: content.mediaType };
    } catch (error) {
      await Deno.remove(partial).catch(() => {});
      throw error;
    }
  }

  /** Removes the files that no call has, such as those of an earlier recording in the same place. */
  async prune({ calls }: Pick<Recording, "calls">): Promise<void> {
    const text = JSON.stringify(calls);
    const entries = await Array.fromAsync(Deno.readDir(this.#path())).catch(() => []);
    for (const { name } of entries) if (!text.includes(JSON.stringify(`${this.#folder}/${name}`))) await Deno.remove(this.#path(name));
    if (entries.length > 0) await Deno.remove(this.#path()).catch(() => {}); // There is something in it.
  }

  #path(name = ""): string {
    return join(dirname(this.#recording), this.#folder, name);
  }

  async #write(path: string, parts: FileContent["parts"]): Promise<Pick<RecordedFile, "sha256" | "size">> {
    const hash = createHash("sha256");
    let size = 0;
    using file = await Deno.open(path, { write: true, createNew: true });
    for await (const part of parts) {
      hash.update(part);
      size += part.length;
      for (let written = 0; written < part.length;) written += await file.write(part.subarray(written));
    }
    return { sha256: hash.digest("hex"), size };
  }
}

/** Keeps nothing but what tells two files apart. */
export const HASHES: FileStore = {
  async keep({ parts, extension, mediaType }) {
    const { sha256, size } = await hashOf(parts);
    return { file: sha256.slice(0, NAME_CHARACTERS) + extension, sha256, size, media_type: mediaType };
  },
};

/** What tells bytes from others. */
export async function hashOf(parts: FileContent["parts"]): Promise<Pick<RecordedFile, "sha256" | "size">> {
  const hash = createHash("sha256");
  let size = 0;
  for await (const part of parts) {
    hash.update(part);
    size += part.length;
  }
  return { sha256: hash.digest("hex"), size };
}

/** The path of a file of a recording, which is nowhere but beside it. */
export function pathOf(recording: string, { file }: RecordedFile): string {
  const name = basename(file);
  if (file !== `${folderOf(recording)}/${name}`) throw invalid(recording, `its file "${file}" is not in "${folderOf(recording)}"`);
  return join(dirname(recording), folderOf(recording), name);
}

/**
 * The bytes of a file of a recording.
 *
 * @throws {PluginError} With the code `invalid_recording`, when it is not there any more, or another one.
 */
export async function bytesOf(recording: string, recorded: RecordedFile): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await Deno.readFile(pathOf(recording, recorded)).catch((cause) => {
    throw invalid(recording, `its file "${recorded.file}" cannot be read. Record it again`, { cause });
  });
  const { sha256 } = await hashOf([bytes]);
  if (sha256 !== recorded.sha256) throw invalid(recording, `its file "${recorded.file}" has changed. Record it again`);
  return bytes;
}

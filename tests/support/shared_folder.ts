/**
 * A folder that a worker and its host share, without either.
 *
 * @module
 */
import { dirname, join } from "@std/path";
import { FoundFile, type SharedFolder, sharedFolder } from "../../src/payload/found_file.ts";

/** The folder, with what a worker would put there. */
export class Shared implements AsyncDisposable {
  /** The folder's path. */
  readonly path: string = Deno.makeTempDirSync();
  /** The folder as its host has seen it first. */
  readonly folders: readonly SharedFolder[] = [sharedFolder(this.path)];

  /** Writes a file, and tells its path. */
  write(name: string, bytes: Uint8Array): string {
    const path = join(this.path, name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeFileSync(path, bytes);
    return path;
  }

  /** Writes a file and finds it. */
  found(name: string, bytes: Uint8Array): FoundFile {
    return new FoundFile(this.write(name, bytes), this.folders, bytes.length);
  }

  /** The names of what is in it. */
  names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/**
 * Files by which a test and a plugin tell each other how far they are.
 *
 * @module
 */
import { eventually } from "../support/guard.ts";

/** A folder for them, which goes with the test. */
export class TempFiles implements AsyncDisposable {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder. */
  static async create(): Promise<TempFiles> {
    return new TempFiles(await Deno.makeTempDir({ prefix: "files-" }));
  }

  /** The path of a file. */
  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  /** Whether it is there. */
  isThere(name: string): boolean {
    try {
      return Deno.statSync(this.path(name)).isFile;
    } catch {
      return false;
    }
  }

  /** Waits until it is there. */
  appears(name: string): Promise<void> {
    return eventually(() => this.isThere(name), `"${name}"`);
  }

  /** Removes the folder. */
  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.#folder, { recursive: true });
  }
}

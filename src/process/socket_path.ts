/**
 * The path of a worker's unix socket.
 *
 * @module
 */
import type { Address } from "../protocol/address.ts";
import { ifThere } from "../protocol/is_there.ts";

/** The kernel's own bound on a socket's path, with its closing zero: 108 on Linux, 104 on macOS. */
const MAX_SOCKET_PATH_BYTES = Deno.build.os === "linux" ? 107 : 103;

/** The address for a socket at this path. */
export function unixAddress(path: string): Address {
  const length = new TextEncoder().encode(path).length;
  if (length <= MAX_SOCKET_PATH_BYTES) return { unix: path };
  throw new RangeError(
    `the socket's path "${path}" has ${length} bytes, and the system takes ${MAX_SOCKET_PATH_BYTES}. Give a shorter "scratchDir", or "transport": "tcp" in the manifest`,
  );
}

/** A path that the user chose. All that is ever removed there is a socket of this user's at which nobody listens. */
export class ChosenSocket {
  readonly #path: string;
  readonly #uid: number | null;

  /** @param own A folder of this program's, which tells whose sockets are its own. */
  constructor(path: string, own: string) {
    this.#path = path;
    this.#uid = Deno.lstatSync(own).uid;
  }

  /**
   * Makes the path free for a worker: removes the socket that a killed one has left there.
   *
   * @throws {Error} When something else is there.
   */
  async free(): Promise<Address> {
    const address = unixAddress(this.#path);
    const found = await this.#find();
    if (found === undefined) return address;
    if (!this.#isOwnSocket(found)) {
      throw new Error(`"${this.#path}" is ${nameOf(found)}, which is left as it is. Give another "socketPath", or remove it`);
    }
    if (await this.#isListening()) throw new Error(`another worker listens at "${this.#path}". Give another "socketPath"`);
    await Deno.remove(this.#path);
    return address;
  }

  /** Removes what a worker that has ended has left. */
  async clear(): Promise<void> {
    const found = await this.#find();
    if (found !== undefined && this.#isOwnSocket(found) && !await this.#isListening()) await Deno.remove(this.#path);
  }

  #find(): Promise<Deno.FileInfo | undefined> {
    return ifThere(Deno.lstat(this.#path));
  }

  #isOwnSocket({ isSocket, uid }: Deno.FileInfo): boolean {
    return isSocket === true && uid === this.#uid;
  }

  /** Whoever has more connections waiting than he takes listens as well: only a refusal says that nobody does. */
  async #isListening(): Promise<boolean> {
    try {
      (await Deno.connect({ transport: "unix", path: this.#path })).close();
    } catch (error) {
      return !(error instanceof Deno.errors.ConnectionRefused);
    }
    return true;
  }
}

function nameOf({ isFile, isDirectory, isSymlink, isSocket, isFifo }: Deno.FileInfo): string {
  if (isSocket) return "another user's socket";
  return isFile ? "a file" : isDirectory ? "a folder" : isSymlink ? "a link" : isFifo ? "a pipe" : "no socket";
}

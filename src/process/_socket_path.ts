/**
 * The path of a worker's unix socket.
 *
 * @module
 */
import type { Address } from "../protocol/messages.ts";

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

/** The address for a socket at a path that the user chose; what a worker that was killed has left there is removed. */
export async function freeSocketPath(path: string): Promise<Address> {
  const address = unixAddress(path);
  try {
    (await Deno.connect({ transport: "unix", path })).close();
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) await Deno.remove(path);
    else if (!(error instanceof Deno.errors.NotFound)) throw error;
    return address;
  }
  throw new Error(`another worker listens at "${path}". Give another "socketPath"`);
}

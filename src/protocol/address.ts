/**
 * Where a worker listens: one type, how it is read from text, and how it is written.
 *
 * @module
 */

/** A unix socket, by its path. */
export interface UnixAddress {
  /** The socket's path. */
  readonly unix: string;
}

/** A port of TCP, as `host:port`; in the start line the host alone, for the worker chooses the port. */
export interface TcpAddress {
  /** `host:port` in the hello line, and the host alone in the start line. */
  readonly tcp: string;
}

/** Where a worker listens. */
export type Address = UnixAddress | TcpAddress;

/** Whether it is a unix socket. */
export function isUnix(address: Address): address is UnixAddress {
  return "unix" in address;
}

/** The path of a unix socket; `undefined` for a port. */
export function socketPathOf(address: Address): string | undefined {
  return isUnix(address) ? address.unix : undefined;
}

const UNIX_SCHEME = "unix:";
const HTTP_URL = /^http:\/\/((?:\[[^\]]+\]|[^/:@?#]+):\d+)\/?$/;

/** The address as a URL: `unix:/path/to/worker.sock`, or `http://127.0.0.1:49152`. */
export function addressUrl(address: Address): string {
  return isUnix(address) ? `${UNIX_SCHEME}${address.unix}` : `http://${address.tcp}`;
}

/** Reads such a URL; `undefined` for one that is more than an address, such as that of a gateway. */
export function parseAddress(url: string): Address | undefined {
  if (url.startsWith(UNIX_SCHEME)) return { unix: url.slice(UNIX_SCHEME.length) };
  const [, tcp] = HTTP_URL.exec(url) ?? [];
  return tcp === undefined ? undefined : { tcp };
}

/** The names of this machine's own loopback, as they stand in URLs and in the header `Host`, with or without a port. */
const LOOPBACK = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i;

/** Whether a host, with or without a port, is this machine by its loopback. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** The host and the port of a port of TCP, without the brackets of IPv6. */
export function hostAndPort({ tcp }: TcpAddress): { readonly hostname: string; readonly port: number } {
  const colon = tcp.lastIndexOf(":");
  return { hostname: tcp.slice(0, colon).replace(/[[\]]/g, ""), port: Number(tcp.slice(colon + 1)) };
}

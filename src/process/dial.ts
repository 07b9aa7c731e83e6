/**
 * Opens connections to a socket or a port.
 *
 * @module
 */
import { type Address, hostAndPort, isUnix } from "../protocol/address.ts";

/** Opens a connection to a worker. */
export type Dial = () => Promise<Deno.Conn>;

/** Opens a connection. What is small and goes over TCP is sent at once. */
export async function dial(address: Address): Promise<Deno.Conn> {
  if (isUnix(address)) return await Deno.connect({ transport: "unix", path: address.unix });
  return withoutDelay(await Deno.connect(hostAndPort(address)));
}

function withoutDelay(conn: Deno.TcpConn): Deno.TcpConn {
  try {
    conn.setNoDelay();
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}

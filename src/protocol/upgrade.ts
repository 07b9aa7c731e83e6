/**
 * The words by which a connection is upgraded to bare frames, and what it can then.
 *
 * @module
 */

/** The request header with which a host that hears a worker's farewell gives a connection its name, when it is upgraded. */
export const CONNECTION_HEADER = "remote-plugin-connection";

/** The name, in `Upgrade` headers, of connections that carry bare frames. */
export const UPGRADE_PROTOCOL = "remote-plugin-frames";

/** The endpoint that upgrades its connection; it is asked for by GET. */
export const UPGRADE_ENDPOINT = "frames";

/** The word in the hello line's `features` of a worker that upgrades connections. */
export const UPGRADE_FEATURE = "upgrade";

/** The word of one that takes requests on an upgraded connection before it has answered the first, and answers them in their order. */
export const AHEAD_FEATURE = "ahead";

/**
 * How a private folder says what it is, to hosts and workers alike: section 7 of `docs/protocol.md`.
 *
 * @module
 */

/** The file in a private folder that its owner keeps locked. */
export const OWNER_FILE = "owner.lock";

/** The first line of that file. `private_folder.py` of the Python worker has the same one. */
export const OWNER_LINE = "remote-plugin private folder: whoever can lock this file may remove the folder\n";

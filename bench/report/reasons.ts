/**
 * Why a peer is ahead where it is: what it leaves out, or what it is made of.
 *
 * @module
 */
import type { PeerSpec } from "../peers.ts";

interface Reason {
  /** The peers that it holds for; all when it is left out. */
  readonly peers?: readonly string[];
  /** The values in the results. */
  readonly keys: RegExp;
  readonly why: string;
}

const SMALL_CALLS = /^(one\/|busy\/)?(call|open\d+)\.|^(argument|result)\/1024\./;

/** The first that fits is the one. */
const REASONS: readonly Reason[] = [
  {
    peers: ["pythonia", "python-shell", "mcp"],
    keys: /^memory\.host_mb$/,
    why:
      "its client is smaller. To import this project takes 25 MB: it brings both workers, and knows manifests, permissions, files and restarts",
  },
  { keys: /^memory\.host_mb$/, why: "its host is a Python program, and has no engine that compiles what it runs" },
  {
    keys: /^memory\.worker_mb$/,
    why:
      "it has one process. Here a second one ends what a plugin leaves behind, and both are counted whole, though they share most of their pages",
  },
  { keys: /^memory\.worker_pss_mb$/, why: "it has one process. Here a second one ends what a plugin leaves behind" },
  {
    peers: ["python-shell"],
    keys: /^(start|again)\./,
    why:
      "it runs a script, and that is all. Here a manifest is checked, a token and private folders are made, and a process is forked that watches the other",
  },
  {
    peers: ["execnet"],
    keys: /^(start|again)\./,
    why:
      "its interpreter reads its code from a pipe. Here a manifest is checked, a token and private folders are made, and a process is forked that watches the other",
  },
  { peers: ["pythonia"], keys: /^stop\./, why: "it does not wait for the end of its process" },
  {
    peers: ["appose"],
    keys: /^cancel\./,
    why: "it runs each task in a thread of its own, so that the next one does not wait until a cancelled one has ended",
  },
  { peers: ["mcp"], keys: /^cancel\./, why: "its client forgets the call, and does not ask the server whether it has ended" },
  {
    peers: ["python-shell"],
    keys: SMALL_CALLS,
    why:
      "a call is a line on a pipe, and the next line is its answer. It has no id, no error but the end of the program, and no order to keep when the program dies, and what the script prints is taken for an answer",
  },
  {
    peers: ["pythonia"],
    keys: SMALL_CALLS,
    why: "a call cannot be cancelled, and one that has not begun when the process dies goes to no other",
  },
  {
    peers: ["execnet"],
    keys: SMALL_CALLS,
    why:
      "a call is an item in a channel, and the next item is its answer. It has no id, and one that has not begun when the process dies goes to no other",
  },
  {
    peers: ["execnet"],
    keys: /^(argument|result)\//,
    why:
      "a text goes as its length and its bytes. JSON, which programs in all languages read, is looked through for what is escaped, on both sides",
  },
  {
    peers: ["pythonia", "python-shell"],
    keys: /^(argument|result)\//,
    why: "its JSON is read and written as it is here, and nothing is bounded: neither how long it may be, nor what is kept of its memory",
  },
];

/** Why a peer is ahead in a value; `undefined` where nobody has said. */
export function reasonFor({ name }: PeerSpec, key: string): string | undefined {
  return REASONS.find(({ peers, keys }) => (peers?.includes(name) ?? true) && keys.test(key))?.why;
}

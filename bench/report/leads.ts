/**
 * Where a peer is ahead of this project: nobody has to look for it in the tables.
 *
 * @module
 */
import { PEERS, type PeerSpec } from "../peers.ts";
import { figureOf, type Results } from "../results.ts";
import { reasonFor } from "./reasons.ts";
import { type Column, COLUMNS, notesOf, PLACED_COLUMNS, readable, sizeColumns, WORK_COLUMNS } from "./columns.ts";

/** The row that the peers are held against: what they run is Python, too. */
const OWN = "ours-python";

/** A cell in which a peer is ahead. */
export interface Lead {
  readonly peer: PeerSpec;
  /** The column's title. */
  readonly what: string;
  readonly theirs: number;
  readonly ours: number;
  /** What the peer leaves out, where somebody has said. */
  readonly why?: string;
}

/** All of them, peer by peer; each value once, in however many tables it stands. */
export function leadsOf(results: Results): Lead[] {
  const peers = PEERS.filter(({ group }) => group === "peer");
  return peers.flatMap((peer) => columns().flatMap((column) => leadIn(results, peer, column) ?? []));
}

/** A list of them for the page: an item a peer, and below it one a reason. */
export function leadLines(results: Results): string[] {
  const byPeer = Map.groupBy(leadsOf(results), ({ peer }) => peer);
  return [...byPeer].flatMap(([peer, leads]) => [`- ${heading(results, peer)}`, ...reasonLines(leads)]);
}

function reasonLines(leads: readonly Lead[]): string[] {
  const byReason = Map.groupBy(leads, ({ why }) => why);
  return [...byReason].map(([why, cells]) => `  - ${cells.map(cellText).join("; ")}.${why === undefined ? "" : ` The reason: ${why}.`}`);
}

/** The peer, and what it cannot do. */
function heading(results: Results, { name, title }: PeerSpec): string {
  const lacks = notesOf(results, name).map(({ note }) => note).filter((note) => note.startsWith("it "));
  return lacks.length === 0 ? title : `${title} (${lacks.join(", ")})`;
}

function cellText({ what, theirs, ours }: Lead): string {
  return `${what}: ${readable(theirs)}, not ${readable(ours)}`;
}

function leadIn(results: Results, peer: PeerSpec, { title, key }: Column): Lead | undefined {
  const [theirs, ours] = [peer.name, OWN].map((name) => figureOf(results, name, key)?.median);
  if (theirs === undefined || ours === undefined) return undefined;
  const ahead = key.endsWith("per_s") ? theirs > ours : theirs < ours;
  return ahead ? { peer, what: title, theirs, ours, why: reasonFor(peer, key) } : undefined;
}

function columns(): Column[] {
  const all = [...COLUMNS, ...PLACED_COLUMNS, ...WORK_COLUMNS, ...sizeColumns("argument"), ...sizeColumns("result")];
  return all.filter(({ key }, index) => all.findIndex((column) => column.key === key) === index);
}

/**
 * The conformance vectors as data, and where they lie. `README.md` beside this file explains each key.
 *
 * @module
 */
import type { Expected } from "./match.ts";
import type { TransportKind } from "../support/worker_plan.ts";
import { type WorkerKind, WORKERS } from "../support/fixtures.ts";

/** What a reply has to be. What is left out is not looked at. */
export interface ExpectedReply {
  readonly status?: number | Expected;
  readonly headers?: Readonly<Record<string, Expected>>;
  /** The body as JSON. */
  readonly json?: Expected;
  /** The body as lines of JSON. */
  readonly lines?: readonly Expected[];
  /** The body as frames that have not been read yet. */
  readonly frames?: readonly Expected[];
  /** The files behind the frames that are left, which are text. */
  readonly parts?: readonly string[];
  /** The body as text. */
  readonly text?: Expected;
  /** Whether the worker closes the connection after the reply. */
  readonly closed?: boolean;
  /** Whether the worker ends the connection before the reply has ended, or before it has begun. */
  readonly cut?: boolean;
}

/** One step of a vector. Which keys it has says what it does. */
export interface Step {
  /** Sends a request: the method and the target. */
  readonly request?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The request's body, sent as JSON. */
  readonly body?: unknown;
  /** The request's body as it stands. */
  readonly text?: string;
  /** The request's body, bytes in base64. */
  readonly base64?: string;
  /** What stands behind the request's JSON, whose length is told then. */
  readonly behind?: string;
  /** Whether HTTP carries the request's body in chunks. */
  readonly chunked?: boolean;
  /** The token to send instead of the right one; `null` for none. */
  readonly token?: string | null;
  /** The call's id. */
  readonly id?: string;
  /** Whether a framed reply is asked for. */
  readonly framed?: boolean;
  /** How often the request is made, one after the other. */
  readonly repeat?: number;
  /** How often the request is made at the same time. */
  readonly parallel?: number;
  /** Makes the request again and again until the reply is as expected. */
  readonly until?: boolean;
  /** The name of the connection. A request without one has a connection of its own. */
  readonly on?: string;
  /** Writes this to the connection as it stands. */
  readonly write?: string;
  /** Reads the next line of the reply on a connection. */
  readonly frame?: Expected;
  /** Reads the rest of the reply on a connection. */
  readonly reply?: ExpectedReply;
  /** The frames of the first reply on a connection whose worker ends: those that came, and those that its farewell says were held back. */
  readonly lastWords?: readonly Expected[];
  /** Closes a connection. */
  readonly close?: true;
  /** Opens the connection of this name and has it upgraded. */
  readonly upgrade?: string;
  /** The hello line. */
  readonly hello?: Expected;
  /** A pattern that the worker's log comes to match. */
  readonly log?: string;
  /** Writes this to the worker's standard input. */
  readonly input?: string;
  /** Closes the worker's standard input. */
  readonly stdin?: "close";
  /** Kills the process that the test started. */
  readonly kill?: true;
  /** Waits for the end of the worker and of all that it started. */
  readonly exit?: Expected;
}

/** One promise of the protocol, as steps. */
export interface Vector {
  readonly name: string;
  /** The plugin that the worker runs. Default: the file's. */
  readonly fixture?: string;
  /** Default: all workers. */
  readonly workers?: readonly WorkerKind[];
  /** Default: the system's first choice alone. */
  readonly transports?: readonly TransportKind[];
  /** Whether the worker must be one that has answered nothing yet. */
  readonly fresh?: boolean;
  /** What differs in the start line. */
  readonly start?: Readonly<Record<string, unknown>>;
  /** What is written to standard input instead of a start line. */
  readonly input?: string;
  /** The name of a folder into which the plugin is copied. */
  readonly folder?: string;
  /** Whether another process than the test holds the worker's standard input. */
  readonly holder?: boolean;
  readonly steps: readonly Step[];
}

/** One file of vectors. */
interface VectorFile {
  readonly about: string;
  readonly fixture: string;
  readonly vectors: readonly Vector[];
}

/** What carries the frames of framed requests: HTTP, or nothing but the connection. */
export type Wire = "http" | "bare";

/** A vector with the worker, the transport and the wire that it is run on. */
export interface Case {
  readonly vector: Vector;
  readonly fixture: string;
  readonly worker: WorkerKind;
  readonly transport: TransportKind;
  readonly wire: Wire;
}

/** Reads every vector and lists every case, those that can share a worker process one after the other. */
export async function listCases(): Promise<Case[]> {
  const files = await Promise.all(vectorFiles().map(readVectors));
  const cases = files.flatMap((file) => file.vectors.flatMap((vector) => casesOf(vector, vector.fixture ?? file.fixture)));
  return [...Map.groupBy(cases, processKey).values()].flat();
}

/** Cases with the same key can be run by the same worker process. */
export function processKey(entry: Case): string {
  const { start, input, folder, holder } = entry.vector;
  return JSON.stringify([entry.worker, entry.transport, entry.fixture, start, input, folder, holder]);
}

function casesOf(vector: Vector, fixture: string): Case[] {
  return (vector.workers ?? WORKERS).flatMap((worker) =>
    transportsOf(vector).flatMap((transport) => wiresOf(vector).map((wire) => ({ vector, fixture, worker, transport, wire })))
  );
}

/** What is said in frames can be said on either wire, and has to mean the same there. */
function wiresOf({ steps }: Vector): readonly Wire[] {
  const framed = steps.filter((step) => step.framed);
  const onBare = new Set(framed.map(({ on }) => on));
  const speaksHttp = steps.some((step) => isHttpAlone(step) && step.on !== undefined && onBare.has(step.on));
  return framed.length === 0 || framed.some(isHttpAlone) || speaksHttp ? ["http"] : ["http", "bare"];
}

function isHttpAlone({ request, write, framed, chunked, token, id = "", headers = {}, reply = {} }: Step): boolean {
  if (write !== undefined || chunked || (request !== undefined && !framed) || token !== undefined || /[^\x21-\x7e]/.test(id)) return true;
  return Object.keys(headers).some((name) => !(name in BARE_FIELDS)) || reply.lines !== undefined || reply.text !== undefined;
}

/** The headers that bare requests have as well, and how they are called there. */
export const BARE_FIELDS: Readonly<Record<string, string>> = {
  "Remote-Plugin-Files": "files",
  "Remote-Plugin-Call": "call",
  "Remote-Plugin-Logs": "logs",
};

function transportsOf(vector: Vector): readonly TransportKind[] {
  if (Deno.build.os !== "windows") return vector.transports ?? ["unix"];
  return (vector.transports ?? ["tcp"]).filter((transport) => transport === "tcp");
}

function vectorFiles(): URL[] {
  const folder = new URL("vectors/", import.meta.url);
  const names = [...Deno.readDirSync(folder)].map((entry) => entry.name).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => new URL(name, folder));
}

async function readVectors(url: URL): Promise<VectorFile> {
  return JSON.parse(await Deno.readTextFile(url));
}

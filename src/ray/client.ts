/**
 * Requests to the API of a Ray cluster's dashboard.
 *
 * @module
 */
import { isRecord, parseJson } from "../protocol/json.ts";
import { messageOf } from "../protocol/text.ts";
import type { RaySettings } from "./options.ts";
import { shownToken } from "./token.ts";

/** The dashboard could not be reached, or its answer is none that it gives. */
export class RayUnreachableError extends Error {}

/** The dashboard answered, and refused. */
export class RayRefusedError extends Error {
  /** The status of HTTP. */
  readonly status: number;

  /** Makes the error. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What becomes of a job. */
export type JobStatus = "PENDING" | "RUNNING" | "STOPPED" | "SUCCEEDED" | "FAILED";

/** What the dashboard says of a job. */
export interface JobInfo {
  readonly id: string;
  readonly status: JobStatus;
  /** What it waits for, or why it failed. */
  readonly message: string;
  /** Why it failed, as a word. */
  readonly errorType: string | undefined;
  /** When it ended, as `Date.now()` tells it. */
  readonly endedAt: number | undefined;
}

/** Whether a job has come to its end. */
export function hasEnded({ status }: Pick<JobInfo, "status">): boolean {
  return status !== "PENDING" && status !== "RUNNING";
}

/** How long a request may take, in milliseconds. The first job of a cluster takes a second or two. */
const REQUEST_MS = 15_000;

/** How long an upload may take, in milliseconds. */
const UPLOAD_MS = 300_000;

const STATUSES: readonly string[] = ["PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"];

interface RequestOptions {
  readonly body?: Uint8Array<ArrayBuffer> | object;
  readonly signal?: AbortSignal;
  /** Statuses besides 200 that are no refusal. */
  readonly takes?: readonly number[];
}

/** The dashboard of a cluster. */
export class RayClient {
  readonly #settings: RaySettings;

  /** Nothing is sent yet. */
  constructor(settings: RaySettings) {
    this.#settings = settings;
  }

  /** Which Ray it is. */
  async version(signal?: AbortSignal): Promise<string | undefined> {
    const answer = await this.#json("GET", "api/version", { signal });
    return typeof answer.ray_version === "string" ? answer.ray_version : undefined;
  }

  /** Whether the cluster has a package. Ray keeps it, also one that comes only now, for ten minutes from then on. */
  async hasPackage(name: string, signal: AbortSignal): Promise<boolean> {
    const { status } = await this.#request("GET", `api/packages/gcs/${name}`, { signal, takes: [404] });
    return status === 200;
  }

  /** Uploads a package. */
  async upload(name: string, bytes: Uint8Array<ArrayBuffer>, signal: AbortSignal): Promise<void> {
    await this.#request("PUT", `api/packages/gcs/${name}`, { body: bytes, signal });
  }

  /** Hands in a job. Its id is its caller's choice, so that a second time does no harm. */
  async submit(job: { readonly submission_id: string }, signal?: AbortSignal): Promise<void> {
    try {
      await this.#request("POST", "api/jobs/", { body: job, signal });
    } catch (error) {
      if (!mayHaveArrived(error) || signal?.aborted) throw error;
      if (await this.job(job.submission_id, signal) !== undefined) return;
      if (error instanceof RayRefusedError) throw error;
      await this.#request("POST", "api/jobs/", { body: job, signal });
    }
  }

  /** How a job is; `undefined` for one that there is not. */
  async job(id: string, signal?: AbortSignal): Promise<JobInfo | undefined> {
    const { status, text } = await this.#request("GET", `api/jobs/${id}`, { signal, takes: [404] });
    return status === 404 ? undefined : jobIn(parseJson(text), id);
  }

  /** All jobs that the cluster remembers. */
  async jobs(signal?: AbortSignal): Promise<JobInfo[]> {
    const { text } = await this.#request("GET", "api/jobs/", { signal });
    const list = parseJson(text);
    return Array.isArray(list) ? list.filter(isSubmission).map((job) => jobIn(job, job.submission_id)) : [];
  }

  /** What a job has printed. */
  async logs(id: string, signal?: AbortSignal): Promise<string> {
    const { logs } = await this.#json("GET", `api/jobs/${id}/logs`, { signal });
    return typeof logs === "string" ? logs : "";
  }

  /** Has a job that runs end. */
  async stop(id: string): Promise<void> {
    await this.#request("POST", `api/jobs/${id}/stop`, { takes: [404] });
  }

  /** Forgets a job that has ended. */
  async remove(id: string): Promise<void> {
    await this.#request("DELETE", `api/jobs/${id}`, { takes: [404] });
  }

  async #json(method: string, path: string, options: RequestOptions): Promise<Record<string, unknown>> {
    const { text } = await this.#request(method, path, options);
    const value = parseJson(text);
    if (isRecord(value)) return value;
    throw new RayUnreachableError(`what answers at ${this.#settings.dashboard.origin} is no dashboard of Ray's`);
  }

  async #request(method: string, path: string, { body, signal, takes = [] }: RequestOptions): Promise<{ status: number; text: string }> {
    const { dashboard } = this.#settings;
    const isUpload = body instanceof Uint8Array;
    const limit = AbortSignal.timeout(isUpload ? UPLOAD_MS : REQUEST_MS);
    const authorization = await shownToken(this.#settings.token);
    const headers = { ...authorization, ...body === undefined || isUpload ? {} : { "content-type": "application/json" } };
    try {
      const reply = await fetch(new URL(path, dashboard), {
        method,
        headers,
        body: body === undefined || isUpload ? body : JSON.stringify(body),
        // It would get the token.
        redirect: "manual",
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      const text = await reply.text();
      const { status } = reply;
      if (status === 200 || takes.includes(status)) return { status, text };
      throw new RayRefusedError(status, refusalIn(status, text, reply.headers.get("location")));
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof RayRefusedError) throw cause;
      const why = limit.aborted ? "it does not answer" : messageOf(cause);
      throw new RayUnreachableError(`the dashboard ${dashboard.origin} cannot be reached: ${why}`, { cause });
    }
  }
}

/** Whether nobody knows what became of a request: a proxy before the dashboard answers in its place, too. */
function mayHaveArrived(error: unknown): boolean {
  return error instanceof RayUnreachableError || (error instanceof RayRefusedError && error.status >= 500);
}

/** What it says, without the traceback before it. */
function refusalIn(status: number, text: string, location: string | null): string {
  if (location !== null) return `it sends this host on to "${location}", and the token goes nowhere but to the address that was given`;
  const said = text.trim().split("\n").at(-1)?.slice(0, 1_000) ?? "";
  return said === "" ? `it answers ${status}` : `it answers ${status}: ${said}`;
}

function isSubmission(job: unknown): job is { submission_id: string } {
  return isRecord(job) && typeof job.submission_id === "string";
}

function jobIn(job: unknown, id: string): JobInfo {
  if (!isRecord(job) || typeof job.status !== "string" || !STATUSES.includes(job.status)) {
    throw new RayUnreachableError(`the dashboard tells nothing that is known here of the job "${id}"`);
  }
  const { status, message, error_type, end_time } = job;
  return {
    id,
    status: status as JobStatus,
    message: typeof message === "string" ? message : "",
    errorType: typeof error_type === "string" ? error_type : undefined,
    endedAt: typeof end_time === "number" && end_time > 0 ? end_time : undefined,
  };
}

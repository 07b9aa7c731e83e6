/**
 * What can go wrong between host and worker, before anybody knows which plugin it was.
 *
 * @module
 */

/** The connection was lost, or the reply ended before its last frame. */
export class BrokenReplyError extends Error {
  override name = "BrokenReplyError";
  /** Whether a part of the reply had come: a worker that lives on has then cut it short itself. */
  readonly hasBegun: boolean;

  /** Makes the error. */
  constructor(message: string, { cause, hasBegun = false }: { cause?: unknown; hasBegun?: boolean } = {}) {
    super(message, { cause });
    this.hasBegun = hasBegun;
  }
}

/** The worker sent something that is no frame. */
export class MalformedReplyError extends Error {
  override name = "MalformedReplyError";
}

/** The worker refused the request before any plugin code ran. */
export class RefusedError extends Error {
  override name = "RefusedError";
  /** The HTTP status. */
  readonly status: number;

  /** Makes the error from a status and what the worker said. */
  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

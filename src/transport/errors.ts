/**
 * What can go wrong between host and worker, before anybody knows which plugin it was.
 *
 * @module
 */

/** What a {@linkcode BrokenReplyError} tells besides its message. */
interface BrokenReplyDetails {
  readonly cause?: unknown;
  readonly hasBegun?: boolean;
  readonly wasBehind?: boolean;
}

/** The connection was lost, or the reply ended before its last frame. */
export class BrokenReplyError extends Error {
  override name = "BrokenReplyError";
  /** Whether a part of the reply had come: a worker that lives on has then cut it short itself. */
  readonly hasBegun: boolean;
  /** Whether the worker cannot have begun with the request, which was behind another one that it had not answered. */
  readonly wasBehind: boolean;

  /** Makes the error. */
  constructor(message: string, { cause, hasBegun = false, wasBehind = false }: BrokenReplyDetails = {}) {
    super(message, { cause });
    this.hasBegun = hasBegun;
    this.wasBehind = wasBehind;
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

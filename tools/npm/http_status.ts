/**
 * `@std/http/status` from npm, with the types of the names in use, as JSR has them.
 *
 * @module
 */
import * as std from "deno-std/http/status.js";

/** The statuses that are in use, by their names. */
export interface StatusCodes {
  readonly OK: 200;
  readonly BadRequest: 400;
  readonly Unauthorized: 401;
  readonly Forbidden: 403;
  readonly NotFound: 404;
  readonly MethodNotAllowed: 405;
  readonly NotAcceptable: 406;
  readonly RequestTimeout: 408;
  readonly Conflict: 409;
  readonly ContentTooLarge: 413;
  readonly UnsupportedMediaType: 415;
  readonly MisdirectedRequest: 421;
  readonly TooManyRequests: 429;
  readonly InternalServerError: 500;
  readonly ServiceUnavailable: 503;
  readonly GatewayTimeout: 504;
  readonly InsufficientStorage: 507;
}

/** The phrases of statuses, by their numbers. */
export const STATUS_TEXT: Readonly<Record<number, string>> = std.STATUS_TEXT;

export const STATUS_CODE: StatusCodes = std.STATUS_CODE;

/**
 * A frame on its way to a client of the gateway.
 *
 * @module
 */
import type { FileResult } from "../../payload/file_result.ts";
import type { Frame } from "../../protocol/frames.ts";

/** A frame, and how it is written for the client. */
export interface WrittenFrame {
  readonly frame: Frame;
  readonly text: string;
  /** What stands behind it. */
  readonly files?: readonly FileResult[];
  /** The file that is sent instead of a text. */
  readonly file?: FileResult;
}

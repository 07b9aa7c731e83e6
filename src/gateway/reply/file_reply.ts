/**
 * A result that is a file, as what it is.
 *
 * @module
 */
import type { FileResult } from "../../payload/file_result.ts";
import { BYTES_MEDIA_TYPE, extensionOf } from "../../protocol/media_types.ts";
import type { Patience, Wait } from "../request/patience.ts";

/** What is told of a file on its way. */
export interface FileReplyHooks {
  /** How long the client may take none of it. */
  readonly patience: Patience;
  /** So many bytes were sent. */
  readonly onSent: (bytes: number) => void;
  /** It was sent as a whole. */
  readonly onEnd: () => void;
  /** The client has gone, or the file could not be read. */
  readonly onCancel: () => void;
  /** What the stream ends with when the client does not take it. */
  readonly slowError: () => Error;
}

/** Media types come from plugins. Another one would be no header. */
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+(; ?[\w-]+=[\w.-]+)*$/;

/**
 * The headers of a file. A browser keeps it and does not show it: what a plugin made may be a page, which would run as one of this gateway's.
 *
 * @param name What it is called without its extension.
 */
export function fileHeaders({ mediaType, size }: Pick<FileResult, "mediaType" | "size">, name: string): Record<string, string> {
  return {
    "content-type": MEDIA_TYPE.test(mediaType) ? mediaType : BYTES_MEDIA_TYPE,
    "content-length": `${size}`,
    "content-disposition": `attachment; filename="${name.replaceAll(/[^\w.-]/g, "_")}${extensionOf(mediaType)}"`,
    "x-content-type-options": "nosniff",
  };
}

/** Whether a client takes a file of this type. One that takes bytes takes every file. */
export function takesFile(accept: string | null, mediaType: string): boolean {
  const [type] = mediaType.split("/", 1);
  const taken: ReadonlySet<string> = new Set(["*/*", `${type}/*`, mediaType, BYTES_MEDIA_TYPE]);
  return accept === null || accept.split(",").some((range) => taken.has(range.split(";", 1)[0]!.trim().toLowerCase()));
}

/** The bytes of a file, which goes with them. */
export function fileBody(file: FileResult, hooks: FileReplyHooks): ReadableStream<Uint8Array> {
  const reader = file.stream().getReader();
  let wait: Wait;
  const end = async (told: () => void): Promise<void> => {
    wait[Symbol.dispose]();
    told();
    await reader.cancel().catch(() => {});
    await file[Symbol.asyncDispose]();
  };
  return new ReadableStream({
    start: (controller) => {
      wait = hooks.patience.begin(() => {
        controller.error(hooks.slowError());
        void end(hooks.onCancel);
      });
    },
    pull: async (controller) => {
      wait.pause();
      const { done, value } = await reader.read().catch(async (error) => {
        await end(hooks.onCancel);
        throw error;
      });
      if (done) {
        await end(hooks.onEnd);
        return controller.close();
      }
      hooks.onSent(value.length);
      controller.enqueue(value);
      wait.renew();
    },
    cancel: () => end(hooks.onCancel),
  }, { highWaterMark: 0 });
}

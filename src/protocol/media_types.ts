/**
 * What files hold, by their names: the one table, for hosts and both workers.
 *
 * @module
 */

/** The media type of bytes of which nothing is known. */
export const BYTES_MEDIA_TYPE = "application/octet-stream";

/** The media type of `.npy` files. */
export const NPY_MEDIA_TYPE = "application/x-npy";

/** By extension, the types of files that plugins give. `deno task embed` gives the Python worker the same table. */
export const MEDIA_TYPES: Readonly<Record<string, string>> = {
  ".npy": NPY_MEDIA_TYPE,
  ".wav": "audio/wav",
  ".mp3": "audio/mpeg",
  ".flac": "audio/flac",
  ".png": "image/png",
  ".jpg": "image/jpeg",
  ".jpeg": "image/jpeg",
  ".webp": "image/webp",
  ".svg": "image/svg+xml",
  ".mp4": "video/mp4",
  ".arrow": "application/vnd.apache.arrow.file",
  ".parquet": "application/vnd.apache.parquet",
  ".json": "application/json",
  ".csv": "text/csv",
  ".txt": "text/plain",
  ".html": "text/html",
  ".pdf": "application/pdf",
  ".zip": "application/zip",
};

/** What a file's name says of its content. */
export function mediaTypeOf(path: string): string {
  return MEDIA_TYPES[/\.\w+$/.exec(path)?.[0].toLowerCase() ?? ""] ?? BYTES_MEDIA_TYPE;
}

/** The usual extension of files of a media type, `".bin"` where none is known. */
export function extensionOf(mediaType: string): string {
  return Object.entries(MEDIA_TYPES).find(([, type]) => type === mediaType)?.[0] ?? ".bin";
}

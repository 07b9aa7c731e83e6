/**
 * The ways that a value can take to a Python plugin and back.
 *
 * @module
 */
import type { FileResult, RemotePluginProxy } from "@remote-plugin/proxy";

export const MIB = 1024 * 1024;

/** A frame has at most 128 MiB, and base64 makes 4 bytes of 3. */
const LONGEST_TEXT = 64 * MIB;

/** What a value takes its way with. */
export interface Traveller {
  readonly plugin: RemotePluginProxy;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** How a value travels, from making it ready to having it in hand on the other side. */
export interface Way {
  readonly name: string;
  readonly direction: "in" | "out";
  /** The most bytes that it carries. */
  readonly limit: number;
  /** Gives the number of bytes that have come. */
  run(traveller: Traveller): Promise<number>;
  /** What the plugin has to have ready. */
  readonly prepares?: "text" | "base64" | "file";
}

const decoder = new TextDecoder();

function wayIn(name: string, action: string, limit: number, encode: (data: Uint8Array<ArrayBuffer>) => unknown): Way {
  const run = ({ plugin, data }: Traveller) => plugin.execute<number>({ action, data: encode(data) });
  return { name: `${name}, in`, direction: "in", limit, run };
}

function fileOut(name: string, read: (result: FileResult, data: Uint8Array<ArrayBuffer>) => Promise<number>): Way {
  const run = async ({ plugin, data }: Traveller) => {
    await using result = await plugin.execute<FileResult>({ action: "give", way: "file" });
    return await read(result, data);
  };
  return { name: `${name}, out`, direction: "out", limit: Infinity, prepares: "file", run };
}

/** Looks at every page. */
function touch(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i]!;
  return sum < 0 ? -1 : bytes.length;
}

/** All of them, those of one direction together. */
export const WAYS: readonly Way[] = [
  wayIn("text in JSON", "take_text", LONGEST_TEXT, (data) => decoder.decode(data)),
  wayIn("base64 in JSON", "take_base64", LONGEST_TEXT, (data) => data.toBase64()),
  wayIn("file", "take_file", Infinity, (data) => data),
  wayIn("file, kept memory", "take_into_kept", Infinity, (data) => data),
  wayIn("file, mmap", "take_mapped", Infinity, (data) => data),
  {
    name: "text in JSON, out",
    direction: "out",
    limit: LONGEST_TEXT,
    prepares: "text",
    run: async ({ plugin }) => (await plugin.execute<string>({ action: "give", way: "text" })).length,
  },
  {
    name: "base64 in JSON, out",
    direction: "out",
    limit: LONGEST_TEXT,
    prepares: "base64",
    run: async ({ plugin }) => Uint8Array.fromBase64(await plugin.execute<string>({ action: "give", way: "base64" })).length,
  },
  fileOut("file", async (result) => (await result.bytes()).length),
  fileOut("file, kept memory", async (result, data) => (await result.bytes({ into: data })).length),
  fileOut("file, mmap", async (result) => {
    using mapping = await result.map();
    return touch(mapping.bytes);
  }),
];

/**
 * Bytes that a plugin is given or gives, and what the fixture `hands_over` tells of those that it was given.
 *
 * @module
 */
import type { RemotePluginProxy } from "@remote-plugin/proxy";
import { sharedFiles } from "./files.ts";
import { type Face, startFixture } from "./fixture_proxy.ts";

/** A file as the plugin saw it. */
export interface Described {
  readonly path: string;
  readonly size: number;
  readonly sha1: string;
  readonly mode: number;
}

/** A started fixture, and a look at the files that its worker and this host have handed to each other. */
export interface HandsOver {
  readonly plugin: RemotePluginProxy;
  readonly files: () => string[];
}

/** Starts the fixture, with this folder for its worker's files. */
export async function startHandsOver(face: Face, scratchDir: string): Promise<HandsOver> {
  const plugin = await startFixture(face, "hands_over", { scratchDir });
  return { plugin, files: () => sharedFiles(scratchDir) };
}

/** Bytes of which each differs from the one before. */
export function pattern(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => i % 256);
}

/** The SHA-1 sum of bytes, in hexadecimal. */
export async function sha1(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-1", bytes)).toHex();
}

/**
 * What the fixture `hands_over` is given, and what it tells of that.
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

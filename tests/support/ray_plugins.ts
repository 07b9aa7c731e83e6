/**
 * The fixture plugins on a cluster, real or not.
 *
 * @module
 */
import { type Manifest, RemotePluginProxy, type StartOptions } from "@remote-plugin/proxy";
import { ray, type RayOptions } from "@remote-plugin/proxy/ray";
import { fixtureFolder, readFixture } from "./fixtures.ts";

/** What a test has of a cluster. */
export interface TestCluster {
  readonly dashboard: string;
  readonly token?: string;
}

/** What a test wants to be different. */
export interface OnRay extends Omit<StartOptions, "launcher"> {
  readonly manifest?: Partial<Manifest>;
  readonly ray?: Partial<RayOptions>;
}

/** The manifest of a fixture that runs on the Python of a node. */
export async function rayManifest(fixture: string, changes: Partial<Manifest> = {}): Promise<Manifest> {
  return { ...await readFixture("python", fixture), plugin_path: fixtureFolder(fixture), ...changes };
}

/** Starts a fixture on a cluster. */
export async function startOnRay(
  { dashboard, token }: TestCluster,
  fixture: string,
  { manifest, ray: changes, ...options }: OnRay = {},
): Promise<RemotePluginProxy> {
  const launcher = ray({ dashboard, token, resources: { cpus: 0.1 }, keepJobMs: 0, ...changes });
  return await RemotePluginProxy.start(await rayManifest(fixture, manifest), { permissions: "requested", ...options, launcher });
}

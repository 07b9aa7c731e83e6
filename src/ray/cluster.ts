/**
 * A Ray cluster, as its options say where it is.
 *
 * @module
 */
import type { PluginSpec } from "../manifest/manifest.ts";
import { startError } from "../process/start_failure.ts";
import { Timer } from "../protocol/timer.ts";
import { RayClient } from "./client.ts";
import type { RaySettings } from "./options.ts";
import { sweepJobs } from "./sweep.ts";

/** The oldest whose API takes all that is asked of it. */
const OLDEST: readonly [number, number] = [2, 10];

/** How many times a job is removed. The wait doubles each time. */
const MOST_REMOVALS = 4;

/** A cluster. */
export class Cluster {
  readonly settings: RaySettings;
  readonly client: RayClient;
  #isKnown = false;

  /** Nothing is asked yet. */
  constructor(settings: RaySettings) {
    this.settings = settings;
    this.client = new RayClient(settings);
  }

  /**
   * Makes sure once that there is a cluster, that it takes the token, and that it is recent enough.
   *
   * @throws {WorkerStartError} When its Ray is too old.
   */
  async demandKnown(spec: PluginSpec, signal: AbortSignal): Promise<void> {
    if (this.#isKnown) return;
    const version = await this.client.version(signal);
    if (isTooOld(version)) {
      throw startError(spec, "spawn", `the cluster has Ray ${version}, and ${OLDEST.join(".")} or later is needed. Update the cluster`, {});
    }
    this.#isKnown = true;
    void sweepJobs(this.client);
  }

  /** Has the cluster forget a job that has ended, when it is time. A program that ends before leaves that to the next one. */
  async forget(id: string): Promise<void> {
    const { keepJobMs } = this.settings;
    if (keepJobMs === 0) await this.client.remove(id);
    else this.#forgetLater(id, keepJobMs, MOST_REMOVALS);
  }

  /** A busy cluster may note the end of a job after it was removed, and so remember it again. */
  #forgetLater(id: string, milliseconds: number, times: number): void {
    new Timer(milliseconds, () => {
      void this.client.remove(id).catch(() => {});
      if (times > 1) this.#forgetLater(id, 2 * milliseconds, times - 1);
    }).unref();
  }
}

/** A version that is none of Ray's own may be anything. */
function isTooOld(version: string | undefined): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)\./.exec(version ?? "") ?? [];
  if (major === undefined) return false;
  return Number(major) < OLDEST[0] || (Number(major) === OLDEST[0] && Number(minor) < OLDEST[1]);
}

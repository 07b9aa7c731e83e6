/**
 * Finds workers that do not answer any more.
 *
 * @module
 */
import type { WorkerName } from "./events.ts";
import type { Pool } from "./pool.ts";
import type { Replica } from "./replica.ts";

/** How often in a row a worker may leave a check without an answer. */
const MAX_MISSED = 1;

/** Asks all workers of a pool, and lets go of those that have not answered twice in a row. */
export async function checkHealth(pool: Pool, onUnhealthy: (worker: WorkerName) => void): Promise<void> {
  await Promise.all([...pool.replicas].map(async (replica) => {
    if (await answers(replica) || replica.isGone) return;
    onUnhealthy(replica.name);
    await pool.drop(replica, "unhealthy");
  }));
}

async function answers(replica: Replica): Promise<boolean> {
  if (performance.now() < replica.restartingUntil) return true;
  replica.missedChecks = await replica.plugin.isAlive() ? 0 : replica.missedChecks + 1;
  return replica.missedChecks <= MAX_MISSED;
}

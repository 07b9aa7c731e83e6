/**
 * Removes what hosts have left that were killed: the records of jobs that have ended. Their agents have ended their workers by the lease.
 *
 * @module
 */
import { hasEnded, type JobInfo, type RayClient } from "./client.ts";
import { JOB_OWNER } from "./job_request.ts";

/** The age at which a record counts as left, in milliseconds. A host that lives removes its own within seconds, unless it keeps them. */
const LEFT_MS = 60_000;

/** Removes them, as far as that works. Nobody waits for it. */
export async function sweepJobs(client: RayClient): Promise<void> {
  try {
    for (const job of await client.jobs()) if (isLeft(job)) await client.remove(job.id);
  } catch {
    // Another start tries again, of this program or of another one.
  }
}

function isLeft(job: JobInfo): boolean {
  return job.id.startsWith(`${JOB_OWNER}-`) && hasEnded(job) && job.endedAt !== undefined && Date.now() - job.endedAt > LEFT_MS;
}

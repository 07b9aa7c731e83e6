import { dirname } from "@std/path";
import { RayCluster } from "../support/ray_cluster.ts";
import {
  carriesCodeToItsLimit,
  findsItsPortTaken,
  followsNoRedirect,
  hangsUpOnStrangers,
  refusesAnOldRay,
  sharesItsCluster,
} from "./others.ts";
import { Story } from "./story.ts";

const PYTHON = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON");

/** How a worker is lost, and in which time its caller knows. Times are those of a busy machine. */
const LOSSES = [["worker", 3_000], ["agent", 3_000], ["supervisor", 5_000]] as const;

Deno.test({
  name: "a real cluster of two nodes",
  ignore: !PYTHON,
  // For some time after the last one a launcher has jobs forgotten, by timers that let a program end.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    await using cluster = await RayCluster.start(dirname(dirname(PYTHON!)));
    const story = new Story(cluster);
    const step = (name: string, fn: () => Promise<void>, { ignore = false } = {}) =>
      t.step({ name, fn, ignore, sanitizeOps: false, sanitizeResources: false });
    await step("a worker answers on its node, sees no secret, and leaves no job", () => story.answersOnTheSecondNode());
    await step("a worker sees the GPUs that it asked for", () => story.givesGpus());
    await step("64 MiB go there and come back", () => story.carriesMuch());
    await step("a stream that nobody reads is held back", () => story.holdsBackStreams());
    for (const [part, limitMs] of LOSSES) {
      await step(`a killed ${part} is told of soon, and followed by a new one`, () => story.isLostAndFoundAgain(part, limitMs));
    }
    await step("a cut network that is mended within the lease ends nothing", () => story.goesOnAfterACut(), { ignore: !cluster.canCut });
    await step("a cut network ends a worker on both sides by the lease", () => story.isLostByACut(), { ignore: !cluster.canCut });
    await step("a killed host's worker is gone by the lease, and its job with it", () => story.endsWithAKilledHost());
    await step("a manager's workers are jobs of their own, and one that finds no room is told as waiting", () => story.keepsReplicas());
    await step("a worker that no node can take is an error, and leaves no job", () => story.cannotBePlaced());
    await step("a cluster's token is asked for", () => story.wantsItsToken());
    await step("a redirect in the dashboard's place is told of at once, and not followed", () => followsNoRedirect(story));
    await step("an old Ray is told of at once", () => refusesAnOldRay(story));
    await step("code goes there up to its limit, and above it is an error at once", () => carriesCodeToItsLimit(story));
    await step("a port that is taken is an error, and whoever has it goes on", () => findsItsPortTaken(story));
    await step("a stranger at an agent's port is hung up on, and the plugin goes on", () => hangsUpOnStrangers(story));
    await step("two hosts on one cluster leave each other's workers alone", () => sharesItsCluster(story));
    await step("an environment is made once for a node", () => story.makesEnvironments());
    await step("the blocking proxy runs there too", () => story.blocks());
    await step("what a killed host left is removed by a later one", () => story.removesWhatIsLeft());
    await step("a lost node ends its calls alone", () => story.losesANode());
    await step("a lost head is told as such", () => story.losesItsHead());
  },
});

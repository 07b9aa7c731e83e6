import { assertEquals, assertMatch } from "@std/assert";
import { pathOf } from "./registry.ts";

const FOLDER = pathOf(".github/workflows/");

/** The text of each workflow, by its file's name. */
function workflows(): Record<string, string> {
  const names = [...Deno.readDirSync(FOLDER)].map(({ name }) => name);
  return Object.fromEntries(names.map((name) => [name, Deno.readTextFileSync(FOLDER + name)]));
}

/** The jobs of a workflow, by their name: what stands between one line that is indented by two and the next. */
function jobsOf(workflow: string): Map<string, string> {
  const jobs = workflow.slice(workflow.indexOf("\njobs:\n")).split(/^ {2}(?=[\w-]+:$)/m).slice(1);
  return new Map(jobs.map((job) => [job.slice(0, job.indexOf(":")), job]));
}

function actionsOf(text: string): string[] {
  return [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action!);
}

Deno.test("the workflows name every action by its commit, so that a moved tag changes nothing", () => {
  const actions = Object.values(workflows()).flatMap(actionsOf);
  assertEquals(actions.length > 5, true);
  for (const action of actions) assertMatch(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
});

Deno.test("no workflow leaves its token in the checkout", () => {
  for (const [name, text] of Object.entries(workflows())) {
    const count = (what: RegExp) => text.match(what)?.length ?? 0;
    assertEquals([name, count(/actions\/checkout@/g)], [name, count(/persist-credentials: false/g)]);
  }
});

Deno.test("the job that may publish runs checkout, Deno and deno publish, and nothing else", () => {
  const jobs = jobsOf(workflows()["publish.yml"]!);
  const mayPublish = [...jobs].filter(([, job]) => job.includes("id-token: write")).map(([name]) => name);
  assertEquals(mayPublish, ["publish"]);
  const job = jobs.get("publish")!;
  assertEquals(actionsOf(job).map((action) => action.split("@")[0]), ["actions/checkout", "denoland/setup-deno"]);
  assertEquals([...job.matchAll(/run: (.*)/g)].map(([, command]) => command), ["deno publish --lock=deno.lock --frozen"]);
  assertMatch(job, /^ {4}needs: test$/m);
});

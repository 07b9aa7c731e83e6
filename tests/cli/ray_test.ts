import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { join } from "@std/path";
import type { Manifest } from "@remote-plugin/proxy";
import { FakeRay } from "../support/fake_ray.ts";
import { eventually, within } from "../support/guard.ts";
import { type Outcome, User } from "../support/cli_user.ts";
import type { Described } from "../support/handed_over.ts";
import { pythonManifest } from "../support/managed_plugins.ts";
import { PrintedLines } from "../support/printed_lines.ts";

const TOKEN = "the cluster's";

/** A fixture whose manifest names the Python of whatever machine it runs on. */
async function nodeManifest(fixture: string): Promise<Manifest> {
  return await pythonManifest(fixture, { python_path: "python3" });
}

/** Runs the program with a cluster's token in its environment. */
async function runWith(user: User, env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const { code, stdout, stderr } = await within(user.start(args, { env }).output(), `the end of ${args.join(" ")}`, 60_000);
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

Deno.test("run --ray calls a plugin on a cluster, tells for what its start waits, and leaves none that runs", async () => {
  await using ray = await FakeRay.start({ token: TOKEN, holdsJobs: true });
  await using user = await User.create({ "echo.json": await nodeManifest("echo"), "token.txt": `${TOKEN}\n` });
  const child = user.start(["run", "--ray", ray.dashboard, "--ray-token-file", "token.txt", "echo", "--n", "1"]);
  const notes = new PrintedLines(child.stderr);
  assertMatch(await notes.next("why it waits"), /^"echo" waits to be placed: /);
  ray.letGo();
  const [{ code }, out] = await Promise.all([within(child.status, "the end"), toText(child.stdout)]);
  assertEquals([code, JSON.parse(out)], [0, { args: [], kwargs: { n: 1 } }]);
  await notes.cancel();
  await eventually(() => ray.openJobs.length === 0, "the end of the job");
});

Deno.test("the cluster's token comes from the variables of Ray's own programs, and never from the command line", async () => {
  await using ray = await FakeRay.start({ token: TOKEN });
  await using user = await User.create({ "echo.json": await nodeManifest("echo"), "token.txt": TOKEN });
  const run = (env: Record<string, string>, ...args: string[]) => runWith(user, env, "run", "--ray", ray.dashboard, ...args, "echo");
  const none = { RAY_AUTH_TOKEN: "", RAY_AUTH_TOKEN_PATH: "" };
  assertEquals((await run({ ...none, RAY_AUTH_TOKEN: TOKEN })).code, 0);
  assertEquals((await run({ ...none, RAY_AUTH_TOKEN_PATH: join(user.folder.path, "token.txt") })).code, 0);
  const without = await run(none);
  assertEquals(without.code, 3);
  assertStringIncludes(without.err, "token");
  const shown = await run(none, "--ray-token", TOKEN);
  assertEquals([shown.code, shown.out], [2, ""]);
  assertStringIncludes(shown.err, "Everybody on this machine can see --ray-token. Give --ray-token-file, or the variable RAY_AUTH_TOKEN");
});

Deno.test("files of this machine reach a plugin on a cluster: standard input, and what file: names", async () => {
  await using ray = await FakeRay.start();
  await using user = await User.create({
    "hands_over.json": await nodeManifest("hands_over"),
    "echo.json": await nodeManifest("echo"),
    "talk.txt": "some talk",
  });
  const options = ["run", "--json", "--ray", ray.dashboard, "hands_over", "--talk", "file:./talk.txt", "--audio", "-"];
  const child = user.start(options, { stdin: "piped" });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("some audio"));
  await writer.close();
  const { stdout, stderr } = await within(child.output(), "the end", 60_000);
  const err = new TextDecoder().decode(stderr);
  assertEquals(err, "");
  const { talk, audio } = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, Described>;
  assertEquals([talk!.size, audio!.size], [9, 10]);
  assertEquals(talk!.path.startsWith(user.folder.path), false, "it was sent, and not named");
  const local = await user.run("run", "--json", "hands_over", "--talk", "file:talk.txt");
  assertEquals(JSON.parse(local.out).talk.path, join(user.folder.path, "talk.txt"));
  const missing = await user.run("run", "hands_over", "--talk", "file:nothing.txt");
  assertEquals([missing.code, missing.err.startsWith('error: Cannot give the file "')], [2, true], missing.err);
  const none = await user.run("run", "hands_over", "--talk", "file:%ff");
  assertEquals([none.code, none.err], [2, 'error: "file:%ff" names no file\n']);
  const two = await user.run("run", "--json", "echo", "--both", "file:talk.txt", "--both", "file:./talk.txt");
  assertEquals(new Set(JSON.parse(two.out).kwargs.both), new Set([join(user.folder.path, "talk.txt")]));
});

Deno.test("serve --ray serves plugins of a cluster; stats and logs name node and job, and an idle plugin has no job", async () => {
  await using ray = await FakeRay.start();
  await using user = await User.create({ "prints.json": await nodeManifest("prints") });
  const options = { plugins: { prints: { resources: { cpus: 0.5, custom: { n2: 0.01 } } } } };
  await Deno.writeTextFile(join(user.folder.path, "ray.json"), JSON.stringify(options));
  const child = user.start(["serve", "--json", "--ray", ray.dashboard, "--ray-options", "ray.json", "--idle", "5"]);
  const lines = new PrintedLines(child.stdout);
  const { url, token } = JSON.parse(await lines.next("the server's address"));
  const ask = (path: string, init: RequestInit = {}) => fetch(`${url}${path}`, { ...init, headers: { authorization: `Bearer ${token}` } });
  assertEquals(await (await ask("/prints/execute", { method: "POST", body: "{}" })).json(), "done");
  const [job] = ray.jobs;
  assertEquals((job!.request as unknown as Record<string, unknown>).entrypoint_resources, { n2: 0.01 });
  const [{ placement }] = JSON.parse((await user.run("stats", "--json")).out).plugins[0].workers;
  assertEquals([placement.job, typeof placement.node], [job!.id, "string"]);
  const shown = await user.run("stats");
  assertStringIncludes(shown.out, `${placement.node}  ${placement.job}`);
  const { plugins: [told] } = await (await ask("/stats")).json();
  assertEquals(["placement" in told.workers[0], told.queued], [false, []], "a caller is not told what the cluster is made of");
  const kept = (await user.run("logs", "prints", "--json")).out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals(new Set(kept.map(({ node, job }) => `${node} ${job}`)), new Set([`${placement.node} ${placement.job}`]));
  assertStringIncludes((await user.run("logs", "prints")).out, ` ${placement.node} ${placement.job} `);
  await eventually(() => ray.jobs.length === 0, "the end of the idle worker");
  assertEquals(await (await ask("/prints/execute", { method: "POST", body: "{}" })).json(), "done");
  child.kill("SIGTERM");
  assertEquals((await within(child.status, "the end")).code, 0);
  await Promise.all([lines.cancel(), child.stderr.cancel()]);
  await eventually(() => ray.openJobs.length === 0, "the end of the last job");
});

Deno.test("Ctrl-C while a start waits for its cluster ends run and serve, and leaves no job", async () => {
  await using ray = await FakeRay.start({ holdsJobs: true });
  await using user = await User.create({ "echo.json": await nodeManifest("echo") });
  const run = user.start(["run", "--ray", ray.dashboard, "echo"]);
  const notes = new PrintedLines(run.stderr);
  await notes.next("why it waits");
  run.kill("SIGINT");
  assertEquals((await within(run.status, "the end of run")).code, 130);
  await Promise.all([notes.cancel(), run.stdout.cancel()]);
  await eventually(() => ray.jobs.every(({ status }) => status !== "PENDING"), "the end of the job");

  const serve = user.start(["serve", "--json", "--drain", "0", "--ray", ray.dashboard]);
  const lines = new PrintedLines(serve.stdout);
  const { url, operatorToken } = JSON.parse(await lines.next("the server's address"));
  const headers = { authorization: `Bearer ${operatorToken}` };
  const call = fetch(`${url}/echo/execute`, { method: "POST", headers, body: "{}" }).then(toStatus, () => undefined);
  const waits = async () => (await (await fetch(`${url}/echo`, { headers })).json()).queued.length === 1;
  await eventually(waits, "a start that waits");
  assertMatch((await user.run("stats")).out, /^"echo" has waited \d+ s to be placed: .*$/m);
  serve.kill("SIGINT");
  assertEquals((await within(serve.status, "the end of serve")).code, 0);
  await call;
  await Promise.all([lines.cancel(), serve.stderr.cancel()]);
  await eventually(() => ray.jobs.every(({ status }) => status !== "PENDING"), "the end of the job");
});

async function toStatus(response: Response): Promise<number> {
  await response.body?.cancel();
  return response.status;
}

Deno.test("what is wrong with the options of a cluster is said before anything is started", async () => {
  await using user = await User.create({ "echo.json": await nodeManifest("echo") });
  const files = {
    "text.json": "text",
    "list.json": "[]",
    "key.json": '{"resorces": {}}',
    "cpus.json": '{"resources": {"cpus": "two"}}',
    "plugins.json": '{"plugins": {"echo": 1}}',
    "own.json": '{"plugins": {"echo": {"token": "x"}}}',
  };
  for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(join(user.folder.path, name), text);
  const head = ["--ray", "http://127.0.0.1:1"];
  const cases: [string[], string][] = [
    [["--ray-options", "cpus.json"], "Give its address by --ray"],
    [["--ray", "head"], '"dashboard" of a Ray cluster is an address such as "http://head:8265", not "head"'],
    [[...head, "--ray-options", "none.json"], "Cannot read --ray-options"],
    [[...head, "--ray-options", "text.json"], "holds no JSON object"],
    [[...head, "--ray-options", "list.json"], "holds no JSON object"],
    [[...head, "--ray-options", "key.json"], 'has an option "resorces"'],
    [[...head, "--ray-options", "cpus.json"], '"cpus" of the resources is a number from 0 upwards'],
    [[...head, "--ray-options", "plugins.json"], "has an object of options for each plugin's name"],
    [[...head, "--ray-options", "own.json"], 'has an option "token"'],
  ];
  for (const [options, message] of cases) {
    const { code, out, err } = await user.run("run", ...options, "echo");
    assertEquals([code, out], [2, ""], err);
    assertStringIncludes(err, message);
  }
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { basename, join } from "@std/path";
import { CallCancelledError, type FileResult, ProtocolError, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { within } from "../support/guard.ts";
import { hostArguments } from "../support/run_host.ts";
import { OWNER_FILE, OWNER_LINE } from "../../src/protocol/private_folder.ts";
import { User } from "../support/cli_user.ts";
import { testPython } from "../support/fixture_proxy.ts";
import { pythonManifest } from "../support/managed_plugins.ts";

async function firstText(stream: ReadableStream<Uint8Array>): Promise<{ text: string; rest: ReadableStreamDefaultReader<Uint8Array> }> {
  const rest = stream.getReader();
  const { value } = await within(rest.read(), "the first output");
  return { text: new TextDecoder().decode(value), rest };
}

for (const runtime of ["python", "deno"]) {
  Deno.test(`a new user makes a ${runtime} plugin, has it examined, and runs it`, async () => {
    await using user = await User.create();
    const made = await user.run("new", "shouter", "--runtime", runtime);
    assertEquals([made.code, made.err], [0, ""]);
    const health = await user.run("doctor", "shouter");
    assertEquals([health.code, health.out.includes("BAD"), health.out.includes("All is well")], [0, false, true], health.out);
    assertEquals(await user.run("run", "shouter", "--text", "hello there"), { code: 0, out: "HELLO THERE!\n", err: "" });
    assertEquals((await user.run("run", "--stream", "shouter", "--text", "a b")).out, "A!\nB!\n");
    assertEquals((await user.run("config", "shouter", "mark=?")).code, 0);
    assertEquals((await user.run("run", "shouter", "--json", "--text=hi")).out, '"HI?"\n');
    assertStringIncludes((await user.run("gen", "shouter")).out, "export interface ExecuteArguments {\n  text: string;\n}\n");
    assertEquals(JSON.parse((await user.run("list", "--json")).out).map(({ name }: { name: string }) => name), ["shouter"]);
  });

  Deno.test(`the test of a new ${runtime} plugin passes`, async () => {
    await using user = await User.create();
    await user.run("new", "shouter", "--runtime", runtime);
    const file = join(user.folder.path, "shouter", "plugin_test.ts");
    const text = await Deno.readTextFile(file);
    assertStringIncludes(text, "// deno test --allow-read --allow-write=/tmp --allow-net --allow-run --allow-env\n");
    // What the file imports is not published yet; the tests' import map has it under its name.
    await Deno.writeTextFile(file, text.replace(/jsr:(@remote-plugin\/proxy)@[^"]*/, "$1"));
    const options = hostArguments().slice(1).filter((flag) => flag !== "--no-prompt");
    const flags = ["--allow-read", "--allow-write", "--allow-net", "--allow-run", "--allow-env"];
    const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["test", ...options, ...flags, file] }).output();
    assertEquals(code, 0, new TextDecoder().decode(stdout));
  });
}

Deno.test("--help explains every command, and the exit codes", async () => {
  await using user = await User.create();
  const { code, out } = await user.run("--help");
  assertEquals(code, 0);
  for (const command of ["list", "inspect", "run", "config", "doctor", "new", "serve", "stats", "logs", "completions"]) {
    assertStringIncludes(out, `\n  ${command} `);
  }
  assertStringIncludes((await user.run("run", "--help")).out, "The value - stands for a file");
  assertMatch(out, /Exit codes:[\s\S]*130/);
});

Deno.test("what goes wrong is said in one line, with an exit code for its kind", async () => {
  const raises = await pythonManifest("raises");
  await using user = await User.create({ "raises.json": raises, "no_class.json": { module: "x" } });
  const cases: [string[], number, string][] = [
    [["run", "raises"], 1, '"execute" of "raises" failed with'],
    [["run", "raise"], 2, 'There is no plugin "raise". The nearest name is "raises"'],
    [["run"], 2, "missing required argument"],
    [["runn", "raises"], 2, "Did you mean run"],
    [["run", "./no_class.json"], 3, '"$.class" is nothing'],
    [["run", "--timeout", "soon", "raises"], 2, "--timeout must be a number of seconds"],
    [["run", "--kwargs", "[1]", "raises"], 2, "--kwargs must be a JSON object"],
    [["new", "Bad-Name"], 2, "cannot be a plugin's name"],
    [["logs", "raises"], 2, 'There is no log of "raises"'],
    [["stats"], 2, "Nothing is served"],
    [["completions", "tcsh"], 2, "bash, zsh and fish"],
  ];
  for (const [args, code, message] of cases) {
    const outcome = await user.run(...args);
    assertEquals([outcome.code, outcome.out], [code, ""], outcome.err);
    assertStringIncludes(outcome.err, message);
  }
  const { code, err } = await user.run("list");
  assertEquals(code, 0);
  assertMatch(err, /no_class\.json.*"\$\.class" is nothing/);
});

Deno.test("arguments are JSON where they read as such, lists where given twice, and - is a file of standard input", async () => {
  await using user = await User.create({ "echo.json": await pythonManifest("echo") });
  const words = [
    "7",
    "word",
    "--beams",
    "5",
    "--title",
    "5 o'clock",
    "--flag",
    "--no-cache",
    "--tag",
    "a",
    "--tag",
    "b",
    "--box",
    "[1, 2]",
    "--dash-ed",
    "null",
  ];
  assertEquals(JSON.parse((await user.run("run", "--kwargs", '{"beams": 1, "more": {"x": true}}', "echo", ...words)).out), {
    args: [7, "word"],
    kwargs: { beams: 5, more: { x: true }, title: "5 o'clock", flag: true, cache: false, tag: ["a", "b"], box: [1, 2], dash_ed: null },
  });
  const child = user.start(["run", "--json", "echo", "--audio", "-"], { stdin: "piped" });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("some audio"));
  await writer.close();
  const { kwargs } = JSON.parse(new TextDecoder().decode((await child.output()).stdout));
  assertMatch(kwargs.audio, /\/remote-plugin-[0-9a-f]{16}\/stdin$/);
});

Deno.test("arguments have the types that the plugin tells, and what it does not take is said with its nearest name", async () => {
  await using user = await User.create({
    "typed.json": await pythonManifest("typed"),
    "hands_over.json": await pythonManifest("hands_over"),
  });
  assertEquals((await user.run("run", "typed", "--text", "5", "--times", "2")).out, "55!\n");
  const cases: [string[], string][] = [
    [[], "It needs --text (What is said.)"],
    [["--text", "a", "--times", "two"], '--times must be a whole number, not "two"'],
    [["--text", "a", "--time", "2"], "There is no argument --time. The nearest name is --times"],
  ];
  for (const [words, message] of cases) {
    assertEquals(await user.run("run", "typed", ...words), { code: 2, out: "", err: `error: ${message}\n` });
  }
  const { out } = await user.run("inspect", "typed");
  assertStringIncludes(out, '"description": "What is said."');
});

Deno.test("a result that is a file goes to a pipe as it is, and to a folder by --save", async () => {
  await using user = await User.create({ "hands_over.json": await pythonManifest("hands_over") });
  const give = ["hands_over", "--action", "give", "--size", "3"];
  assertEquals(await user.run("run", ...give), { code: 0, out: "\0\x01\x02", err: "" });
  const saved = await user.run("run", "--save", "given", ...give);
  assertEquals([saved.out, saved.err], [`${join("given", "1.bin")}\n`, ""]);
  assertEquals(await Deno.readFile(join(user.folder.path, "given", "1.bin")), new Uint8Array([0, 1, 2]));
  const streamed = await user.run("run", "--stream", "--save", "given", "hands_over", "--count", "2", "--size", "3");
  assertEquals(streamed.out, `${join("given", "1.bin")}\n${join("given", "2.bin")}\n`);
  const told = await user.run("run", "--json", ...give);
  assertEquals([JSON.parse(told.out), told.err.includes("--save FOLDER")], [{ size: 3, media_type: "application/octet-stream" }, true]);
});

Deno.test("a log that cannot be written is told once, and the call goes on", async () => {
  await using user = await User.create({ "prints.json": await pythonManifest("prints") });
  await Deno.mkdir(join(user.folder.path, ".state", "logs", "prints.log"), { recursive: true });
  const { code, out, err } = await user.run("run", "prints");
  assertEquals([code, out, err.match(/is not kept/g)?.length], [0, "done\n", 1], err);
});

Deno.test("doctor tells what is wrong with an interpreter, a module, a class and a permission, and how to mend it", async () => {
  const naps = await pythonManifest("naps");
  await using user = await User.create({
    "a.json": { ...naps, name: "no_python", python_path: "/nowhere/python3" },
    "b.json": { ...naps, name: "no_module", module: "nothing_here" },
    "c.json": { ...naps, name: "no_class", class: "Nap" },
    "d.json": { ...naps, name: "no_package", module: "needs_a_package", plugin_path: "." },
    "e.json": { ...naps, name: "misspelt", max_concurency: 2 },
    "broken.json": "{ half",
    "needs_a_package.py": "import a_package_that_is_not_there",
  });
  const { code, out } = await user.run("doctor", "--json");
  assertEquals(code, 4);
  const findings: { about: string; check: string; verdict: string; found: string; fix?: string }[] = JSON.parse(out);
  const of = (about: string) => findings.find((finding) => finding.about === about && finding.verdict !== "good");
  assertEquals([of("no_python")?.check, of("no_python")?.fix?.includes("python_path")], ["interpreter", true]);
  assertEquals([of("no_module")?.check, of("no_module")?.fix?.includes("plugin_path")], ["import", true]);
  assertStringIncludes(of("no_class")!.found, 'has no class "Nap", but Naps');
  assertStringIncludes(of("no_package")!.fix!, "-m pip install a_package_that_is_not_there");
  assertEquals([of("misspelt")?.verdict, of("misspelt")?.found.includes('"max_concurrency"')], ["odd", true]);
  assertEquals(findings.some(({ check, found }) => check === "manifest" && found.includes("it is no JSON")), true);
});

Deno.test("doctor --fix removes what is left of a worker that is gone, and nothing else", async () => {
  await using user = await User.create();
  const root = Deno.env.get("TMPDIR")!;
  const [left, checkout] = [join(root, "remote-plugin-0123456789abcdef"), join(root, "remote-plugin-proxy")];
  for (const folder of [left, checkout]) {
    await Deno.mkdir(folder, { mode: 0o700 });
    await Deno.writeTextFile(join(folder, "worker.py"), "");
  }
  await Deno.writeTextFile(join(left, OWNER_FILE), OWNER_LINE);
  for (const folder of [left, checkout]) await Deno.utime(folder, new Date(0), new Date(0));
  const { out } = await user.run("doctor");
  assertEquals([out.includes(left), out.includes(checkout)], [true, false]);
  assertEquals((await user.run("doctor", "--fix")).code, 0);
  const names = [...Deno.readDirSync(root)].map(({ name }) => name);
  assertEquals([left, checkout].map((path) => names.includes(basename(path))), [false, true]);
  await Deno.remove(checkout, { recursive: true });
});

Deno.test("Ctrl-C in the middle of a call ends the plugin and says so", async () => {
  await using user = await User.create({ "holds.json": await pythonManifest("holds") });
  const child = user.start(["run", "--stream", "holds", "--hold", "a"]);
  const { text, rest } = await firstText(child.stdout);
  assertEquals(text, "a\n");
  child.kill("SIGINT");
  const [{ code }, err] = await Promise.all([within(child.status, "the end"), new Response(child.stderr).text()]);
  assertEquals([code, err], [130, "Interrupted\n"]);
  await rest.cancel();
});

Deno.test("what a plugin prints is kept, and logs -f shows what comes", async () => {
  await using user = await User.create({ "prints.json": await pythonManifest("prints") });
  assertEquals((await user.run("run", "prints")).out, "done\n");
  const { out } = await user.run("logs", "prints");
  assertMatch(out, /^\d{4}-\d\d-\d\dT[\d:.]+Z .*printed while it ran$/m);
  const child = user.start(["logs", "-f", "--lines", "1", "prints"]);
  const { rest } = await firstText(child.stdout);
  const [next] = await Promise.all([rest.read(), user.run("run", "--logs", "prints")]);
  assertStringIncludes(new TextDecoder().decode(next.value), "Z ");
  child.kill("SIGINT");
  await rest.cancel();
  await child.stderr.cancel();
  assertEquals((await child.status).code, 130);
});

Deno.test("serve gives each plugin to attach() under its name, and ends with all workers", async () => {
  const fixtures = await Promise.all(["reports", "raises", "holds", "gives_back", "hands_over"].map((fixture) => pythonManifest(fixture)));
  await using user = await User.create(Object.fromEntries(fixtures.map((manifest) => [`${manifest.name}.json`, manifest])));
  const child = user.start(["serve", "--json"]);
  const { text, rest } = await firstText(child.stdout);
  const { url, token } = JSON.parse(text);
  const attach = (plugin: string) => RemotePluginProxy.attach({ url: `${url}/${plugin}`, token });
  {
    await using reports = await attach("reports");
    const seen: unknown[] = [];
    const onProgress = ({ progress }: { progress: number }) => seen.push(progress);
    for await (const chunk of reports.executeStream({ steps: [[0.5, "a"], [1, "b"]] }, { onProgress })) seen.push(chunk);
    assertEquals([reports.name, reports.version, seen], ["reports", "1.2.3", [0.5, "a", 1, "b"]]);
    await using raises = await attach("raises");
    assertEquals(await raises.execute().catch((error) => error instanceof RemoteError && error.traceback.includes("plugin.py")), true);
    await using givesBack = await attach("gives_back");
    assertEquals(await givesBack.execute({ value: [NaN, Infinity] }), [NaN, Infinity]);
    await using handsOver = await attach("hands_over");
    await using given = await handsOver.execute<FileResult>({ action: "give", size: 100_000 });
    assertEquals([(await given.bytes()).length, given.mediaType], [100_000, "application/octet-stream"]);
    await using chunk = (await handsOver.executeStream<FileResult>({ size: 3 }).next()).value as FileResult;
    assertEquals(await chunk.bytes(), new Uint8Array([0, 1, 2]));
    assertEquals(Object.keys(await handsOver.getSignatures()), ["execute", "execute_stream"]);
    await using holds = await attach("holds");
    const held = holds.executeStream({ hold: "a" });
    await held.next();
    assertEquals(await holds.cancel(), true);
    assertEquals(await held.next().catch((error) => error instanceof CallCancelledError), true);
    const abort = new AbortController();
    const aborted = holds.execute({ hold: "b" }, { signal: abort.signal, onProgress: () => abort.abort(new Error("left")) });
    assertEquals(await aborted.catch((error: Error) => error.message), "left");
    assertEquals(await holds.execute({ note: "free" }), "free");
    const wrong = await RemotePluginProxy.attach({ url: `${url}/holds`, token: "wrong" }).catch((error) => error);
    assertEquals(wrong instanceof ProtocolError, true);
  }
  const plain = await fetch(`${url}/gives_back/execute`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: '{"kwargs":{"value":[1]}}',
  });
  assertEquals([plain.status, await plain.json()], [200, [1]]);
  for (const [endpoint, status] of [["execute", 500], ["execute_stream", 200]] as const) {
    const body = '{"kwargs":{"action":"give"}}';
    const reply = await fetch(`${url}/hands_over/${endpoint}`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body });
    assertEquals([reply.status, JSON.parse(await reply.text())._job_error.code], [status, "bad_result"]);
  }
  for (const [path, status] of [["gives_back/nothing", 404], ["nothing/health", 404], ["gives_back/execute", 405]] as const) {
    const reply = await fetch(`${url}/${path}`, { headers: { authorization: `Bearer ${token}` } });
    assertEquals([reply.status, typeof (await reply.json()).detail], [status, "string"]);
  }
  const { out } = await user.run("stats", "--json");
  assertEquals(JSON.parse(out).total.workers, 5);
  assertStringIncludes((await user.run("stats")).out, "P95 ms");
  child.kill("SIGTERM");
  assertEquals([(await within(child.status, "the end")).code, await new Response(child.stderr).text()], [0, ""]);
  await rest.cancel();
  assertEquals([...Deno.readDirSync(join(user.folder.path, ".state"))].some(({ name }) => name === "server.json"), false);
});

Deno.test("progress and colours are for a terminal, and no colours where NO_COLOR is set", async () => {
  await using user = await User.create({ "reports.json": await pythonManifest("reports") });
  const steps = '{"steps": [[0.25, "reading"], [-1, "guessing"]]}';
  const run = ["run", "--stream", "--kwargs", steps, "reports"];
  const piped = await user.run(...run);
  assertEquals([piped.code, piped.err], [0, ""]);
  const seen = await outputOf(user.start(run, { inTerminal: true }));
  assertStringIncludes(seen, "[#####...............]  25 % reading");
  assertStringIncludes(seen, "[…                   ] guessing");
  assertStringIncludes(await outputOf(user.start(["list"], { inTerminal: true })), "\x1b[1mNAME");
  const plain = await outputOf(user.start(["list"], { inTerminal: true, env: { NO_COLOR: "1" } }));
  assertEquals([plain.includes("NAME"), plain.includes("\x1b[")], [true, false]);
  assertEquals((await user.run("list")).out.includes("\x1b["), false);
});

Deno.test("stats --watch is a table that is renewed until Ctrl-C", async () => {
  await using user = await User.create({ "naps.json": await pythonManifest("naps") });
  const server = user.start(["serve", "--json"]);
  const { rest } = await firstText(server.stdout);
  const watching = user.start(["stats", "--watch"], { inTerminal: true, stdin: "piped" });
  const keyboard = watching.stdin.getWriter();
  let seen = "";
  let isOver = false;
  for await (const text of watching.stdout.pipeThrough(new TextDecoderStream())) {
    seen += text;
    if (isOver || seen.split("\x1b[H\x1b[2J").length < 3) continue;
    isOver = true;
    await keyboard.write(new TextEncoder().encode("interrupt\n"));
    await keyboard.close();
  }
  assertStringIncludes(seen, "naps  registered");
  assertEquals((await within(watching.status, "the end of stats")).code, 130);
  server.kill("SIGTERM");
  assertEquals((await within(server.status, "the end of serve")).code, 0);
  await Promise.all([rest.cancel(), server.stderr.cancel(), watching.stderr.cancel()]);
});

async function outputOf(child: Deno.ChildProcess): Promise<string> {
  const { stdout } = await within(child.output(), "the end in a terminal");
  return new TextDecoder().decode(stdout);
}

Deno.test("bash completes commands, their options, and the names of plugins", async () => {
  await using user = await User.create({ "naps.json": await pythonManifest("naps") });
  const { out } = await user.run("completions", "bash");
  // The names of plugins come from the program itself, which is not installed here.
  const script = `${out}
remote-plugin() { [ "$*" = "list --names" ] && echo naps; }
try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=(); _remote_plugin; echo "\${COMPREPLY[*]}"; }
try remote-plugin in
try remote-plugin inspect n
try remote-plugin gen --ch
try remote-plugin run --st
`;
  await user.folder.write("try.sh", script);
  const { stdout } = await new Deno.Command("bash", { args: [join(user.folder.path, "try.sh")] }).output();
  assertEquals(new TextDecoder().decode(stdout), "inspect\nnaps\n--check\n--state-dir --stream\n");
});

Deno.test("the completion scripts are ones that their shells can read", async () => {
  await using user = await User.create();
  const { out } = await user.run("completions", "bash");
  const child = new Deno.Command("bash", { args: ["-n"], stdin: "piped", stdout: "null", stderr: "piped" }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(out));
  await writer.close();
  const { code, stderr } = await child.output();
  assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  for (const shell of ["zsh", "fish"]) assertStringIncludes((await user.run("completions", shell)).out, "doctor");
});

/** A project as cjm's tools leave it: a plugin that works by a task adapter alone, both registered in `.cjm/manifests`. */
async function cjmProject(): Promise<User> {
  const splitter = `
class Splitter:
    name, version = "splitter", "0.0.3"

    def initialize(self, config):
        self.config = config

    def split(self, text, mark=None):
        return text.split(mark or self.config["mark"])


class Adapter:
    task_name = "text-splitting"

    def __init__(self, tool):
        self.split_text = tool.split
`;
  const code = { name: "splitter", version: "0.0.3", description: "", module: "splitter", class: "Splitter", plugin_path: "../.." };
  const config_schema = { type: "object", properties: { mark: { type: "string", default: "," } } };
  const structural_surface = { methods: [{ name: "split", params: ["text", "mark"] }], properties: ["name"], attributes: [] };
  const install = { python_path: testPython(), conda_env: "none", env_vars: { PYTHONDONTWRITEBYTECODE: "1" } };
  const adapter = { unit: "adapter", task_name: "text-splitting", module: "splitter", class: "Adapter", python_path: testPython() };
  return await User.create({
    "splitter.py": splitter,
    ".cjm/manifests/splitter.json": { format_version: "2.0", install, code: { ...code, config_schema, structural_surface } },
    ".cjm/manifests/adapter-splitting.json": { ...adapter, protocol_members: { methods: [{ name: "split", params: ["text"] }] } },
  });
}

Deno.test("in a project of cjm's its plugins are found where its tools keep them, and are well", async () => {
  await using user = await cjmProject();
  const { out, err } = await user.run("list", "--json");
  assertEquals([JSON.parse(out).map(({ name }: { name: string }) => name), err], [["splitter"], ""]);
  const health = await user.run("doctor");
  assertEquals([health.code, health.out.includes("All is well"), health.err], [0, true, ""], health.out);
});

Deno.test("a plugin of cjm's that works by task adapters is run by --task, with the defaults of its manifest", async () => {
  await using user = await cjmProject();
  const task = ["run", "--json", "splitter", "--task", "text-splitting.split_text"];
  assertEquals(await user.run(...task, "--text", "a,b"), { code: 0, out: '["a","b"]\n', err: "" });
  assertEquals((await user.run("config", "splitter", 'mark="|"')).code, 0);
  assertEquals((await user.run(...task, "--text", "a,b|c")).out, '["a,b","c"]\n');
  const { code, err } = await user.run("run", "splitter", "--text", "a,b");
  assertEquals([code, err.includes('it has the task adapters "text-splitting", which /task calls')], [1, true], err);
  assertStringIncludes((await user.run("run", "splitter", "--task", "text-splitting")).err, "--task is TASK.METHOD");
});

Deno.test("serve answers for task adapters too", async () => {
  await using user = await cjmProject();
  const child = user.start(["serve", "--json"]);
  const { text, rest } = await firstText(child.stdout);
  const { url, token } = JSON.parse(text);
  {
    await using splitter = await RemotePluginProxy.attach({ url: `${url}/splitter`, token });
    const body = { task: "text-splitting", method: "split_text", kwargs: { text: "a b", mark: " " } };
    assertEquals(await splitter.extension("task", body), ["a", "b"]);
    const { methods } = await splitter.extension<{ methods: { name: string }[] }>("structural_surface");
    assertEquals(methods.map(({ name }) => name), ["initialize", "split"]);
  }
  child.kill("SIGTERM");
  assertEquals([(await within(child.status, "the end")).code, await new Response(child.stderr).text()], [0, ""]);
  await rest.cancel();
});

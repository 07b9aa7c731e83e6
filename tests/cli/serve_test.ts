import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { toText } from "@std/streams";
import { join } from "@std/path";
import { CallCancelledError, type FileResult, ProtocolError, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { eventually, within } from "../support/guard.ts";
import { User } from "../support/cli_user.ts";
import { pythonManifest } from "../support/managed_plugins.ts";
import { PrintedLines } from "../support/printed_lines.ts";
import { testPython } from "../support/python.ts";

Deno.test("serve gives each plugin to attach() under its name, and ends with all workers", async () => {
  const fixtures = await Promise.all(["reports", "raises", "holds", "gives_back", "hands_over"].map((fixture) => pythonManifest(fixture)));
  await using user = await User.create(Object.fromEntries(fixtures.map((manifest) => [`${manifest.name}.json`, manifest])));
  const child = user.start(["serve", "--json"]);
  const lines = new PrintedLines(child.stdout);
  const { url, token, operatorToken } = JSON.parse(await lines.next("the server's address"));
  const attach = (plugin: string, as = token) => RemotePluginProxy.attach({ url: `${url}/${plugin}`, token: as });
  {
    await using reports = await attach("reports");
    const seen: unknown[] = [];
    const onProgress = ({ progress }: { progress: number }) => seen.push(progress);
    for await (const chunk of reports.executeStream({ steps: [[0.5, "a"], [1, "b"]] }, { onProgress })) seen.push(chunk);
    assertEquals([reports.name, reports.version, seen], ["reports", "1.2.3", [0.5, "a", 1, "b"]]);
    for (const [as, isTold] of [[token, false], [operatorToken, true]] as const) {
      await using raises = await attach("raises", as);
      assertEquals(await raises.execute().catch((error) => error instanceof RemoteError && error.traceback.includes("plugin.py")), isTold);
    }
    await using givesBack = await attach("gives_back");
    assertEquals(await givesBack.execute({ value: [NaN, Infinity] }), [NaN, Infinity]);
    await using handsOver = await attach("hands_over");
    await using given = await handsOver.execute<FileResult>({ action: "give", size: 100_000 });
    assertEquals([(await given.bytes()).length, given.mediaType], [100_000, "application/octet-stream"]);
    await using chunk = (await handsOver.executeStream<FileResult>({ size: 3 }).next()).value as FileResult;
    assertEquals(await chunk.bytes(), new Uint8Array([0, 1, 2]));
    assertEquals(Object.keys(await handsOver.getSignatures()), ["execute", "execute_stream", "methods"]);
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
  for (const [endpoint, status] of [["execute", 406], ["execute_stream", 200]] as const) {
    const body = '{"kwargs":{"action":"give","kind":"nested"}}';
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
  assertEquals([(await within(child.status, "the end")).code, await toText(child.stderr)], [0, ""]);
  await lines.cancel();
  assertEquals([...Deno.readDirSync(join(user.folder.path, ".state"))].some(({ name }) => name === "server.json"), false);
});

Deno.test("serve and stats take the token from a file or a variable, and do not tell it", async () => {
  await using user = await User.create({ "naps.json": await pythonManifest("naps"), "token.txt": "" });
  await Deno.writeTextFile(join(user.folder.path, "token.txt"), "a secret\n");
  const byFile = user.start(["serve", "--token-file", "token.txt"]);
  const lines = new PrintedLines(byFile.stdout);
  let [text, url]: [string, string | undefined] = ["", undefined];
  for (; url === undefined; [, url] = /curl "(http[^"]*)\/naps\/execute"/.exec(text) ?? []) text += await lines.next("a line for curl");
  assertEquals(text.includes("secret"), false, text);
  const env = { REMOTE_PLUGIN_TOKEN: "a secret" };
  const { code, stdout } = await within(user.start(["stats", "--json", "--url", url], { env }).output(), "the end of stats");
  assertEquals([code, JSON.parse(new TextDecoder().decode(stdout)).plugins[0].name], [0, "naps"]);
  const without = await user.run("stats", "--url", url);
  assertEquals([without.code, without.err.includes("--token-file")], [2, true]);
  byFile.kill("SIGTERM");
  assertEquals((await within(byFile.status, "the end of serve")).code, 0);
  await Promise.all([lines.cancel(), byFile.stderr.cancel()]);
});

Deno.test("serve adds a line to its access log for each call, with the client's trace and none of what was said", async () => {
  await using user = await User.create({ "reports.json": await pythonManifest("reports"), "access.log": "before\n" });
  const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
  const call = async (server: Deno.ChildProcess) => {
    const lines = new PrintedLines(server.stdout);
    const { url, token } = JSON.parse(await lines.next("the server's address"));
    const headers = { authorization: `Bearer ${token}`, traceparent: `00-${trace}-00f067aa0ba902b7-01` };
    const body = JSON.stringify({ kwargs: { steps: [[1, "secret"]] } });
    await (await fetch(`${url}/reports/execute_stream`, { method: "POST", headers, body })).text();
    return { lines, token };
  };
  const toFile = user.start(["serve", "--json", "--access-log", "access.log"]);
  const { lines, token } = await call(toFile);
  toFile.kill("SIGTERM");
  assertEquals([(await within(toFile.status, "the end of serve")).code, await toText(toFile.stderr)], [0, ""]);
  await lines.cancel();
  const text = await Deno.readTextFile(join(user.folder.path, "access.log"));
  const [before, line, ...rest] = text.split("\n");
  assertEquals([before, rest, text.includes("secret"), text.includes(token)], ["before", [""], false, false]);
  const { plugin, endpoint, status, chunks, remote, trace_id } = JSON.parse(line!);
  assertEquals([plugin, endpoint, status, chunks, remote, trace_id], ["reports", "execute_stream", 200, 1, "127.0.0.1", trace]);

  const toOutput = user.start(["serve", "--json", "--access-log", "-"]);
  const { lines: output } = await call(toOutput);
  assertEquals(JSON.parse(await output.next("a line of the access log")).trace_id, trace);
  toOutput.kill("SIGTERM");
  await Promise.all([toOutput.status, output.cancel(), toOutput.stderr.cancel()]);
  const wrong = await user.run("serve", "--access-log", "nowhere/access.log");
  assertEquals([wrong.code, wrong.err.includes('Cannot write the access log to "nowhere/access.log"')], [2, true]);
});

Deno.test("the lines for curl that serve prints work as they stand", async () => {
  // They are of the first plugin that can be started.
  await using user = await User.create({
    "raises_at_import.json": await pythonManifest("raises_at_import"),
    "typed.json": await pythonManifest("typed"),
    "token.txt": "a secret",
  });
  const server = user.start(["serve", "--token-file", "token.txt"]);
  const lines = new PrintedLines(server.stdout);
  const printed: string[] = [];
  while (printed.length < 2) {
    const line = await lines.next("a line for curl");
    if (line.trim().startsWith("curl ")) printed.push(line);
  }
  const answers = await Promise.all(
    printed.map((line) => new Deno.Command("sh", { args: ["-c", line.replace("curl", "curl -sS")] }).output()),
  );
  assertEquals(answers.map(({ stdout }) => JSON.parse(new TextDecoder().decode(stdout))), ["hello!", { number: 0, text: "hello" }]);
  server.kill("SIGTERM");
  assertEquals((await within(server.status, "the end of serve")).code, 0);
  await Promise.all([lines.cancel(), server.stderr.cancel()]);
});

Deno.test("serve ends when the calls that are open have ended, and takes none meanwhile", async () => {
  await using user = await User.create({ "holds.json": await pythonManifest("holds") });
  const child = user.start(["serve", "--json"]);
  const lines = new PrintedLines(child.stdout);
  const { url, token } = JSON.parse(await lines.next("the server's address"));
  const stream = await fetch(`${url}/holds/execute_stream`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: '{"kwargs": {"hold": "a"}}',
  });
  const items = stream.body!.pipeThrough(new TextDecoderStream()).getReader();
  assertEquals((await items.read()).value, '"a"\n');
  child.kill("SIGTERM");
  const told = new PrintedLines(child.stderr);
  assertEquals(await told.next("that it waits"), "Waiting for open calls, 30 seconds at most. Ctrl-C ends them");
  await assertRejects(() => fetch(`${url}/health`), TypeError);
  await items.cancel();
  assertEquals((await within(child.status, "the end")).code, 0);
  await Promise.all([lines.cancel(), told.cancel()]);
});

Deno.test("serve ends calls that are open for longer than they may be at its end", async () => {
  await using user = await User.create({ "holds.json": await pythonManifest("holds") });
  const child = user.start(["serve", "--json", "--drain", "0"]);
  const lines = new PrintedLines(child.stdout);
  const { url, token } = JSON.parse(await lines.next("the server's address"));
  await using holds = await RemotePluginProxy.attach({ url: `${url}/holds`, token });
  const held = holds.executeStream({ hold: "a" });
  await held.next();
  child.kill("SIGTERM");
  await assertRejects(() => held.next());
  assertEquals([(await within(child.status, "the end")).code, await toText(child.stderr)], [0, ""]);
  await lines.cancel();
});

Deno.test("serve goes on when clients open more connections than there may be files", async () => {
  await using user = await User.create({ "holds.json": await pythonManifest("holds") });
  const child = user.start(["serve", "--json"], { mostFiles: 256 });
  const lines = new PrintedLines(child.stdout);
  const { url, token } = JSON.parse(await lines.next("the server's address"));
  const { hostname, port } = new URL(url);
  const holds = () =>
    fetch(`${url}/holds/execute`, { method: "POST", headers: { authorization: `Bearer ${token}` }, body: '{"kwargs": {"note": "a"}}' });
  assertEquals(await (await holds()).json(), "a");
  const silent: Deno.Conn[] = [];
  const told = new PrintedLines(child.stderr);
  const isTold = told.next("that there are too many connections");
  try {
    while (silent.length < 1_000) silent.push(await Deno.connect({ hostname, port: Number(port) }));
  } catch {
    // It takes a moment until the server listens again.
  }
  assertEquals((await isTold).endsWith("Those without a request were closed"), true);
  await eventually(
    async () => await holds().then(async (answer) => await answer.json() === "a", () => false),
    "an honest client to be served",
  );
  for (const conn of silent) conn.close();
  child.kill("SIGTERM");
  assertEquals((await within(child.status, "the end")).code, 0);
  await Promise.all([lines.cancel(), told.cancel()]);
});

Deno.test("stats --watch is a table that is renewed until Ctrl-C", async () => {
  await using user = await User.create({ "naps.json": await pythonManifest("naps") });
  const server = user.start(["serve", "--json"]);
  const lines = new PrintedLines(server.stdout);
  await lines.next("the server's address");
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
  await Promise.all([lines.cancel(), server.stderr.cancel(), watching.stderr.cancel()]);
});

Deno.test("serve --watch reloads a plugin that is edited, and tells of an edit that cannot be loaded", async () => {
  const says = (word: string) => `class Plugin:\n    def execute(self):\n        return "${word}"\n`;
  const manifest = { name: "edited", python_path: testPython(), module: "plugin", class: "Plugin" };
  await using user = await User.create({ "plugin.json": manifest, "plugin.py": says("old") });
  const child = user.start(["serve", "--json", "--watch"]);
  const [lines, notes] = [new PrintedLines(child.stdout), new PrintedLines(child.stderr)];
  const { url, token } = JSON.parse(await lines.next("the server's address"));
  {
    await using plugin = await RemotePluginProxy.attach({ url: `${url}/edited`, token });
    assertEquals(await plugin.execute(), "old");
    await user.folder.write("plugin.py", "class Plugin(:\n");
    const kept = await notes.next("the edit that cannot be loaded");
    assertStringIncludes(kept, "edited: not reloaded, the old workers go on. Cannot load");
    assertEquals(await plugin.execute(), "old");
    await user.folder.write("plugin.py", says("new"));
    while (!(await notes.next("the reload")).startsWith("edited: reloaded, for ")); // The error before has several lines.
    assertEquals(await plugin.execute(), "new");
  }
  assertStringIncludes((await user.run("logs", "edited")).out, "What was edited cannot be loaded");
  child.kill("SIGTERM");
  assertEquals((await within(child.status, "the end")).code, 0);
  await Promise.all([lines.cancel(), notes.cancel()]);
});

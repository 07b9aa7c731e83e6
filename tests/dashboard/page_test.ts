import { Buffer } from "node:buffer";
import { assertEquals, assertMatch } from "@std/assert";
import { pythonManifest } from "../support/managed_plugins.ts";
import { browserTests, CALLER, OPERATOR } from "../support/seen_page.ts";

const inBrowser = browserTests();

inBrowser("whoever signs in sees the plugins, and a wrong token is told", async (open) => {
  await using seen = await open("typed", "holds");
  await seen.signIn("wrong");
  await seen.page.getByText("The token is wrong").waitFor();
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("holds").waitFor();
  assertEquals(seen.watch.workers, 0);
  assertEquals(await seen.page.evaluate("document.cookie"), "");
  await seen.page.reload();
  await seen.page.getByRole("navigation").getByText("typed").waitFor();
  await seen.page.getByRole("button", { name: "Sign out" }).click();
  await seen.page.getByLabel("The token of this gateway").waitFor();
  await seen.page.reload();
  await seen.page.getByLabel("The token of this gateway").waitFor();
});

inBrowser("a plugin is called by a form, and its result is shown as what it is", async (open) => {
  await using seen = await open("shows");
  await seen.signIn();
  await seen.choose("shows");
  const call = seen.page.getByRole("button", { name: "Call" });
  await seen.page.getByLabel("kind").fill("picture");
  await seen.page.getByLabel("size").fill("40");
  await call.click();
  const picture = seen.page.getByAltText("The picture that the plugin gave");
  await picture.waitFor();
  assertEquals(await picture.evaluate((element) => (element as unknown as { naturalWidth: number }).naturalWidth), 40);
  await seen.page.getByLabel("kind").fill("page");
  await call.click();
  await seen.page.getByRole("link", { name: "Save text/html" }).waitFor();
  await seen.page.getByLabel("kind").fill("nothing");
  await call.click();
  await seen.page.getByRole("alert").getByText("KeyError").waitFor();
  assertEquals(seen.errors, []);
});

inBrowser("a file that is chosen reaches the plugin", async (open) => {
  await using seen = await open("hints");
  await seen.signIn();
  await seen.choose("hints");
  const file = { name: "talk.wav", mimeType: "audio/wav", buffer: Buffer.from("RIFF") };
  await seen.page.getByLabel("audio").setInputFiles(file);
  await seen.page.getByLabel("language").fill("en");
  await seen.page.getByRole("button", { name: "Call" }).click();
  const result = seen.page.getByRole("region", { name: "Result" });
  await result.getByText(/^Ended after/).waitFor({ timeout: 10_000 });
  assertMatch(await result.innerText(), /"audio": ?"\/.*\.wav",\s*"language": ?"en"/);
});

inBrowser("chunks are shown as they come, and a button cancels the call", async (open) => {
  await using seen = await open("holds");
  await seen.signIn();
  await seen.choose("holds");
  await seen.page.getByRole("tab", { name: "Stream" }).click();
  await seen.page.getByRole("textbox", { name: "hold" }).fill('"a"');
  await seen.page.getByRole("button", { name: "Stream" }).click();
  await seen.page.getByText("1 chunk", { exact: true }).waitFor();
  await seen.page.getByRole("button", { name: "Cancel" }).click();
  await seen.page.getByText(/^Cancelled after/).waitFor();
  const plugin = seen.watch.manager.get("holds");
  // It runs one call at a time: the next one shows that the cancelled one has ended.
  assertEquals(await plugin.execute({ note: "free" }), "free");
});

inBrowser("a worker that dies is seen, and so is what plugins print", async (open) => {
  await using seen = await open("kills_itself", "prints");
  await seen.signIn();
  await seen.choose("kills_itself");
  await seen.page.getByRole("button", { name: "Call" }).click();
  await seen.page.getByRole("alert").getByText("SIGKILL").waitFor();
  await seen.choose("prints");
  await seen.page.getByRole("button", { name: "Call" }).click();
  await seen.page.getByText("printed while it ran").waitFor();
});

inBrowser("an operator loads and unloads a plugin, and a caller does not", async (open) => {
  await using seen = await open("echo");
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("echo").click();
  await seen.page.getByRole("button", { name: "Load", exact: true }).click();
  await seen.page.getByRole("navigation").getByText("running").waitFor();
  await seen.page.getByRole("button", { name: "Unload" }).click();
  await seen.page.getByRole("navigation").getByText("registered").waitFor();
  await seen.page.getByRole("button", { name: "Sign out" }).click();
  await seen.signIn(CALLER);
  await seen.page.getByRole("navigation").getByText("echo").click();
  await seen.page.getByRole("button", { name: "Start it" }).waitFor();
  assertEquals([
    await seen.page.getByRole("button", { name: "Load" }).count(),
    await seen.page.getByRole("heading", { name: "Log" }).count(),
  ], [0, 0]);
});

inBrowser("a page comes back by itself when its gateway does", async (open) => {
  await using seen = await open("echo");
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("echo").waitFor();
  await seen.restart(async () => await seen.page.getByText("The gateway does not answer").waitFor());
  await seen.page.getByText("The gateway does not answer").waitFor({ state: "detached" });
  await seen.page.getByRole("navigation").getByText("echo").waitFor();
});

inBrowser("nothing that a plugin is called or gives runs on the page", async (open) => {
  await using seen = await open("gives_back");
  const evil = "<img src=x onerror=\"document.title='run'\"><script>document.title='run'</script>";
  const manifest = { ...await pythonManifest("gives_back"), name: evil };
  await seen.watch.manager.add(manifest);
  await seen.signIn();
  await seen.choose(evil);
  await seen.page.getByLabel("value").fill(JSON.stringify([evil, { [evil]: evil }]));
  await seen.page.getByRole("button", { name: "Call" }).click();
  await seen.page.getByText(/^Ended after/).waitFor();
  assertEquals(await seen.page.title(), "Plugins");
  assertMatch(await seen.page.getByRole("region", { name: "Result" }).innerText(), /<script>/);
});

inBrowser("an operator configures, disables and enables a plugin", async (open) => {
  await using seen = await open("typed");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("typed");
  await page.getByRole("tab", { name: "Configure" }).click();
  await page.getByLabel("mark").fill("?");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByText("The plugin has this configuration now").waitFor();
  assertEquals(await seen.watch.manager.get("typed").execute({ text: "a" }), "a?");
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByText("It is disabled").waitFor();
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByRole("button", { name: "Load", exact: true }).waitFor();
});

inBrowser("an operator sees the calls of everybody, and a caller its own", async (open) => {
  await using seen = await open("echo", "raises");
  const calls = seen.page.getByRole("region", { name: "Calls" });
  await seen.signIn();
  await calls.getByText("There was no call yet").waitFor();
  await seen.call("echo", { token: CALLER });
  await calls.getByRole("row", { name: /echo execute caller 1 .* ok/ }).waitFor();
  await seen.call("raises", { token: OPERATOR });
  await calls.getByRole("row", { name: /raises execute operator 1 .* plugin_error/ }).waitFor();
  await seen.page.getByRole("button", { name: "Sign out" }).click();
  await seen.signIn(CALLER);
  await calls.getByRole("row", { name: /echo execute .* ok/ }).waitFor();
  assertEquals(await calls.getByRole("row").count(), 2);
});

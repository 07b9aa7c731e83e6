import { assert, assertEquals } from "@std/assert";
import { within } from "../support/guard.ts";
import { browserTests, OPERATOR } from "../support/seen_page.ts";

const inBrowser = browserTests();

/** What a page of another origin tries with the cookie of whoever looks at it. */
function attack(gateway: string): string {
  return `<!doctype html><title>begun</title>
<iframe name="frame" src="${gateway}/"></iframe>
<form target="frame" method="post" action="${gateway}/counts/execute" enctype="text/plain"><input name='{"kwargs":{},"x":"' value='"}'></form>
<script type="module">
  const seen = [];
  for (const [path, method] of [["/stats", "GET"], ["/counts/execute", "POST"], ["/counts/unload", "POST"], ["/dashboard/events", "GET"]]) {
    for (const mode of ["cors", "no-cors"]) {
      const body = method === "POST" ? '{"kwargs": {}}' : undefined;
      await fetch("${gateway}" + path, { method, mode, body, credentials: "include" }).then((reply) => seen.push(reply.type + reply.status), () => {});
    }
  }
  document.forms[0].submit();
  document.title = JSON.stringify(seen);
</script>`;
}

inBrowser("a page of another port or another site neither reads nor does anything, and shows no page of the gateway", async (open) => {
  await using seen = await open("counts");
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("counts").waitFor();
  const replies: string[] = [];
  seen.page.context().on(
    "response",
    (reply) => reply.url().startsWith(seen.url) && replies.push(`${new URL(reply.url()).pathname} ${reply.status()}`),
  );
  await using elsewhere = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => new Response(attack(seen.url), { headers: { "content-type": "text/html" } }),
  );
  for (const host of ["127.0.0.1", "localhost"]) {
    replies.length = 0;
    const page = await seen.page.context().newPage();
    const submitted = page.waitForResponse((reply) => reply.request().method() === "POST" && reply.request().isNavigationRequest());
    await page.goto(`http://${host}:${elsewhere.addr.port}/`);
    await page.waitForFunction("document.title !== 'begun'");
    await submitted;
    // What it cannot read is of the type "opaque", and has no status.
    assertEquals([host, await page.title()], [host, JSON.stringify(Array(4).fill("opaque0"))]);
    assertEquals(replies.filter((reply) => !/ 40[13]$/.test(reply) && reply !== "/ 200"), []);
    // The browser hides a reply that the page may not read, and so those of "no-cors" and of the form are seen.
    assertEquals(replies.filter((reply) => reply === "/counts/execute 403").length, 2);
    await page.close();
  }
  assertEquals(seen.watch.workers, 0);
});

inBrowser("a page that a plugin gives runs nothing, even where somebody opens it by itself", async (open) => {
  await using seen = await open("shows");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("shows");
  await page.getByLabel("kind").fill("page");
  await page.getByRole("button", { name: "Call" }).click();
  const link = page.getByRole("link", { name: "Save text/html" });
  const address = await link.getAttribute("href");
  const opened = page.context().waitForEvent("page");
  await page.evaluate(`void open(${JSON.stringify(address)})`);
  const other = await within(opened, "the other tab");
  await other.getByText("8", { exact: true }).waitFor();
  assertEquals(await other.title(), "");
});

inBrowser("a file that is dropped beside a field leaves the page as it is", async (open) => {
  await using seen = await open("hints");
  await seen.signIn();
  await seen.page.getByRole("navigation").getByText("hints").waitFor();
  const isKept = (type: string, content: string) =>
    seen.page.evaluate(`(() => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(${content});
      return !document.querySelector("header").dispatchEvent(new DragEvent("${type}", { dataTransfer, cancelable: true, bubbles: true }));
    })()`);
  for (const type of ["dragover", "drop"]) {
    assertEquals([await isKept(type, `new File(["x"], "x.txt")`), await isKept(type, `"a text", "text/plain"`)], [true, false]);
  }
});

inBrowser("two operators who configure a plugin at once keep what the other has changed", async (open) => {
  await using seen = await open("gives_when_seen");
  await seen.signIn(OPERATOR);
  const second = await seen.page.context().newPage();
  await second.goto(seen.page.url());
  const tabs = [seen.page, second];
  for (const tab of tabs) {
    await tab.bringToFront();
    await tab.getByRole("navigation").getByText("gives_when_seen").click();
    await tab.getByRole("button", { name: "Start it" }).or(tab.getByRole("tab", { name: "Configure" })).first().click();
    await tab.getByRole("tab", { name: "Configure" }).click();
    await tab.getByLabel("onset_db").waitFor();
  }
  for (const [at, [name, value]] of [["onset_db", "20"], ["min_speech_seconds", "0.5"]].entries()) {
    await tabs[at]!.bringToFront();
    await tabs[at]!.getByLabel(name!).fill(value!);
    await tabs[at]!.getByRole("button", { name: "Apply" }).click();
    await tabs[at]!.getByText("The plugin has this configuration now").waitFor();
  }
  const current = await seen.watch.manager.get("gives_when_seen").getCurrentConfig();
  assertEquals([current.onset_db, current.min_speech_seconds], [20, 0.5]);
  assert(seen.errors.length === 0, seen.errors.join("\n"));
});

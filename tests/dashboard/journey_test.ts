import { assertEquals } from "@std/assert";
import { SPEECH_WAV } from "../../examples/shared/recording.ts";
import { browserTests } from "../support/seen_page.ts";

const inBrowser = browserTests();

inBrowser("somebody drops in a recording, sees its segments and the log, cancels, and sees a worker die and come back", async (open) => {
  await using seen = await open("gives_when_seen", "holds", "kills_itself", "talks");
  const { page } = seen;
  await seen.signIn();

  await seen.choose("gives_when_seen");
  await page.getByRole("tab", { name: "Stream" }).click();
  const recording = (await Deno.readFile(SPEECH_WAV)).toBase64();
  const files = await page.evaluateHandle(`(() => {
    const files = new DataTransfer();
    files.items.add(new File([Uint8Array.fromBase64("${recording}")], "talk.wav", { type: "audio/wav" }));
    return files;
  })()`);
  await page.getByText("or drop a file here").dispatchEvent("drop", { dataTransfer: files });
  await page.getByText(/^talk\.wav, \d+ bytes$/).waitFor();
  await page.getByRole("button", { name: "Stream" }).click();
  const segments = page.getByRole("region", { name: "Result" }).getByRole("listitem");
  for (const count of ["1 chunk", "2 chunks", "3 chunks", "4 chunks"]) {
    await page.getByText(count, { exact: true }).waitFor();
    assertEquals(await segments.count(), Number(count[0]));
    await page.getByRole("button", { name: "Cancel" }).waitFor();
    // The plugin goes on when it is asked for its configuration.
    await seen.watch.manager.get("gives_when_seen").getCurrentConfig();
  }
  await page.getByText(/^Ended after/).waitFor();
  assertEquals(await segments.count(), 4);

  await seen.choose("holds");
  await page.getByRole("tab", { name: "Stream" }).click();
  await page.getByRole("textbox", { name: "hold" }).fill('"a"');
  await page.getByRole("button", { name: "Stream" }).click();
  await page.getByText("1 chunk", { exact: true }).waitFor();
  await page.getByRole("row", { name: /holds execute_stream .* runs/ }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText(/^Cancelled after/).waitFor();
  await page.getByRole("row", { name: /holds execute_stream .* runs/ }).waitFor({ state: "detached" });

  await seen.choose("talks");
  await page.getByLabel("record", { exact: false }).fill('"warning"');
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("region", { name: "Log" }).getByText("a record of warning").waitFor();

  await seen.choose("kills_itself");
  const workers = page.getByRole("definition").filter({ hasText: /^process \d+$/ });
  const first = await workers.innerText();
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("alert").getByText("SIGKILL").waitFor();
  await workers.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Load", exact: true }).click();
  await workers.waitFor();
  assertEquals(await workers.innerText() === first, false);
});

inBrowser("somebody chooses a method, calls it, and has another one give its pieces as they come", async (open) => {
  await using seen = await open("methods");
  const { page } = seen;
  await seen.signIn();
  await seen.choose("methods");
  await page.getByRole("tab", { name: "Methods" }).click();
  const methods = page.getByRole("combobox", { name: "Method" });
  const names = await methods.getByRole("option").allInnerTexts();
  assertEquals([names.includes("shout"), names.includes("words, piece by piece"), names.includes("_secret")], [true, true, false]);
  await methods.selectOption("shout");
  await page.getByText("Says it loudly.").waitFor();
  await page.getByRole("textbox", { name: "text" }).fill("hi");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByRole("region", { name: "Result" }).getByText("HI").waitFor();
  await methods.selectOption("words, piece by piece");
  await page.getByRole("textbox", { name: "text" }).fill("one two");
  await page.getByRole("button", { name: "Call" }).click();
  await page.getByText("2 chunks", { exact: true }).waitFor();
  await page.getByRole("row", { name: /methods stream\/words .*/ }).waitFor();
});

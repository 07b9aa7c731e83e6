/**
 * What the pictures of the documentation show: `deno task embed pictures` makes them, and a test finds out whether the page still shows the same.
 *
 * @module
 */
import { StreamableHTTPClientTransport, type Transport } from "@modelcontextprotocol/client";
import { SPEECH_WAV } from "../../examples/shared/recording.ts";
import { mcpClient } from "./mcp_user.ts";
import { CALLER, type SeenPage } from "./seen_page.ts";

/** Finds the segments of speech in a recording. */
const SPEECH_SEGMENTS: URL = new URL("../../examples/demo/python_plugin.json", import.meta.url);

/** The plugins that the page has in all pictures. */
export const PLUGINS: readonly (string | URL)[] = [SPEECH_SEGMENTS, "talks", "typed"];

/** What leads to each picture, by its name, when somebody has signed in. */
export const PICTURES: Readonly<Record<string, (seen: SeenPage) => Promise<void>>> = {
  async stream(seen) {
    for (const record of ["info", "warning", "error"]) await seen.call("talks", { token: CALLER, kwargs: { record } });
    await seen.choose("speech-segments-python");
    const { page } = seen;
    await page.getByRole("tab", { name: "Stream" }).click();
    await page.getByLabel("audio").setInputFiles(SPEECH_WAV);
    await page.getByRole("button", { name: "Stream" }).click();
    await page.getByText(/^Ended after/).waitFor();
    await page.getByRole("row", { name: /execute_stream .* ok/ }).waitFor();
    await page.getByText("a record of error").waitFor();
    await page.getByText("1 well, 0 failed").waitFor();
    await running(seen, "speech-segments-python", "talks");
  },
  async configure(seen) {
    await seen.choose("speech-segments-python");
    await seen.page.getByRole("tab", { name: "Configure" }).click();
    await seen.page.getByLabel("min_pause_seconds").waitFor();
    await running(seen, "speech-segments-python");
  },
  async tools(seen) {
    const client = mcpClient("2026");
    const requestInit = { headers: { authorization: `Bearer ${CALLER}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(`${seen.url}/mcp`), { requestInit }) as Transport);
    await client.callTool({ name: "typed", arguments: { text: "ho", times: 3 } });
    await client.callTool({ name: "speech-segments-python", arguments: { audio: await dataUrl(SPEECH_WAV) } });
    await client.close();
    await seen.page.getByRole("row", { name: /typed execute .* ok/ }).waitFor();
    await seen.page.getByRole("row", { name: /speech-segments-python execute.* ok/ }).waitFor();
    await running(seen, "speech-segments-python", "typed");
  },
};

/** Where what a picture says lies, beside it. */
export function pictureFile(name: string, ending: "png" | "txt"): URL {
  return new URL(`../../docs/pictures/${name}.${ending}`, import.meta.url);
}

/** What the page says, as somebody hears it who does not see it, without what differs from run to run: figures, and the order of those who come at once. */
export async function saidBy({ page }: SeenPage): Promise<string> {
  const said = await page.locator("body").ariaSnapshot();
  const figures = said.replaceAll(/\d+(:\d\d)*(\.\d+)?/g, "0").replaceAll(/0 (µs|ms|s)\b/g, "0 s");
  return `${figures.replaceAll(/0 s half of them, 0 s nearly all/g, "some time")}\n`;
}

/** Waits until the page tells that these plugins run without a call, and on what memory. */
async function running({ page }: SeenPage, ...plugins: string[]): Promise<void> {
  const list = page.getByRole("navigation");
  for (const plugin of plugins) await list.getByRole("button", { name: new RegExp(`^${plugin} \\S+ running \\d+ MiB$`) }).waitFor();
}

async function dataUrl(path: string): Promise<string> {
  return `data:audio/wav;base64,${(await Deno.readFile(path)).toBase64()}`;
}

// flags: --allow-read=$REPO/examples/shared/speech.txt,$REPO/examples/shared/speech.wav --allow-net=127.0.0.1 --allow-run=$DENO,curl
// flags: --allow-env=TMPDIR,TMP,TEMP --unstable-no-legacy-abort
// plugin: ../transcribe/transcribe.json
/**
 * Speech to text for programs elsewhere: one that may do nothing but reach the gateway, and `curl`. Each uploads the recording, and reads what was said as it
 * is heard.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { toText } from "@std/streams";
import { createGateway } from "@remote-plugin/proxy/gateway";
import { PluginManager } from "@remote-plugin/proxy/manager";
import { Checks } from "../shared/checks.ts";
import { orSkip, tellStep } from "../shared/environment.ts";
import { readSentences, SPEECH_WAV } from "../shared/recording.ts";
import { bold } from "../shared/terminal.ts";
import { wordErrorRate } from "../transcribe/word_errors.ts";

const MANIFEST = fromFileUrl(new URL("../transcribe/transcribe.json", import.meta.url));

/** As in the example "transcribe". */
const WORST_WORD_ERROR_RATE = 0.25;

/** Where the plugin is, and what its callers need. */
interface Address {
  readonly url: string;
  readonly token: string;
}

async function main(): Promise<void> {
  const token = crypto.randomUUID();
  await using manager = await PluginManager.create({ manifests: [MANIFEST], onEnvironment: tellStep });
  await manager.configure("transcribe", {});
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, createGateway(manager, { token }));
  const address = { url: `http://127.0.0.1:${server.addr.port}/transcribe`, token };
  const checks = new Checks();
  await check(checks, "a program that may reach the gateway and nothing else", await fromGuest(address));
  if (await hasCurl()) await check(checks, "curl", await fromCurl(address));
  else console.log("There is no curl on this machine");
  checks.report();
}

async function check(checks: Checks, client: string, lines: readonly string[]): Promise<void> {
  console.log(bold(client));
  for (const line of lines) console.log(`  ${line}`);
  const said = (await readSentences()).map(({ text }) => text).join(" ");
  const rate = wordErrorRate(said, lines.join(" "));
  checks.that(`${client} gets what was said, a sentence at a time`, lines.length > 1 && rate <= WORST_WORD_ERROR_RATE, `${rate}`);
}

/** The program in a process of its own, with the recording as its input. */
async function fromGuest(address: Address): Promise<string[]> {
  const guest = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--quiet",
      // Where this repository's bare names come from; a program of your own has its `deno.json`.
      `--import-map=${fromFileUrl(new URL("../../tools/npm_imports.json", import.meta.url))}`,
      `--allow-net=${new URL(address.url).host}`,
      fromFileUrl(new URL("guest.ts", import.meta.url)),
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = ReadableStream.from([new TextEncoder().encode(`${JSON.stringify(address)}\n`), await Deno.readFile(SPEECH_WAV)]);
  const [printed, { success }] = await Promise.all([toText(guest.stdout), guest.status, input.pipeTo(guest.stdin)]);
  if (!success) throw new Error("The guest failed; it has said above why");
  return linesOf(printed);
}

/** The body is the file, and nothing else. What comes back is a line of JSON for each sentence. Its command line has no token, for everybody can see that. */
async function fromCurl({ url, token }: Address): Promise<string[]> {
  const options = ["--silent", "--show-error", "--fail-with-body", "--no-buffer", "--config", "-"];
  const file = ["--header", "content-type: audio/wav", "--data-binary", `@${SPEECH_WAV}`];
  const curl = new Deno.Command("curl", { args: [...options, ...file, `${url}/execute_stream`], stdin: "piped", stdout: "piped" }).spawn();
  const config = ReadableStream.from([new TextEncoder().encode(`header = "authorization: Bearer ${token}"\n`)]);
  const [printed, { success }] = await Promise.all([toText(curl.stdout), curl.status, config.pipeTo(curl.stdin)]);
  if (!success) throw new Error(`curl has said above what failed: ${printed}`);
  return linesOf(printed).map((line) => JSON.parse(line).text);
}

async function hasCurl(): Promise<boolean> {
  try {
    return (await new Deno.Command("curl", { args: ["--version"], stdout: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

await orSkip(main);

// flags: --allow-read=$HERE,$TMP --allow-write=$TMP --allow-net=127.0.0.1 --allow-run=$DENO --allow-env=TMPDIR,TMP,TEMP
/**
 * One program runs a plugin, another one calls it: the host hands the worker's endpoint to a guest that may do nothing but reach 127.0.0.1.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { RemotePluginProxy, type WorkerAddress } from "@remote-plugin/proxy";
import { Checks } from "../shared/checks.ts";
import { bold } from "../shared/terminal.ts";
import type { GuestReport } from "./guest.ts";

const GUEST = [
  "run",
  "--no-prompt",
  "--quiet",
  // Where this repository's bare names come from; a program of your own has its `deno.json`.
  `--import-map=${fromFileUrl(new URL("../../tools/npm_imports.json", import.meta.url))}`,
  "--allow-net=127.0.0.1",
  fromFileUrl(new URL("guest.ts", import.meta.url)),
];

async function main(): Promise<void> {
  await using plugin = await RemotePluginProxy.start(new URL("guest_book.json", import.meta.url));
  await plugin.execute({ name: "the host" });
  console.log(`${bold("The host")} runs "${plugin.name}" at ${plugin.endpoint!.url}`);

  const guest = await sendGuest(plugin.endpoint!);
  console.log(`${bold("The guest")} calls it from a process of its own`);
  console.log(`  may          ${guest.granted.join(", ")}`);
  console.log(`  may not      ${guest.denied.join(", ")}`);
  console.log(`  start        ${guest.start}`);
  console.log(`  wrong token  ${guest.wrongToken}`);
  console.log(`  execute      ${guest.count}`);
  console.log(`  stream       ${guest.names.join(", ")}`);

  const names = await Array.fromAsync(plugin.executeStream<string>());
  console.log(`${bold("The host")} reads after the guest has gone: ${names.join(", ")}`);

  const checks = new Checks();
  checks.that("the guest may reach 127.0.0.1 and do nothing else", guest.granted.join() === "net 127.0.0.1", guest.granted.join());
  checks.that("the guest can start no worker", guest.start.startsWith("PermissionDeniedError"), guest.start);
  checks.that("a wrong token is refused", /^ProtocolError: .*refused the token/.test(guest.wrongToken), guest.wrongToken);
  checks.that("the guest talked to the host's plugin", guest.plugin === plugin.name && guest.count === 2, `${guest.count}`);
  checks.that("the guest read both names", guest.names.join() === "the host,the guest", guest.names.join());
  checks.that("the worker stayed when the guest went", names.join() === "the host,the guest", names.join());
  checks.report();
}

/** Runs the guest to its end. */
async function sendGuest(endpoint: WorkerAddress): Promise<GuestReport> {
  await using guest = new Deno.Command(Deno.execPath(), { args: GUEST, stdin: "piped", stdout: "piped" }).spawn();
  const writer = guest.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(endpoint)));
  await writer.close();
  const { success, stdout } = await guest.output();
  if (!success) throw new Error("The guest failed; it has said above why");
  return JSON.parse(new TextDecoder().decode(stdout));
}

await main();

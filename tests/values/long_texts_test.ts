import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RemoteError } from "@remote-plugin/proxy";
import { BOTH_OF_EITHER, labelOf, startEither } from "../support/fixture_proxy.ts";

/** What is left of a text that is too long for a frame: its beginning, and how long it was. */
const SHORTENED = /^beginx{1048571}… \(146800645 characters\)$/;

/** What JSON has to escape, and what some writers of it do. */
const ODD = [
  ...Array.from({ length: 33 }, (_, code) => String.fromCharCode(code)),
  '"',
  "\\",
  "/",
  "\x7f",
  "é",
  "€",
  "😀",
  "\ufffd",
  "\u2028",
];

const BLOCK = 64 * 1024;

/** Texts around the lengths at which the Python worker and the host begin to treat them as long, with something odd at either end and at the bounds of blocks. */
function* oddTexts(): Generator<string> {
  for (const odd of ODD) yield* [`${odd}${"x".repeat(5_000)}`, `${"x".repeat(5_000)}${odd}`];
  for (const length of [4_095, 4_096, BLOCK - 1, BLOCK, 2 * BLOCK + 1]) {
    for (const odd of ['"', "\n", "\0", "€", "x"]) yield "x".repeat(length) + odd + "y".repeat(BLOCK - 1) + odd;
  }
}

for (const face of BOTH_OF_EITHER) {
  Deno.test(`${labelOf(face)}: a long text comes back as it was, whatever is in it, alone, beside others and inside of others`, async () => {
    await using plugin = await startEither(face, "gives_back");
    for (const text of oddTexts()) {
      for (const value of [text, { [text.slice(0, 5)]: text, n: 1, none: null }, [[text], { deep: { text } }]]) {
        assertEquals(await plugin.execute({ value }), value);
      }
    }
  });

  Deno.test(`${labelOf(face)}: an error whose message is too long for a frame is told by its beginning, and the worker goes on`, async () => {
    await using plugin = await startEither(face, "says_much");
    const error = await assertRejects(() => plugin.execute({ what: "error" }), RemoteError);
    assertEquals([SHORTENED.test(error.remoteMessage), error.category], [true, "user_input"]);
    assertStringIncludes(error.message, "beginx");
    assertEquals(await plugin.execute(), "fine");
  });

  Deno.test(`${labelOf(face)}: progress whose message is too long for a frame is told by its beginning, and the call goes on`, async () => {
    await using plugin = await startEither(face, "says_much");
    const reports: (number | boolean)[] = [];
    const onProgress = ({ progress, message }: { progress: number; message: string }) =>
      void reports.push(progress, SHORTENED.test(message));
    assertEquals(await plugin.execute({ what: "progress" }, { onProgress }), "fine");
    assertEquals(reports, [0.5, true]);
  });
}

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { RemoteError } from "@remote-plugin/proxy";
import { BOTH_OF_EITHER, labelOf, startEither } from "../support/fixture_proxy.ts";

/** What is left of a text that is too long for a frame: its beginning, and how long it was. */
const SHORTENED = /^beginx{1048571}… \(146800645 characters\)$/;

for (const face of BOTH_OF_EITHER) {
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

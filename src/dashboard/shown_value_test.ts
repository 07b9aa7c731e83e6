import { assertEquals } from "@std/assert";
import { fileKind, shownResult, shownValue } from "./page/shown_value.js";

const PNG = { data: "AAEC", size: 3, media_type: "image/png" };

Deno.test("texts are shown as texts, lists of flat objects as tables, and everything else as JSON", () => {
  assertEquals(shownValue("<b>\n"), { kind: "text", text: "<b>\n" });
  assertEquals(shownValue([{ text: "a", score: 1 }, { text: null, more: true }]), {
    kind: "table",
    headings: ["text", "score", "more"],
    rows: [["a", "1", ""], ["", "", "true"]],
  });
  assertEquals(shownValue([{ text: [1] }]), { kind: "json", text: '[{"text":[1]}]' });
  assertEquals(shownValue([]), { kind: "json", text: "[]" });
});

Deno.test("what is too long for a page is cut, and says so", () => {
  const { kind, text } = shownValue("x".repeat(200_000)) as { kind: string; text: string };
  assertEquals([kind, text.length < 101_000, text.endsWith("… of 200000 characters")], ["text", true, true]);
  assertEquals(shownValue(Array.from({ length: 10_000 }, (_, a) => ({ a }))).kind, "json");
});

Deno.test("files are taken out of a result, and stand there by number", () => {
  const alone = shownResult(PNG, { "": "file" });
  assertEquals([alone.shown, alone.files[0]!.bytes], [undefined, new Uint8Array([0, 1, 2])]);
  const within = shownResult({ pictures: [PNG, PNG], share: "NaN" }, { "/pictures/0": "file", "/pictures/1": "file", "/share": "number" });
  assertEquals(within.files.length, 2);
  assertEquals(within.shown, { kind: "json", text: '{"pictures":["file 1: image/png","file 2: image/png"],"share":"NaN"}' });
});

Deno.test("only pictures, sounds and films are shown, and what could hold a program is saved", () => {
  const kinds = ["image/png", "audio/wav", "video/mp4", "text/html", "application/pdf"].map((mediaType) => fileKind({ mediaType }));
  assertEquals(kinds, ["picture", "sound", "film", "saved", "saved"]);
});

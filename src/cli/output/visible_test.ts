import { assertEquals } from "@std/assert";
import { visible, visibleJson, visibleLine } from "./visible.ts";

/** All characters that a terminal may obey. */
const STEERING = [
  ...Array.from({ length: 0x20 }, (_, code) => code).filter((code) => code !== 9 && code !== 10),
  ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index),
  ...[0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069],
].map((code) => String.fromCharCode(code));

Deno.test("each character that steers a terminal is shown, and each in a form of its own", () => {
  const shown = STEERING.map(visible);
  assertEquals(shown.filter((text) => !/^\\(x[0-9a-f]{2}|u[0-9a-f]{4}|r)$/.test(text)), []);
  assertEquals(new Set(shown).size, STEERING.length);
  assertEquals(visible("\x1b]52;c;cHduZWQ=\x07\x9b2J"), "\\x1b]52;c;cHduZWQ=\\x07\\x9b2J");
});

Deno.test("lines, tabs and everything that is only shown stay as they are", () => {
  const text = "Zeile\tfünf\r\n\u200e\u05d0\u0301 \u{1f600} C:\\x1b\n";
  assertEquals(visible(text), text);
  assertEquals(visible("50 %\r100 %"), "50 %\\r100 %");
});

Deno.test("a text of one line stays one", () => {
  assertEquals(visibleLine("a\nb\tc\r\nd"), "a\\x0ab\\x09c\\r\\x0ad");
});

Deno.test("JSON that is shown is the same JSON", () => {
  const value = { [`a${STEERING.join("")}`]: STEERING };
  for (const json of [JSON.stringify(value), JSON.stringify(value, null, 2)]) {
    const shown = visibleJson(json);
    assertEquals(JSON.parse(shown), value);
    assertEquals(visible(shown), shown);
  }
});

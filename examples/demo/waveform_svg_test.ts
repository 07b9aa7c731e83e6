import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { waveformSvg } from "./waveform_svg.ts";

const HEAD = { title: "A & B", subtitle: "two <segments>", rate: 100 };
const TONE = Float64Array.from({ length: 200 }, (_, i) => 0.5 * Math.sin(i / 3));

Deno.test("the picture shows each segment where it is, with its text", () => {
  const svg = waveformSvg({ ...HEAD, samples: TONE, marks: [{ start: 0.5, end: 1, lines: ["hello", "0.50 to 1.00 s"] }] });
  assertStringIncludes(svg, '<rect x="292" y="78" width="228"');
  assertStringIncludes(svg, '<text class="mark first" x="406" y="98" text-anchor="middle">hello</text>');
  assertStringIncludes(svg, ">0.50 to 1.00 s</text>");
});

Deno.test("text in the picture is escaped", () => {
  const svg = waveformSvg({ ...HEAD, samples: TONE, marks: [] });
  assertStringIncludes(svg, ">A &amp; B</text>");
  assertStringIncludes(svg, ">two &lt;segments&gt;</text>");
});

Deno.test("the time axis has at most eleven ticks, from a short recording to a long one", () => {
  for (const seconds of [0.5, 8.2, 61, 3600]) {
    const svg = waveformSvg({ ...HEAD, samples: new Float64Array(seconds * 100), marks: [] });
    const ticks = svg.match(/<text x="[\d.]+" y="358"/g) ?? [];
    assertEquals(ticks.length >= 1 && ticks.length <= 11, true, `${ticks.length} ticks for ${seconds} s`);
  }
});

Deno.test("silence and an empty recording make pictures too", () => {
  for (const samples of [new Float64Array(50), new Float64Array(0)]) {
    const svg = waveformSvg({ ...HEAD, samples, marks: [] });
    assertMatch(svg, /^<svg [^]*<\/svg>\n$/);
    assertEquals(/NaN|Infinity|undefined/.test(svg), false);
  }
});

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Dot, sentenceMapSvg } from "./map_svg.ts";

const HEAD = { title: "A & B", subtitle: "two" };
const DOTS: readonly Dot[] = [{ at: [0, 0], text: "first <one>", group: "a" }, { at: [2, 1], text: "second", group: "b" }];

Deno.test("the map shows each sentence in the colour of its group, with its text escaped", () => {
  const svg = sentenceMapSvg({ ...HEAD, dots: DOTS, questions: [] });
  assertMatch(svg, /<circle class="dot g0" [^>]*><title>first &lt;one&gt;<\/title>/);
  assertMatch(svg, /<circle class="dot g1" [^>]*><title>second<\/title>/);
  assertStringIncludes(svg, ">A &amp; B</text>");
});

Deno.test("a question is joined to its answers, and stands beside the best of them", () => {
  const svg = sentenceMapSvg({ ...HEAD, dots: DOTS, questions: [{ at: [1, 0.5], text: "which?", answers: DOTS.toReversed() }] });
  const [, x, y] = /class="dot g1" cx="([\d.]+)" cy="([\d.]+)"/.exec(svg)!;
  assertStringIncludes(svg, `L${x},${y}`);
  assertMatch(svg, /class="asked"[^>]*>which\?<[^]*>second<\/text>/);
});

Deno.test("all dots lie within the picture, also when there is one, or none", () => {
  for (const dots of [DOTS, DOTS.slice(1), []]) {
    const svg = sentenceMapSvg({ ...HEAD, dots, questions: [] });
    assertEquals(/NaN|Infinity|undefined/.test(svg), false);
    const places = [...svg.matchAll(/class="dot[^>]* cx="([\d.]+)" cy="([\d.]+)"/g)];
    assertEquals(places.every(([, x, y]) => Number(x) > 32 && Number(x) < 652 && Number(y) > 108 && Number(y) < 608), true);
  }
});

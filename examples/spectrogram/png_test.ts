import { assertEquals } from "@std/assert";
import { heatColour, pngOf } from "./png.ts";

Deno.test("a PNG has its size in its header, and its pixels behind", async () => {
  const png = await pngOf({ width: 2, height: 3, colourAt: (x, y) => [x, y, 7] });
  const view = new DataView(png.buffer, png.byteOffset);
  assertEquals([view.getUint32(16), view.getUint32(20)], [2, 3]);
  const length = view.getUint32(33);
  const data = new Blob([png.slice(41, 41 + length)]).stream().pipeThrough(new DecompressionStream("deflate"));
  assertEquals([...await new Response(data).bytes()], [0, 0, 0, 7, 1, 0, 7, 0, 0, 1, 7, 1, 1, 7, 0, 0, 2, 7, 1, 2, 7]);
});

Deno.test("the checksum of a chunk is the one that PNG readers compute", async () => {
  const png = await pngOf({ width: 1, height: 1, colourAt: () => [0, 0, 0] });
  assertEquals(new DataView(png.buffer, png.byteOffset + png.length - 4).getUint32(0), 0xae426082);
});

Deno.test("heat goes from black to white, and stays there beyond its ends", () => {
  assertEquals([heatColour(-1), heatColour(0), heatColour(1), heatColour(2)], [[0, 0, 8], [0, 0, 8], [255, 255, 230], [255, 255, 230]]);
});

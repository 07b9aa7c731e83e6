import { assertEquals, assertRejects } from "@std/assert";
import { WavFile } from "./wav.ts";

/** A WAV file with a chunk of odd length before its samples, which must be stepped over. */
function wavBytes(samples: readonly number[], format: { readonly channels: number; readonly bits?: number }): Uint8Array {
  const { channels, bits = 16 } = format;
  const bytes = new Uint8Array(12 + 24 + 12 + 8 + samples.length * 2);
  const view = new DataView(bytes.buffer);
  const put = (at: number, text: string) => bytes.set(new TextEncoder().encode(text), at);
  put(0, "RIFF");
  put(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, channels, true);
  view.setUint32(24, 8000, true);
  view.setUint16(34, bits, true);
  put(36, "note");
  view.setUint32(40, 3, true);
  put(48, "data");
  view.setUint32(52, samples.length * 2, true);
  samples.forEach((sample, i) => view.setInt16(56 + i * 2, sample, true));
  return bytes;
}

async function withFile(bytes: Uint8Array, use: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".wav" });
  try {
    await Deno.writeFile(path, bytes);
    await use(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("samples are read piece by piece, up to the end", async () => {
  await withFile(wavBytes([16_384, -32_768, 8_192], { channels: 1 }), async (path) => {
    using file = await WavFile.open(path);
    assertEquals([file.rate, file.length], [8000, 3]);
    assertEquals([...await file.read(2)], [0.5, -1]);
    assertEquals([...await file.read(2)], [0.25]);
    assertEquals([...await file.read(2)], []);
  });
});

Deno.test("the channels are mixed into one", async () => {
  await withFile(wavBytes([16_384, -16_384, 16_384, 0], { channels: 2 }), async (path) => {
    using file = await WavFile.open(path);
    assertEquals([file.length, [...await file.read(9)]], [2, [0, 0.25]]);
  });
});

Deno.test("a file that ends before its samples do gives those that are there", async () => {
  await withFile(wavBytes([1, 2, 3, 4], { channels: 1 }).slice(0, -3), async (path) => {
    using file = await WavFile.open(path);
    assertEquals([file.length, (await file.read(4)).length, (await file.read(4)).length], [4, 2, 0]);
  });
});

Deno.test("what is no WAV file of 16 bits is refused", async () => {
  const texts = [
    new TextEncoder().encode("no recording at all"),
    wavBytes([], { channels: 1 }).slice(0, 40),
    wavBytes([], { channels: 1, bits: 24 }),
  ];
  for (const bytes of texts) await withFile(bytes, async (path) => void await assertRejects(() => WavFile.open(path), TypeError));
});

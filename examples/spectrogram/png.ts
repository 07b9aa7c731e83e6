/**
 * PNG pictures.
 *
 * @module
 */

/** What is drawn: the colour of each point, from the upper left. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  colourAt(x: number, y: number): readonly [red: number, green: number, blue: number];
}

/** The picture as the bytes of a PNG file. */
export async function pngOf(picture: Picture): Promise<Uint8Array> {
  const { width, height } = picture;
  const header = new DataView(new ArrayBuffer(13));
  header.setUint32(0, width);
  header.setUint32(4, height);
  header.setUint16(8, 0x0802); // 8 bits of each of red, green and blue
  const parts = [
    new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk("IHDR", new Uint8Array(header.buffer)),
    chunk("IDAT", await deflated(scanLines(picture))),
    chunk("IEND", new Uint8Array(0)),
  ];
  return await new Blob(parts).bytes();
}

/** Each line begins with a byte that tells its filter: none. */
function scanLines({ width, height, colourAt }: Picture): Uint8Array<ArrayBuffer> {
  const lines = new Uint8Array(height * (1 + 3 * width));
  for (let y = 0, at = 0; y < height; y++) {
    at++;
    for (let x = 0; x < width; x++, at += 3) lines.set(colourAt(x, y), at);
  }
  return lines;
}

async function deflated(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate"))).bytes();
}

function chunk(name: string, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  bytes.set(new TextEncoder().encode(name), 4);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

/** A colour for a number from 0 to 1: black, blue, red, yellow, white. */
export function heatColour(value: number): readonly [number, number, number] {
  const at = Math.max(0, Math.min(1, value)) * (STOPS.length - 1);
  const [from, to] = [STOPS[Math.floor(at)]!, STOPS[Math.ceil(at)]!];
  const mixed = from.map((part, i) => Math.round(part + (to[i]! - part) * (at % 1)));
  return [mixed[0]!, mixed[1]!, mixed[2]!];
}

const STOPS: readonly (readonly [number, number, number])[] = [[0, 0, 8], [58, 15, 110], [200, 45, 70], [250, 170, 40], [255, 255, 230]];

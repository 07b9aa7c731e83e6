/**
 * `deno task bench:payload`: how long a value takes to a Python plugin and back, by size and by way, against a plain copy of the same bytes. Writes
 * `docs/payload.md` and `docs/payload.svg`. `deno task bench:payload 64` measures up to 64 MiB only, and writes nothing.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { type FileResult, RemotePluginProxy } from "@remote-plugin/proxy";
import { formatBytes, payloadSvg, type Row } from "./payload_svg.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const SIZES = [1, 16, 64, 128, 256, 1024, 16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024].map((kib) => kib * KIB);
/** The size of which the targets speak. */
const BIG = 64 * MIB;
/** A frame has at most 128 MiB, and base64 makes 4 bytes of 3. */
const LONGEST_TEXT = 64 * MIB;

/** How a value travels, from making it ready to having it in hand on the other side. */
interface Way {
  readonly name: string;
  readonly direction: "in" | "out";
  readonly limit: number;
  run(plugin: RemotePluginProxy, data: Uint8Array<ArrayBuffer>): Promise<number>;
  /** What the plugin has to have ready. */
  readonly prepares?: string;
}

const decoder = new TextDecoder();

const WAYS: readonly Way[] = [
  {
    name: "text in JSON, in",
    direction: "in",
    limit: LONGEST_TEXT,
    run: (plugin, data) => plugin.execute({ action: "take_text", data: decoder.decode(data) }),
  },
  {
    name: "base64 in JSON, in",
    direction: "in",
    limit: LONGEST_TEXT,
    run: (plugin, data) => plugin.execute({ action: "take_base64", data: data.toBase64() }),
  },
  { name: "file, in", direction: "in", limit: Infinity, run: (plugin, data) => plugin.execute({ action: "take_file", data }) },
  { name: "file and mmap, in", direction: "in", limit: Infinity, run: (plugin, data) => plugin.execute({ action: "take_mapped", data }) },
  {
    name: "text in JSON, out",
    direction: "out",
    limit: LONGEST_TEXT,
    prepares: "text",
    run: async (plugin) => (await plugin.execute<string>({ action: "give", way: "text" })).length,
  },
  {
    name: "base64 in JSON, out",
    direction: "out",
    limit: LONGEST_TEXT,
    prepares: "base64",
    run: async (plugin) => Uint8Array.fromBase64(await plugin.execute<string>({ action: "give", way: "base64" })).length,
  },
  {
    name: "file, out",
    direction: "out",
    limit: Infinity,
    prepares: "file",
    async run(plugin) {
      await using result = await plugin.execute<FileResult>({ action: "give", way: "file" });
      return (await result.bytes()).length;
    },
  },
  {
    name: "file into kept memory, out",
    direction: "out",
    limit: Infinity,
    prepares: "file",
    async run(plugin, data) {
      await using result = await plugin.execute<FileResult>({ action: "give", way: "file" });
      return (await result.bytes({ into: data })).length;
    },
  },
  {
    name: "file and mmap, out",
    direction: "out",
    limit: Infinity,
    prepares: "file",
    async run(plugin) {
      await using result = await plugin.execute<FileResult>({ action: "give", way: "file" });
      using mapping = await result.map();
      return mapping.bytes.length + 0 * touch(mapping.bytes);
    },
  },
];

/** Looks at every page. */
function touch(bytes: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 4096) sum += bytes[i]!;
  return sum;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

async function timeOf(way: Way, plugin: RemotePluginProxy, data: Uint8Array<ArrayBuffer>): Promise<number> {
  const begun = performance.now();
  const length = await way.run(plugin, data);
  const milliseconds = performance.now() - begun;
  if (length !== data.length) throw new Error(`${way.name}: ${length} bytes came, not ${data.length}`);
  return milliseconds;
}

/** Runs each way some times in turn, so that what slows the machine down for a while hits all of them. */
async function measureSize(plugin: RemotePluginProxy, size: number, folder: string): Promise<Row> {
  const data = new Uint8Array(size).fill(97);
  const rounds = size <= MIB ? 11 : size <= BIG ? 3 : 1;
  const ways = WAYS.filter(({ limit }) => size <= limit);
  const times = new Map<string, number[]>(ways.map(({ name }) => [name, []]));
  const copies: { fresh: number[]; warm: number[] } = { fresh: [], warm: [] };
  for (const way of ways) {
    if (way.prepares !== undefined) await plugin.execute({ action: "prepare", way: way.prepares, size });
    await timeOf(way, plugin, data);
    for (let round = 0; round < rounds; round++) {
      times.get(way.name)!.push(await timeOf(way, plugin, data));
      if (way.prepares !== undefined && way.prepares !== "file") continue;
      const [fresh, warm] = await plugin.execute<[number, number]>({ action: "memcpy", folder, size });
      copies.fresh.push(fresh * 1000);
      copies.warm.push(warm * 1000);
    }
    await plugin.execute({ action: "prepare", way: "text", size: 0 });
  }
  const all = [...times, ["memcpy, new file", copies.fresh] as const, ["memcpy, same pages again", copies.warm] as const];
  const cells = all.map(([name, values]) => [name, { ms: median(values), low: Math.min(...values), high: Math.max(...values) }] as const);
  return { size, cells: Object.fromEntries(cells) };
}

function ownMemory(key: string): number {
  const line = Deno.readTextFileSync("/proc/self/status").split("\n").find((one) => one.startsWith(key));
  return Number(/\d+/.exec(line ?? "")?.[0] ?? 0) * KIB;
}

/** The most memory that host and worker have, on top of what they have without the value, as a multiple of the value. */
async function measureMemory(name: string): Promise<string> {
  const way = WAYS.find((one) => one.name === name)!;
  await using plugin = await start();
  await plugin.execute({ action: "peak" });
  const before = [ownMemory("VmRSS"), await plugin.execute<number>({ action: "reset_peak" })];
  await Deno.writeTextFile("/proc/self/clear_refs", "5");
  if (way.prepares !== undefined) await plugin.execute({ action: "prepare", way: way.prepares, size: BIG });
  // What comes out is not in the host before.
  const data = way.direction === "in" ? new Uint8Array(BIG).fill(97) : { length: BIG } as Uint8Array<ArrayBuffer>;
  await timeOf(way, plugin, data);
  const after = [ownMemory("VmHWM"), await plugin.execute<number>({ action: "peak" })];
  const [host, worker] = after.map((bytes, i) => ((bytes - before[i]!) / BIG).toFixed(2));
  return `| ${name} | ${host} | ${worker} |`;
}

function start(): Promise<RemotePluginProxy> {
  const plugin_path = fromFileUrl(new URL(".", import.meta.url));
  const env_vars = { PYTHONDONTWRITEBYTECODE: "1" };
  const python_path = Deno.env.get("PYTHON") ?? "python3";
  return RemotePluginProxy.start({ python_path, module: "payload_plugin", class: "Payload", plugin_path, env_vars });
}

const NAMES = [...WAYS.map(({ name }) => name), "memcpy, new file", "memcpy, same pages again"];

function table(rows: readonly Row[]): string[] {
  const cell = (row: Row, name: string) => row.cells[name] === undefined ? "" : String(Number(row.cells[name].ms.toPrecision(3)));
  return [
    `| ms | ${rows.map(({ size }) => formatBytes(size)).join(" | ")} |`,
    `| --- | ${rows.map(() => "---:").join(" | ")} |`,
    ...NAMES.map((name) => `| ${name} | ${rows.map((row) => cell(row, name)).join(" | ")} |`),
  ];
}

function ratios(row: Row): string[] {
  const ms = (name: string) => row.cells[name]!.ms;
  const line = (what: string, value: number, target: string) => `| ${what} | ${value.toFixed(1)} | ${target} |`;
  return [
    `| at ${formatBytes(row.size)} | ratio | target |`,
    "| --- | ---: | ---: |",
    ...["in", "out"].flatMap((direction) => [
      line(`file, ${direction} : memcpy to a new file`, ms(`file, ${direction}`) / ms("memcpy, new file"), "at most 3"),
      line(`file, ${direction} : memcpy to the same pages again`, ms(`file, ${direction}`) / ms("memcpy, same pages again"), ""),
      line(`base64 in JSON, ${direction} : file`, ms(`base64 in JSON, ${direction}`) / ms(`file, ${direction}`), "at least 20"),
    ]),
    line("file and mmap, in : memcpy to a new file", ms("file and mmap, in") / ms("memcpy, new file"), "at most 3"),
    line("base64 in JSON, in : file and mmap", ms("base64 in JSON, in") / ms("file and mmap, in"), "at least 20"),
  ];
}

function spread(row: Row): string[] {
  return [
    `| at ${formatBytes(row.size)} | median ms | least | most |`,
    "| --- | ---: | ---: | ---: |",
    ...NAMES.map((name) => {
      const { ms, low, high } = row.cells[name]!;
      return `| ${name} | ${ms.toFixed(1)} | ${low.toFixed(1)} | ${high.toFixed(1)} |`;
    }),
  ];
}

async function main(): Promise<void> {
  const limit = Number(Deno.args[0] ?? "Infinity") * MIB;
  await using plugin = await start();
  const folder = plugin.endpoint!.scratch!.memory ?? plugin.endpoint!.scratch!.disk;
  const rows: Row[] = [];
  for (const size of SIZES.filter((one) => one <= limit)) {
    rows.push(await measureSize(plugin, size, folder));
    console.error(`${formatBytes(size)} done`);
  }
  const big = rows.find(({ size }) => size === BIG);
  const memory = ["file, in", "file and mmap, in", "file, out"].map((name) => () => measureMemory(name));
  const memoryRows: string[] = [];
  for (const measure of memory) memoryRows.push(await measure());
  const sections = [
    "# How long values take\n",
    `Measured by \`deno task bench:payload\` on ${
      new Date().toISOString().slice(0, 10)
    }: Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} ` +
    `cores, files in \`${
      folder.replace(/remote-plugin-\w+/, "…")
    }\`. A time goes from the call to having the bytes in hand on the other side: in a \`bytes\` object ` +
    "or in the mapping of the file in Python, in a `Uint8Array` in the host. Medians of runs in turn, in milliseconds. An empty field: the way does not reach that far.\n",
    "![Times by size](payload.svg)\n",
    ...table(rows),
    "",
    ...(big === undefined ? [] : [...ratios(big), "", ...spread(big), ""]),
    `| most memory for ${formatBytes(BIG)}, as a multiple of them | host | worker |`,
    "| --- | ---: | ---: |",
    ...memoryRows,
    "",
  ];
  console.log(sections.join("\n"));
  if (limit !== Infinity) return;
  await Deno.writeTextFile(new URL("../docs/payload.md", import.meta.url), sections.join("\n"));
  await Deno.writeTextFile(new URL("../docs/payload.svg", import.meta.url), payloadSvg(rows));
}

await main();

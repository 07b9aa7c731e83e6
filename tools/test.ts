/**
 * `deno task test [PATH…] [--filter TEXT] [--quick]`: runs the tests in groups, each with the permissions that it needs and no others, in a temporary
 * folder of their own, and fails when they leave something behind.
 *
 * `--quick` takes less than a minute: `groups.ts` says what it leaves out. `--long` takes far more time and memory than all the rest. `--interop` adds the
 * tests with the original's published packages, and `--registry jsr` takes this project's packages from JSR.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { exists } from "@std/fs";
import { dirname } from "@std/path";
import { refuseFlags, runTool, UsageError } from "./arguments.ts";
import { INTEROP_FOLDER, prepareEnvironments, prepareFfmpeg } from "./environments.ts";
import { filesOf, type Group, GROUPS, type Places } from "./groups.ts";
import { add, closingLine, countReport, type Counts, NONE } from "./junit.ts";
import { findLeaks } from "./leaks.ts";
import { findPythonWith } from "./packages.ts";
import { findPython, pathWith } from "./python.ts";
import { pathOf, type Registry, registryFlags } from "./registry.ts";
import { passThrough } from "./run.ts";

interface Options {
  readonly registry: Registry;
  readonly filter: string | undefined;
  readonly paths: readonly string[];
  /** Whether the tests with the original's packages are run too. */
  readonly interop: boolean;
  readonly quick: boolean;
  readonly long: boolean;
}

/** One group, and where it stands among those of this run. */
interface Chosen {
  readonly group: Group;
  readonly files: readonly string[];
  readonly filter: string | undefined;
}

/** What a run depends on. */
interface Run {
  readonly options: Options;
  readonly places: Places;
  /** Where `deno test` writes what became of the tests. */
  readonly report: string;
}

const USAGE = "Usage: deno task test [PATH…] [--filter TEXT] [--quick | --long] [--interop] [--registry npm|jsr]";

/** `--long` hands over 10,000 files while workers are killed, and values of up to 2 GiB, for which the machine needs some 8 GiB of memory. */
const LONG = { REMOTE_PLUGIN_TEST_HANDOFFS: "10000", REMOTE_PLUGIN_TEST_LARGEST: "3000000000" };

function parse(words: string[]): Options {
  const { registry, filter, interop, quick, long, _ } = parseArgs(words, {
    string: ["filter", "registry"],
    boolean: ["interop", "quick", "long"],
    default: { registry: "npm" },
    unknown: refuseFlags(USAGE),
  });
  if (registry !== "npm" && registry !== "jsr") throw new UsageError(`There is no registry "${registry}". ${USAGE}`);
  const paths = _.map((path) => String(path).replace(/^\.\/|\/$/g, ""));
  return { registry, filter, interop, quick, long, paths };
}

/** Somebody pressed Ctrl-C, or sent SIGTERM. */
class Interrupted extends Error {
  /** The exit code of the tests that were interrupted. */
  constructor(readonly code: number) {
    super("interrupted");
  }
}

async function choose(options: Options): Promise<Chosen[]> {
  const groups = GROUPS.filter(({ interop, quick }) => (options.interop || !interop) && (!options.quick || quick !== undefined));
  const chosen = await Promise.all(groups.map(async (group) => {
    const part = options.quick ? group.quick : undefined;
    const files = await filesOf(group, options.paths.length > 0 ? options.paths : part?.paths ?? []);
    return { group, files, filter: options.filter ?? part?.filter };
  }));
  return chosen.filter(({ files }) => files.length > 0);
}

/** Runs one group; a run that fails without a failed test, say on a type error, counts as one. */
async function runGroup({ group, files, filter }: Chosen, { options, places, report }: Run): Promise<Counts> {
  const flags = [
    ...registryFlags(options.registry),
    ...group.flags(places),
    "--no-prompt",
    "--sanitize-ops",
    "--sanitize-resources",
    `--junit-path=${report}`,
    ...(options.quick ? ["--no-check"] : []), // Types are for `deno task check`.
    ...(filter === undefined ? [] : ["--filter", filter]),
  ];
  const code = await passThrough([places.deno, "test", ...flags, ...files], { env: environment(options, places) });
  if (code === 130 || code === 143) throw new Interrupted(code);
  const counts = await readCounts(report);
  const shown = filter === undefined ? counts : { ...counts, skipped: 0 }; // A filtered test is reported as a skipped one.
  return code !== 0 && counts.failed === 0 ? add(shown, { ...NONE, failed: 1 }) : shown;
}

function environment({ registry, long }: Options, { temp, deno, python, packagedPython, ffmpeg }: Places): Record<string, string> {
  const own = {
    REMOTE_PLUGIN_TEST_PYTHON: python ?? "",
    REMOTE_PLUGIN_TEST_PACKAGED_PYTHON: packagedPython ?? "",
    REMOTE_PLUGIN_TEST_REGISTRY: registry,
    REMOTE_PLUGIN_INTEROP: INTEROP_FOLDER,
    REMOTE_PLUGIN_TEST_FFMPEG: ffmpeg ?? "",
  };
  return { TMPDIR: temp, TMP: temp, TEMP: temp, PATH: pathWith([deno, python, ffmpeg]), ...own, ...(long ? LONG : {}) };
}

async function readCounts(report: string): Promise<Counts> {
  if (!await exists(report)) return NONE;
  const counts = countReport(await Deno.readTextFile(report));
  await Deno.remove(report);
  return counts;
}

/** Says what is left, ends what still runs, and counts it as one failure. */
async function checkLeaks(temp: string): Promise<Counts> {
  const { files, processes } = await findLeaks(temp);
  console.log("\n== left behind");
  if (processes === undefined) console.log("processes: not checked, they can be told on Linux only");
  for (const line of [...(processes ?? []).map((found) => `process ${found}`), ...files]) console.log(line);
  for (const line of processes ?? []) Deno.kill(parseInt(line), "SIGKILL");
  const left = files.length + (processes?.length ?? 0);
  console.log(left === 0 ? "nothing" : `${left} left behind: a test, or what it tests, does not clean up`);
  return { ...NONE, failed: left === 0 ? 0 : 1 };
}

/** What the group needs of other people's packages; a reason where it cannot run without them. */
async function equip(group: Group, places: Places): Promise<Places | string> {
  if (group.interop) {
    const reason = await prepareEnvironments(places.python);
    return reason ?? { ...places, ffmpeg: await findFfmpeg() };
  }
  if (group.packages === undefined) return places;
  const found = await findPythonWith(group.packages, places.python);
  if (found.program === undefined) console.log(`ITS TESTS WITH PYTHON ARE SKIPPED, ${found.reason}`);
  return { ...places, packagedPython: found.program };
}

async function findFfmpeg(): Promise<string | undefined> {
  const found = await prepareFfmpeg();
  if (found === undefined) console.log("THE TESTS WITH ffmpeg ARE SKIPPED, the system has none, and PyPI none for it");
  return found;
}

async function runAll(run: Run): Promise<Counts> {
  const chosen = await choose(run.options);
  let counts = NONE;
  for (const [index, each] of chosen.entries()) {
    console.log(`\n== ${each.group.name}, group ${index + 1} of ${chosen.length}: ${each.group.flags(run.places).join(" ")}`);
    const begin = performance.now();
    const places = await equip(each.group, run.places);
    if (typeof places === "string") {
      console.log(`SKIPPED, for ${places}`);
      counts = add(counts, { ...NONE, skipped: each.files.length });
    } else {
      const own = await runGroup(each, { ...run, places });
      console.log(`== ${each.group.name}: ${closingLine(own)}, in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
      counts = add(counts, own);
    }
  }
  return add(counts, await checkLeaks(run.places.temp));
}

/** With a short name, for the path of a socket may have some hundred bytes and no more. */
async function makeBase(): Promise<string> {
  const place = await Deno.makeTempDir();
  const base = `${dirname(place)}/rpp-${crypto.randomUUID().slice(0, 6)}`;
  await Deno.rename(place, base);
  // Tests act as another user, who has to get as far as to what keeps him out.
  await Deno.chmod(base, 0o711);
  return await Deno.realPath(base);
}

async function main(): Promise<number> {
  const options = parse(Deno.args);
  const base = await makeBase();
  const temp = `${base}/t`;
  await Deno.mkdir(temp, { mode: 0o711 });
  const places: Places = { repo: pathOf("./"), temp, deno: Deno.execPath(), python: await findPython() };
  const python = places.python ?? "no Python 3.8 or later, its tests are skipped";
  console.log(`deno ${Deno.version.deno}, ${python}, packages from ${options.registry}`);
  try {
    const counts = await runAll({ options, places, report: `${base}/report.xml` });
    if (counts.passed + counts.failed === 0) console.log("No test was run");
    console.log(`\n${closingLine(counts)}`);
    return counts.failed > 0 || counts.passed + counts.skipped === 0 ? 1 : 0;
  } catch (error) {
    if (error instanceof Interrupted) return error.code;
    throw error;
  } finally {
    await Deno.remove(base, { recursive: true });
  }
}

if (import.meta.main) await runTool(main);

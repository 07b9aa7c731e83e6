/**
 * `deno task test [PATH…] [--filter TEXT] [--quick]`: runs the tests in groups, each with the permissions that it needs and no others, in a temporary
 * folder of their own, and fails when they leave something behind.
 *
 * `--quick` takes less than a minute: `groups.ts` says what it leaves out. `--long` takes far more time and memory than all the rest. `--interop` adds the
 * tests with the original's published packages, and `--registry jsr` takes this project's packages from JSR. `--jobs 2` runs two groups at a time,
 * and `--no-check` leaves the types to `deno task check`.
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
import { findPythonWith, type PackagedPython } from "./packages.ts";
import { findPython, pathWith } from "./python.ts";
import { pathOf, type Registry, registryFlags } from "./registry.ts";
import { holdBack, passThrough, type RunOptions } from "./run.ts";

interface Options {
  readonly registry: Registry;
  readonly filter: string | undefined;
  readonly paths: readonly string[];
  /** Whether the tests with the original's packages are run too. */
  readonly interop: boolean;
  readonly quick: boolean;
  readonly long: boolean;
  /** Whether types are checked. */
  readonly check: boolean;
  /** How many groups run at a time. */
  readonly jobs: number;
}

/** One group, and where it stands among those of this run. */
interface Chosen {
  readonly group: Group;
  /** Its number among those of this run, and how many these are. */
  readonly place: string;
  /** Its own folder for temporary files, so that no group sees what is another's. */
  readonly temp: string;
  readonly files: readonly string[];
  readonly filter: string | undefined;
}

/** What a run depends on. */
interface Run {
  readonly options: Options;
  readonly places: Omit<Places, "temp">;
  /** The folder of all that the run writes. */
  readonly base: string;
  /** The Pythons with packages, by their folders. Groups that run at the same time may need the same one. */
  readonly packaged: Map<string, Promise<PackagedPython>>;
}

const USAGE = "Usage: deno task test [PATH…] [--filter TEXT] [--quick | --long] [--interop] [--registry npm|jsr] [--jobs N] [--no-check]";

/** `--long` hands over 10,000 files while workers are killed, and values of up to 2 GiB, for which the machine needs some 8 GiB of memory. */
const LONG = { REMOTE_PLUGIN_TEST_HANDOFFS: "10000", REMOTE_PLUGIN_TEST_LARGEST: "3000000000" };

function parse(words: string[]): Options {
  const { registry, filter, interop, quick, long, check, jobs, _ } = parseArgs(words, {
    string: ["filter", "registry", "jobs"],
    boolean: ["interop", "quick", "long", "check"],
    negatable: ["check"],
    default: { registry: "npm", jobs: "1", check: true },
    unknown: refuseFlags(USAGE),
  });
  if (registry !== "npm" && registry !== "jsr") throw new UsageError(`There is no registry "${registry}". ${USAGE}`);
  if (!/^[1-9]$/.test(jobs)) throw new UsageError(`--jobs is a number of 1 to 9, not "${jobs}". ${USAGE}`);
  const paths = _.map((path) => String(path).replace(/^\.\/|\/$/g, ""));
  return { registry, filter, interop, quick, long, check: check && !quick, paths, jobs: Number(jobs) };
}

/** Somebody pressed Ctrl-C, or sent SIGTERM. */
class Interrupted extends Error {
  /** The exit code of the tests that were interrupted. */
  constructor(readonly code: number) {
    super("interrupted");
  }
}

async function choose({ options, base }: Run): Promise<Chosen[]> {
  const groups = GROUPS.filter(({ interop, quick }) => (options.interop || !interop) && (!options.quick || quick !== undefined));
  const chosen = await Promise.all(groups.map(async (group) => {
    const part = options.quick ? group.quick : undefined;
    const files = await filesOf(group, options.paths.length > 0 ? options.paths : part?.paths ?? []);
    return { group, files, filter: options.filter ?? part?.filter };
  }));
  const there = chosen.filter(({ files }) => files.length > 0);
  // With a short name, for the path of a socket may have some hundred bytes and no more.
  return there.map((each, at) => ({ ...each, place: `${at + 1} of ${there.length}`, temp: `${base}/${(at + 10).toString(36)}` }));
}

/** Runs one group; a run that fails without a failed test, say on a type error, counts as one. */
async function runGroup({ group, files, filter, temp }: Chosen, { options }: Run, places: Places): Promise<Counts> {
  const report = `${temp}.xml`;
  const flags = [
    ...registryFlags(options.registry),
    ...group.flags(places),
    "--no-prompt",
    "--sanitize-ops",
    "--sanitize-resources",
    `--junit-path=${report}`,
    ...(options.check ? [] : ["--no-check"]), // Types are for `deno task check`.
    ...(filter === undefined ? [] : ["--filter", filter]),
  ];
  const command = [places.deno, "test", ...flags, ...files];
  const how = { env: environment(options, places) };
  const code = options.jobs === 1 ? await passThrough(command, how) : await printAtOnce(group.name, command, how);
  if (code === 130 || code === 143) throw new Interrupted(code);
  const counts = await readCounts(report);
  const shown = filter === undefined ? counts : { ...counts, skipped: 0 }; // A filtered test is reported as a skipped one.
  return code !== 0 && counts.failed === 0 ? add(shown, { ...NONE, failed: 1 }) : shown;
}

/** Groups that run at the same time print one after the other. */
async function printAtOnce(name: string, command: readonly string[], how: RunOptions): Promise<number> {
  const { code, output } = await holdBack(command, how);
  console.log(`\n== ${name} printed:\n${output.trim()}\n`);
  return code;
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
  if (processes === undefined) console.log("processes: not checked, they can be told on Linux only");
  for (const line of [...(processes ?? []).map((found) => `process ${found}`), ...files]) console.log(line);
  for (const line of processes ?? []) Deno.kill(parseInt(line), "SIGKILL");
  const left = files.length + (processes?.length ?? 0);
  if (left > 0) console.log(`${left} left behind: a test, or what it tests, does not clean up`);
  return { ...NONE, failed: left === 0 ? 0 : 1 };
}

/** What the group needs of other people's packages; a reason where it cannot run without them. */
async function equip({ packages, interop }: Group, places: Places, { packaged }: Run): Promise<Places | string> {
  if (interop) {
    const reason = await prepareEnvironments(places.python);
    return reason ?? { ...places, ffmpeg: await findFfmpeg() };
  }
  if (packages === undefined) return places;
  const finding = packaged.get(packages.folder) ?? findPythonWith(packages, places.python);
  packaged.set(packages.folder, finding);
  const found = await finding;
  if (found.program === undefined) console.log(`ITS TESTS WITH PYTHON ARE SKIPPED, ${found.reason}`);
  return { ...places, packagedPython: found.program };
}

async function findFfmpeg(): Promise<string | undefined> {
  const found = await prepareFfmpeg();
  if (found === undefined) console.log("THE TESTS WITH ffmpeg ARE SKIPPED, the system has none, and PyPI none for it");
  return found;
}

async function runAll(run: Run): Promise<Counts> {
  const inOrder = await choose(run);
  // One iterator, from which each lane takes the next group. The last ones take longest, and are not to be left alone at the end.
  const chosen = (run.options.jobs === 1 ? inOrder : inOrder.toReversed()).values();
  const lanes = Array.from({ length: run.options.jobs }, () => runLane(chosen, run));
  return (await Promise.all(lanes)).reduce(add, NONE);
}

async function runLane(chosen: Iterable<Chosen>, run: Run): Promise<Counts> {
  let counts = NONE;
  for (const each of chosen) counts = add(counts, await runOne(each, run));
  return counts;
}

async function runOne(chosen: Chosen, run: Run): Promise<Counts> {
  const { group, place, temp, files } = chosen;
  await Deno.mkdir(temp, { mode: 0o711 });
  const own = { ...run.places, temp };
  const begin = performance.now();
  console.log(`\n== ${group.name}, group ${place}: ${group.flags(own).join(" ")}`);
  const places = await equip(group, own, run);
  if (typeof places === "string") {
    console.log(`SKIPPED, for ${places}`);
    return { ...NONE, skipped: files.length };
  }
  const counts = add(await runGroup(chosen, run, places), await checkLeaks(temp));
  console.log(`== ${group.name}: ${closingLine(counts)}, in ${((performance.now() - begin) / 1000).toFixed(0)} s`);
  return counts;
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
  const places = { repo: pathOf("./"), deno: Deno.execPath(), python: await findPython() };
  const python = places.python ?? "no Python 3.8 or later, its tests are skipped";
  console.log(`deno ${Deno.version.deno}, ${python}, packages from ${options.registry}`);
  try {
    const counts = await runAll({ options, places, base, packaged: new Map() });
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

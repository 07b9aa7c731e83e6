/**
 * `deno task test [PATH…] [--filter TEXT] [--lane npm|jsr]`: runs the tests in groups, each with the permissions that it needs and no others, in a
 * temporary folder of their own, and fails when they leave something behind.
 *
 * @module
 */
import { INTEROP_FOLDER, prepareEnvironments, prepareFfmpeg } from "./environments.ts";
import { filesOf, type Group, GROUPS, type Places } from "./groups.ts";
import { add, closingLine, countReport, type Counts, NONE } from "./junit.ts";
import { type Lane, laneFlags, pathOf } from "./lane.ts";
import { findLeaks } from "./leaks.ts";
import { findPythonWith } from "./packages.ts";
import { findPython, pathWith } from "./python.ts";
import { passThrough } from "./run.ts";

interface Options {
  readonly lane: Lane;
  readonly filter: string | undefined;
  readonly paths: readonly string[];
  /** Whether the tests with the original's packages are run too. */
  readonly interop: boolean;
}

const USAGE = "Usage: deno task test [PATH…] [--filter TEXT] [--lane npm|jsr] [--interop]";

function parse(args: readonly string[]): Options {
  const options = new Map<string, string>();
  const paths: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const [, flag, value] = /^--(filter|lane)(?:=(.*))?$/.exec(args[at] ?? "") ?? [];
    if (args[at] === "--interop") options.set("interop", "");
    else if (flag !== undefined) options.set(flag, value ?? args[++at] ?? "");
    else paths.push((args[at] ?? "").replace(/^\.\/|\/$/g, ""));
  }
  const lane = options.get("lane") ?? "npm";
  const unknown = paths.find((path) => path.startsWith("-"));
  if (unknown !== undefined || (lane !== "npm" && lane !== "jsr")) throw new Error(`"${unknown ?? lane}" is not known. ${USAGE}`);
  return { lane, filter: options.get("filter"), paths, interop: options.has("interop") };
}

/** Somebody pressed Ctrl-C, or sent SIGTERM. */
class Interrupted extends Error {
  /** The exit code of the tests that were interrupted. */
  constructor(readonly code: number) {
    super("interrupted");
  }
}

/** Runs one group; a run that fails without a failed test, say on a type error, counts as one. */
async function runGroup(group: Group, files: readonly string[], run: Options & { places: Places; report: string }): Promise<Counts> {
  const { places, report, lane, filter } = run;
  const flags = [
    ...laneFlags(lane),
    ...group.flags(places),
    "--no-prompt",
    "--sanitize-ops",
    "--sanitize-resources",
    `--junit-path=${report}`,
  ];
  const what = filter === undefined ? [] : ["--filter", filter];
  console.log(`\n== ${group.name}: ${group.flags(places).join(" ")}`);
  const code = await passThrough([places.deno, "test", ...flags, ...what, ...files], { env: environment(places, lane) });
  if (code === 130 || code === 143) throw new Interrupted(code);
  const counts = await readCounts(report);
  const shown = filter === undefined ? counts : { ...counts, skipped: 0 }; // A filtered test is reported as a skipped one.
  return code !== 0 && counts.failed === 0 ? add(shown, { ...NONE, failed: 1 }) : shown;
}

function environment({ temp, deno, python, packagedPython, ffmpeg }: Places, lane: Lane): Record<string, string> {
  const own = {
    REMOTE_PLUGIN_TEST_PYTHON: python ?? "",
    REMOTE_PLUGIN_TEST_PACKAGED_PYTHON: packagedPython ?? "",
    REMOTE_PLUGIN_TEST_LANE: lane,
    REMOTE_PLUGIN_INTEROP: INTEROP_FOLDER,
    REMOTE_PLUGIN_TEST_FFMPEG: ffmpeg ?? "",
  };
  return { TMPDIR: temp, TMP: temp, TEMP: temp, PATH: pathWith([deno, python, ffmpeg]), ...own };
}

async function readCounts(report: string): Promise<Counts> {
  try {
    return countReport(await Deno.readTextFile(report));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return NONE;
    throw error;
  } finally {
    await Deno.remove(report).catch(() => {});
  }
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

async function packagedPythonFor({ name, packages }: Group, { python }: Places): Promise<string | undefined> {
  if (packages === undefined) return undefined;
  const found = await findPythonWith(packages, python);
  if (found.program === undefined) console.log(`\n== ${name}: ITS TESTS WITH PYTHON ARE SKIPPED, ${found.reason}`);
  return found.program;
}

async function ffmpegOf(): Promise<string | undefined> {
  const found = await prepareFfmpeg();
  if (found === undefined) console.log("\n== interop: THE TESTS WITH ffmpeg ARE SKIPPED, the system has none, and PyPI none for it");
  return found;
}

async function runAll(options: Options, places: Places, report: string): Promise<Counts> {
  let counts = NONE;
  for (const group of GROUPS.filter(({ interop }) => options.interop || !interop)) {
    const files = filesOf(group, options.paths);
    if (files.length === 0) continue;
    const reason = group.interop ? await prepareEnvironments(places.python) : undefined;
    const packagedPython = await packagedPythonFor(group, places);
    const ffmpeg = group.interop && reason === undefined ? await ffmpegOf() : undefined;
    if (reason === undefined) {
      counts = add(counts, await runGroup(group, files, { ...options, places: { ...places, packagedPython, ffmpeg }, report }));
    } else {
      console.log(`\n== ${group.name}: SKIPPED, for ${reason}`);
      counts = add(counts, { ...NONE, skipped: files.length });
    }
  }
  return add(counts, await checkLeaks(places.temp));
}
/** With a short name, for the path of a socket may have some hundred bytes and no more. */
async function makeBase(): Promise<string> {
  const place = await Deno.makeTempDir();
  const base = `${place.replace(/[^\\/]+$/, "")}rpp-${crypto.randomUUID().slice(0, 6)}`;
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
  console.log(
    `deno ${Deno.version.deno}, ${places.python ?? "no Python 3.8 or later, its tests are skipped"}, packages from ${options.lane}`,
  );
  try {
    const counts = await runAll(options, places, `${base}/report.xml`);
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

if (import.meta.main) Deno.exit(await main());

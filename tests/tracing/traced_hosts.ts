/**
 * Host programs that make traces, run as users run them, and what came to the collector.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { fromFileUrl, join } from "@std/path";
import { OtlpReceiver } from "../support/otlp_receiver.ts";
import { hostArguments, runHost } from "../support/run_host.ts";
import { fixtureFolder } from "../support/fixtures.ts";
import { PrintedLines } from "../support/printed_lines.ts";

/** A Python with OpenTelemetry; empty where it cannot be had, which tools/test.ts tells aloud. */
export const PYTHON = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON") ?? "";

const FOLDER = fixtureFolder("traced");
const ROOT = fromFileUrl(new URL("../../", import.meta.url));

/** The same plugin for both runtimes. */
export const PLUGINS = {
  python: { name: "traced", version: "1.2.3", python_path: PYTHON, module: "plugin", class: "Traced", plugin_path: FOLDER },
  deno: { name: "traced", version: "1.2.3", runtime: "deno", module: join(FOLDER, "plugin.ts") },
};

/** What the Deno plugin imports, in one file: it may fetch nothing, and would have to be granted that. */
const OPENTELEMETRY = await bundled("npm:@opentelemetry/api@1");

async function bundled(name: string): Promise<string> {
  const [, ...flags] = hostArguments().filter((flag) => flag !== "--no-prompt");
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: ["bundle", ...flags, "--platform", "deno", name] })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Writes the Deno plugin and what it imports into a folder, and returns its manifest. */
export async function denoPluginIn(folder: string): Promise<typeof PLUGINS.deno> {
  await Deno.copyFile(join(FOLDER, "plugin.ts"), join(folder, "plugin.ts"));
  await Deno.writeTextFile(join(folder, "opentelemetry.mjs"), OPENTELEMETRY);
  await Deno.writeTextFile(join(folder, "deno.json"), '{"imports": {"@opentelemetry/api": "./opentelemetry.mjs"}}');
  return { ...PLUGINS.deno, module: join(folder, "plugin.ts") };
}

/** Where a plugin runs. */
export type Runtime = keyof typeof PLUGINS;

/** What a host prints. */
export interface Told {
  readonly trace: string;
  readonly results: readonly unknown[];
}

/** What a host has in its environment besides the address of the collector. */
export type Variables = Readonly<Record<string, string>>;

/** Tracing is on. */
export const ON: Variables = { OTEL_DENO: "true", OTEL_SERVICE_NAME: "app" };

/** Runs a host, whose worker has ended when it has, and gives all that came to the collector by then. */
export async function traced(
  host: "makes_traces" | "makes_traces_sync" | "makes_traces_elsewhere",
  [manifest, calls]: readonly [Record<string, unknown>, unknown],
  variables: Variables = ON,
): Promise<{ told: Told; otlp: OtlpReceiver }> {
  await using otlp = new OtlpReceiver();
  await using folder = await TemporaryFolder.create();
  const plugin = manifest.runtime === "deno" ? { ...manifest, module: (await denoPluginIn(folder.path)).module } : manifest;
  const temp = Deno.env.get("TMPDIR") ?? "/tmp";
  const programs = [PYTHON, Deno.execPath()].filter((path) => path !== "");
  // The thread of a blocking proxy reads its module, which stands in this checkout.
  const sources = host === "makes_traces" ? FOLDER : ROOT;
  const flags = [
    `--allow-run=${programs}`,
    `--allow-read=${[sources, temp, ...programs]}`,
    `--allow-write=${temp}`,
    "--allow-net=127.0.0.1",
    "--allow-env=OTEL_*",
  ];
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint, ...variables };
  return { told: await told(host, flags, [plugin, { scratchDir: temp, permissions: "requested" }, calls], env), otlp };
}

async function told(host: string, flags: readonly string[], args: readonly unknown[], env: Variables): Promise<Told> {
  const { code, stdout, stderr } = await runHost(host, flags, args, env);
  assertEquals([code, stderr], [0, ""]);
  return JSON.parse(stdout);
}

/** Serves the plugins of a folder by the command line, and runs a host that calls the one there by way of that. */
export async function servedTo(otlp: OtlpReceiver, folder: string): Promise<Told> {
  const variables = { ...ON, OTEL_EXPORTER_OTLP_ENDPOINT: otlp.endpoint };
  const server = serve(folder, { ...variables, OTEL_SERVICE_NAME: "gateway", TMPDIR: folder });
  const output = new PrintedLines(server.stdout);
  try {
    const { url, operatorToken: token } = JSON.parse(await output.next("the server's address"));
    return await told("makes_traces", ["--allow-net=127.0.0.1"], [{ url: `${url}/traced`, token }, {}, [{}]], variables);
  } finally {
    server.kill("SIGINT");
    await server.status;
    await output.cancel();
  }
}

function serve(folder: string, env: Variables): Deno.ChildProcess {
  const flags = ["--allow-read", `--allow-write=${folder}`, "--allow-net=127.0.0.1", "--allow-env", `--allow-run=${Deno.execPath()}`];
  const command = [join(ROOT, "src/cli/main.ts"), "serve", "--json", "--folder", folder, "--state-dir", folder];
  return new Deno.Command(Deno.execPath(), { args: [...hostArguments(), ...flags, ...command], env, stdin: "null", stdout: "piped" })
    .spawn();
}

/** A folder that is gone when the test has ended. */
export class TemporaryFolder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** Makes it. */
  static async create(): Promise<TemporaryFolder> {
    return new TemporaryFolder(await Deno.makeTempDir());
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

import { assertEquals } from "@std/assert";
import { discoverManifests, PluginManager } from "@remote-plugin/proxy/manager";
import { dirname, join, resolve } from "@std/path";
import { type Environment, ENVIRONMENTS, pythonOf } from "./environments.ts";

/** Stands in for conda, which is no package of PyPI's: the environments are those of the tests. */
const CONDA = `#!/bin/sh
[ "$1 $2" = "run -n" ] || exit 1
environment=$3
shift 3
program=$1
shift
exec "$ENVIRONMENTS/$environment/bin/$program" "$@"
`;

/** A folder in which the original's own tool writes manifests. */
class CjmProject implements AsyncDisposable {
  readonly #folder: string;
  readonly #environment: Environment;

  private constructor(folder: string, environment: Environment) {
    this.#folder = folder;
    this.#environment = environment;
  }

  static async create(environment: Environment): Promise<CjmProject> {
    const folder = await Deno.makeTempDir({ prefix: "project-" });
    await Deno.mkdir(join(folder, "bin"));
    await Deno.writeTextFile(join(folder, "bin", "conda"), CONDA, { mode: 0o700 });
    await Deno.writeTextFile(join(folder, "cjm.yaml"), "data_dir: .cjm\nmodels_dir: models\n");
    await Deno.mkdir(join(folder, ".cjm", "manifests"), { recursive: true });
    return new CjmProject(folder, environment);
  }

  get manifests(): string {
    return join(this.#folder, ".cjm", "manifests");
  }

  async write(name: string, manifest: unknown): Promise<void> {
    await Deno.writeTextFile(join(this.manifests, `${name}.json`), JSON.stringify(manifest));
  }

  /** Runs `cjm-ctl`. */
  async ctl(...args: string[]): Promise<void> {
    const bin = resolve(dirname(pythonOf(this.#environment)));
    const env = {
      ENVIRONMENTS: dirname(dirname(bin)),
      PATH: `${join(this.#folder, "bin")}:${Deno.env.get("PATH")}`,
      PYTHONDONTWRITEBYTECODE: "1",
      TMPDIR: this.#folder,
    };
    const command = new Deno.Command(join(bin, "cjm-ctl"), { args, env, cwd: this.#folder, stdin: "null" });
    const { code, stdout, stderr } = await command.output();
    assertEquals(code, 0, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Deno.remove(this.#folder, { recursive: true });
  }
}

const [OLD, NEW] = ENVIRONMENTS as [Environment, Environment];

Deno.test(`a plugin runs by the manifest that the tool of ${OLD.label} has written, with the folders and defaults of the original`, async () => {
  await using project = await CjmProject.create(OLD);
  const name = "cjm-graph-plugin-sqlite";
  await project.write(name, { name, module: "unknown", class: "Unknown", conda_env: OLD.name, package_source: name });
  await project.ctl("regenerate-manifest", name);
  const { manifests, problems } = await discoverManifests([project.manifests]);
  assertEquals([manifests.map((found) => found.name), problems], [[name], []]);
  await using manager = await PluginManager.create({ folders: [project.manifests] });
  assertEquals(manager.list().flatMap(({ warnings }) => warnings), []);
  const graph = manager.get(name);
  assertEquals(await graph.execute({ action: "add_nodes", nodes: [{ id: "a", label: "Word", properties: {}, sources: [] }] }), {
    created_ids: ["a"],
    count: 1,
  });
  const { db_path } = await graph.getCurrentConfig() as { db_path: string | null };
  assertEquals([db_path, await containsFile(join(project.manifests, "..", "data", name))], [null, true]);
});

Deno.test(`a task adapter is bound by the manifests that the tool of ${NEW.label} has written`, async () => {
  await using project = await CjmProject.create(NEW);
  const name = "cjm-capability-pysbd";
  const install = { python_path: "unknown", conda_env: NEW.name, package_source: name };
  await project.write(name, { format_version: "2.0", install, code: { name } });
  await project.ctl("regenerate-manifest", name);
  await project.ctl(
    "generate-adapter-manifest",
    NEW.name,
    "cjm_sentence_segmentation_adapter_interface.generic:GenericSentenceSegmentationAdapter",
  );
  await using manager = await PluginManager.create({ folders: [project.manifests] });
  assertEquals([manager.list().map((found) => found.name), manager.problems], [[name], []]);
  const body = { task: "sentence_segmentation", method: "segment_text", kwargs: { text: "Mr. Smith left. He ran." } };
  const { spans } = await manager.get(name).extension<{ spans: unknown[] }>("task", body);
  assertEquals(spans, [{ start_char: 0, end_char: 15 }, { start_char: 16, end_char: 23 }]);
});

async function containsFile(folder: string): Promise<boolean> {
  for await (const { isFile } of Deno.readDir(folder)) if (isFile) return true;
  return false;
}

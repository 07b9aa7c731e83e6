/**
 * What is asked of published plugins, and what they have to answer on either worker.
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CallError, type Manifest, type Progress, RemoteError, type RemotePluginProxy } from "@remote-plugin/proxy";
import type { Environment } from "./environments.ts";

/** Where an action finds and leaves files. */
export interface Place {
  readonly folder: string;
  /** Eleven seconds of speech. */
  readonly speech: string;
}

/** One action on a plugin that runs, with a check of what it gives. */
export type Action = (plugin: RemotePluginProxy, place: Place) => Promise<void>;

/** A published plugin. */
export interface PublishedPlugin {
  readonly environment: Environment["name"];
  /** The package and its version. */
  readonly label: string;
  readonly manifest: Partial<Manifest> & { module: string; class: string };
  /** By what they show, in the order in which they are run. */
  readonly actions: Readonly<Record<string, Action>>;
}

const NODES = ["a", "b", "c"].map((id) => ({
  id,
  label: id === "c" ? "Other" : "Word",
  properties: { text: `“${id}” é`, n: 1.5 },
  sources: [],
}));
const EDGES = [{ id: "e", source_id: "a", target_id: "b", relation_type: "NEXT", properties: {} }];

async function refusesUnknownAction(plugin: RemotePluginProxy): Promise<void> {
  const error = await assertRejects(() => plugin.execute({ action: "fly" }), RemoteError);
  assertEquals([error.remoteType, error.category, error.retriable], ["PluginInputError", "user_input", true]);
  assertEquals(error.remoteMessage, "Unknown action: fly");
  assertStringIncludes(error.traceback, "dispatch_to_action");
}

const graphActions: Record<string, Action> = {
  "initialize, get_current_config": async (plugin, { folder }) => {
    await plugin.initialize({ db_path: `${folder}/graph.db` });
    assertEquals(await plugin.getCurrentConfig(), { db_path: `${folder}/graph.db`, readonly: false });
  },
  "execute add_nodes, add_edges": async (plugin) => {
    assertEquals(await plugin.execute({ action: "add_nodes", nodes: NODES }), { created_ids: ["a", "b", "c"], count: 3 });
    assertEquals(await plugin.execute({ action: "add_edges", edges: EDGES }), { created_ids: ["e"], count: 1 });
  },
  "execute get_context": async (plugin) => {
    const { nodes, edges } = await plugin.execute<{ nodes: { id: string; properties: unknown }[]; edges: { id: string }[] }>({
      action: "get_context",
      node_id: "a",
      depth: 1,
    });
    assertEquals([nodes.map(({ id }) => id).sort(), edges.map(({ id }) => id)], [["a", "b"], ["e"]]);
    assertEquals(nodes.find(({ id }) => id === "a")?.properties, NODES[0]?.properties);
  },
  "execute query": async (plugin) => {
    const sql = "SELECT label, count(*) FROM nodes GROUP BY label ORDER BY label";
    assertEquals(await plugin.execute({ action: "query", sql }), {
      columns: ["label", "count(*)"],
      rows: [["Other", 1], ["Word", 2]],
      row_count: 2,
    });
  },
  "execute_stream get_schema": async (plugin) => {
    const chunks = await Array.fromAsync(plugin.executeStream<{ counts: unknown }>({ action: "get_schema" }));
    assertEquals(chunks.map(({ counts }) => counts), [{ Other: 1, Word: 2 }]);
  },
  "an action that is not there": refusesUnknownAction,
  "get_config_schema": async (plugin) => {
    const { properties } = await plugin.getConfigSchema();
    assertEquals(Object.keys(properties as object), ["db_path", "readonly"]);
  },
  "reconfigure": async (plugin, { folder }) => {
    await plugin.reconfigure({ db_path: `${folder}/second.db` });
    assertEquals(await plugin.execute({ action: "find_nodes_by_label", label: "Word" }), { nodes: [], count: 0 });
  },
  "structural_surface": async (plugin) => {
    const { methods } = await plugin.extension<{ methods: { name: string; params: string[] }[] }>("structural_surface");
    assertEquals(methods.find(({ name }) => name === "get_context")?.params, ["node_id", "depth", "filter_labels"]);
  },
};

const mediaActions: Record<string, Action> = {
  "initialize": (plugin, { folder }) => plugin.initialize({ output_dir: folder, resampler: "swr" }),
  "execute get_info": async (plugin, { speech }) => {
    const info = await plugin.execute<{ duration: number; audio_streams: { channels: number }[] }>({
      action: "get_info",
      file_path: speech,
    });
    assert(info.duration > 1);
    assertEquals(info.audio_streams[0]?.channels, 1);
  },
  "execute convert, with progress": async (plugin, { speech }) => {
    const seen: Progress[] = [];
    const kwargs = { action: "convert", input_path: speech, output_format: "flac", sample_rate: 8000, channels: 1 };
    const { output_path } = await plugin.execute<{ output_path: string }>(kwargs, { onProgress: (progress) => seen.push(progress) });
    assertEquals(new TextDecoder().decode((await Deno.readFile(output_path)).subarray(0, 4)), "fLaC");
    assertEquals(seen.at(-1)?.progress, 1);
  },
  "execute segment_audio": async (plugin, { speech }) => {
    const boundaries = [{ start: 0, end: 0.5 }, { start: 0.5, end: 1.25 }];
    const result = await plugin.execute<Record<string, unknown>>({ action: "segment_audio", input_path: speech, boundaries });
    assertEquals(result.segment_count, 2);
    assertEquals(result.total_duration, 1.25);
  },
  "a file that is not there": async (plugin) => {
    const error = await assertRejects(() => plugin.execute({ action: "get_info", file_path: "/no/such.wav" }), RemoteError);
    assertEquals([error.category, error.remoteMessage], ["user_input", "File not found: /no/such.wav"]);
  },
};

interface SystemStatus {
  readonly memory_total_mb: number;
  readonly gpu_type: string;
}

const statusActions: Record<string, Action> = {
  "initialize": (plugin) => plugin.initialize({}),
  "get_system_status": async (plugin) => {
    const status = await plugin.extension<SystemStatus>("get_system_status");
    assert(status.memory_total_mb > 100);
    assertEquals(typeof status.gpu_type, "string");
  },
  "list_processes": async (plugin) => assert(Array.isArray(await plugin.extension("list_processes"))),
  "on_disable, on_enable": async (plugin) => {
    assertEquals([await plugin.extension("on_disable"), await plugin.extension("on_enable")], [{ status: "disabled" }, {
      status: "enabled",
    }]);
  },
};

function task<Result>(plugin: RemotePluginProxy, name: string, [method, kwargs, envelope]: [string, object, object?]): Promise<Result> {
  return plugin.extension<Result>("task", { task: name, method, kwargs, ...(envelope === undefined ? {} : { envelope }) });
}

const taskErrors: Action = async (plugin) => {
  const missing = await assertRejects(() => plugin.extension("task", { task: "flying", method: "fly" }), CallError);
  assertEquals(missing.code, "not_supported");
};

/** All of them. */
export const PLUGINS: readonly PublishedPlugin[] = [
  {
    environment: "plugin_system",
    label: "cjm-graph-plugin-sqlite 0.0.22",
    manifest: { module: "cjm_graph_plugin_sqlite.plugin", class: "SQLiteGraphPlugin" },
    actions: graphActions,
  },
  {
    environment: "plugin_system",
    label: "cjm-media-plugin-ffmpeg 0.0.22",
    manifest: { module: "cjm_media_plugin_ffmpeg.plugin", class: "FFmpegProcessingPlugin" },
    actions: mediaActions,
  },
  {
    environment: "plugin_system",
    label: "cjm-system-monitor-nvidia 0.0.22",
    manifest: { module: "cjm_system_monitor_nvidia.plugin", class: "NvidiaMonitorPlugin" },
    actions: {
      ...statusActions,
      "execute get_system_status": async (plugin) => {
        assert((await plugin.execute<SystemStatus>({ command: "get_system_status" })).memory_total_mb > 100);
      },
    },
  },
  {
    environment: "substrate",
    label: "cjm-capability-pysbd 0.0.1",
    manifest: {
      module: "cjm_capability_pysbd.capability",
      class: "PySBDSegmentationCapability",
      adapters: ["cjm_sentence_segmentation_adapter_interface.generic:GenericSentenceSegmentationAdapter"],
    },
    actions: {
      "initialize, prefetch": async (plugin) => {
        await plugin.initialize({ language: "en" });
        assertEquals(await plugin.prefetch(), true);
      },
      "task segment_text": async (plugin) => {
        assertEquals(await task(plugin, "sentence_segmentation", ["segment_text", { text: "Mr. Smith left. He ran." }]), {
          spans: [{ start_char: 0, end_char: 15 }, { start_char: 16, end_char: 23 }],
          metadata: { sentence_count: 2, language: "en" },
        });
      },
      "task that is not bound": taskErrors,
      "reconfigure": async (plugin) => {
        await plugin.reconfigure({ language: "de" });
        assertEquals(await plugin.getCurrentConfig(), { language: "de" });
      },
    },
  },
  {
    environment: "substrate",
    label: "cjm-capability-graph-sqlite 0.0.34",
    manifest: {
      module: "cjm_capability_graph_sqlite.capability",
      class: "SQLiteGraphCapability",
      adapters: ["cjm_graph_storage_adapter_interface.generic:GenericGraphStorageAdapter"],
    },
    actions: {
      "initialize": (plugin, { folder }) => plugin.initialize({ db_path: `${folder}/graph.db` }),
      "task add_nodes, add_edges": async (plugin) => {
        assertEquals(await task(plugin, "graph-storage", ["add_nodes", { nodes: NODES }]), ["a", "b", "c"]);
        assertEquals(await task(plugin, "graph-storage", ["add_edges", { edges: EDGES }]), ["e"]);
      },
      "task get_node, a tagged value": async (plugin) => {
        const node = await task<Record<string, unknown>>(plugin, "graph-storage", ["get_node", { node_id: "b" }]);
        assertEquals([node.id, node.label, node.properties], ["b", "Word", NODES[1]?.properties]);
      },
      "task raw_query": async (plugin) => {
        const query = { text: "SELECT count(*) AS n FROM nodes", backend: "sqlite" };
        const { rows } = await task<{ rows: unknown }>(plugin, "graph-storage", ["raw_query", { query }]);
        assertEquals(rows, [[3]]);
      },
      "task integrity_check": async (plugin) => {
        assertEquals((await task<{ ok: boolean }>(plugin, "graph-storage", ["integrity_check", {}])).ok, true);
      },
    },
  },
  {
    environment: "substrate",
    label: "cjm-capability-ffmpeg 0.0.28",
    manifest: {
      module: "cjm_capability_ffmpeg.capability",
      class: "FFmpegProcessingCapability",
      adapters: ["cjm_media_processing_adapter_interface.generic:GenericMediaProcessingAdapter"],
    },
    actions: {
      "initialize": (plugin) => plugin.initialize({ resampler: "swr" }),
      "task get_info": async (plugin, { speech }) => {
        const info = await task<Record<string, unknown>>(plugin, "media_processing", ["get_info", { file_path: speech }]);
        assertEquals([info.path, Number(info.duration) > 1], [speech, true]);
      },
      "task convert, once and from its cache": async (plugin, { speech }) => {
        const call: [string, object] = ["convert", { input_path: speech, output_format: "wav", sample_rate: 8000, channels: 1 }];
        const first = await task<{ output_path: string }>(plugin, "media_processing", call);
        const { mtime } = await Deno.stat(first.output_path);
        assertEquals(await task(plugin, "media_processing", call), first);
        assertEquals((await Deno.stat(first.output_path)).mtime, mtime);
        await task(plugin, "media_processing", [...call, { control: { force: true } }]);
        assert((await Deno.stat(first.output_path)).mtime! > mtime!);
      },
    },
  },
  {
    environment: "substrate",
    label: "cjm-capability-monitor-nvidia 0.0.26",
    manifest: { module: "cjm_capability_monitor_nvidia.capability", class: "NvidiaMonitorCapability" },
    actions: statusActions,
  },
];

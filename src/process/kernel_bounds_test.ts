import { assertEquals, assertThrows } from "@std/assert";
import { WorkerStartError } from "../errors.ts";
import { loadManifest } from "../manifest/load.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { PermissionSet } from "../protocol/messages.ts";
import { demandBounds, type Held, kernelBounds, resourceLimits } from "./kernel_bounds.ts";

const PYTHON: Manifest = { name: "p", module: "m", class: "C" };

for (
  const [what, granted, bounds] of [
    ["nothing", {}, { read: [], write: [], net: false, run: false }],
    ["files", { read: ["/a"], write: ["/b"] }, { read: ["/a"], write: ["/b"], net: false, run: false }],
    ["everything", { read: true, write: true, net: true, run: true }, { read: ["/"], write: ["/"], net: true, run: true }],
    ["ports", { net: [":443", ":80"] }, { read: [], write: [], net: [443, 80], run: false }],
  ] satisfies [string, PermissionSet, Held][]
) {
  Deno.test(`the kernel holds a plugin that was granted ${what} to that`, () => assertEquals(kernelBounds(granted), bounds));
}

Deno.test("limits of memory and processes are told in bytes and as they are", async () => {
  const spec = await loadManifest({ ...PYTHON, resources: { max_memory_mb: 2, max_processes: 3 } });
  assertEquals([resourceLimits(spec), resourceLimits(await loadManifest(PYTHON))], [{ memory: 2_097_152, processes: 3 }, {}]);
});

Deno.test("where the kernel cannot keep bounds a plugin is not started, and told what to do", async () => {
  const limited = await loadManifest({ ...PYTHON, resources: { max_processes: 3 } });
  const deno = await loadManifest({ name: "p", runtime: "deno", module: "m.ts" });
  for (
    const [spec, keeper, advice] of [
      [await loadManifest(PYTHON), "kernel", 'Remove "permissions" and "sandbox" from its manifest'],
      [limited, undefined, 'Remove "max_memory_mb" and "max_processes" from "resources"'],
      [deno, "kernel", 'Start it without bounds: "kernel"'],
    ] as const
  ) {
    const error = assertThrows(() => demandBounds(spec, { keeper }, { os: "darwin" }), WorkerStartError, advice);
    assertEquals(error.phase, "bounds");
    demandBounds(spec, { keeper }, { os: "linux" });
  }
  demandBounds(await loadManifest(PYTHON), { keeper: undefined }, { os: "windows" });
});

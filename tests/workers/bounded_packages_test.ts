import { assertEquals } from "@std/assert";
import { BoundWorker, whyUnbound } from "../support/bound_worker.ts";

const python = Deno.env.get("REMOTE_PLUGIN_TEST_PACKAGED_PYTHON");

const RESULTS = {
  numpy: 400 ** 3,
  pillow: [50, 25, 255, 0, 0],
  pandas: 6,
  pyarrow: [1, 2, 3],
  onnxruntime: "python",
  processes: [0, 40_000, 80_000],
};

Deno.test({
  name: "python: packages that many plugins use work in a worker that may do nothing",
  ignore: !python,
  fn: async () => {
    const reason = await whyUnbound();
    if (reason !== undefined) return console.log(`skipped: ${reason}`);
    await using worker = await BoundWorker.start("uses_packages", { bounds: () => ({}), python });
    for (const [name, result] of Object.entries(RESULTS)) assertEquals(await worker.plugin.execute({ package: name }), result, name);
  },
});

import { assertEquals, assertThrows } from "@std/assert";
import { type RayOptions, settingsOf } from "./options.ts";

const HEAD = { dashboard: "http://head:8265" };

Deno.test("what is left out has its default", () => {
  const { dashboard, resources, queueMs, leaseMs } = settingsOf(HEAD);
  assertEquals([dashboard.href, resources, queueMs, leaseMs], ["http://head:8265/", { cpus: 1, gpus: 0 }, 600_000, 30_000]);
});

Deno.test("a dashboard behind a path keeps it, with a slash or without", () => {
  for (const dashboard of ["https://proxy/ray", "https://proxy/ray/"]) {
    assertEquals(new URL("api/version", settingsOf({ dashboard }).dashboard).href, "https://proxy/ray/api/version");
  }
});

const WRONG: readonly (readonly [unknown, string])[] = [
  [{}, 'is an address such as "http://head:8265", not undefined'],
  [{ dashboard: "head:8265" }, 'not "head:8265"'],
  [{ dashboard: "ftp://head" }, 'not "ftp://head"'],
  [{ dashboard: "http://me:secret@head" }, "neither a name and a password"],
  [{ dashboard: "http://head?x=1" }, "nor a query"],
  [{ ...HEAD, token: "" }, '"token" is'],
  [{ ...HEAD, token: { env: "" } }, '"token" is'],
  [{ ...HEAD, token: 5 }, '"token" is'],
  [{ ...HEAD, resources: { cpus: -1 } }, '"cpus" of the resources'],
  [{ ...HEAD, resources: { gpus: NaN } }, '"gpus" of the resources'],
  [{ ...HEAD, resources: { memory: "8 GB" } }, '"memory" of the resources'],
  [{ ...HEAD, resources: { custom: { a100: Infinity } } }, '"a100" of the resources'],
  [{ ...HEAD, resources: { cpus: 0 } }, "would run on the head of the cluster"],
  [{ ...HEAD, resources: { labels: { zone: 1 } } }, '"labels"'],
  [{ ...HEAD, environment: {} }, '"environment" of ray()'],
  [{ ...HEAD, environment: { pip: "torch" } }, '"environment" of ray()'],
  [{ ...HEAD, environment: { dependencies: [1] } }, '"environment" of ray()'],
  [{ ...HEAD, code: {} }, '"code" of ray()'],
  [{ ...HEAD, code: "./plugin" }, '"code" of ray()'],
  [{ ...HEAD, ports: "30000" }, '"ports" of ray()'],
  [{ ...HEAD, ports: "30100-30000" }, '"ports" of ray()'],
  [{ ...HEAD, ports: "1-70000" }, '"ports" of ray()'],
  [{ ...HEAD, nodes: "10.0.0.1" }, '"nodes" of ray()'],
  [{ ...HEAD, reach: "localhost" }, '"reach" of ray()'],
  [{ ...HEAD, queueMs: 0 }, '"queueMs" of ray()'],
  [{ ...HEAD, leaseMs: 500 }, '"leaseMs" of ray()'],
  [{ ...HEAD, leaseMs: Infinity }, '"leaseMs" of ray()'],
  [{ ...HEAD, keepJobMs: -1 }, '"keepJobMs" of ray()'],
  [{ ...HEAD, dashbord: "x" }, 'There is no option "dashbord" of ray(). The nearest name is "dashboard"'],
  [{ ...HEAD, toString: "x" }, 'There is no option "toString" of ray()'],
  [undefined, 'ray() takes an object with the "dashboard" of a cluster, not undefined'],
  [null, "not null"],
  [{ ...HEAD, token: null }, '"token" is'],
  [{ ...HEAD, token: { env: "A", file: "b" } }, '"token" is'],
  [{ ...HEAD, resources: null }, '"resources" of ray() is an object'],
  [{ ...HEAD, resources: 5 }, '"resources" of ray() is an object'],
  [{ ...HEAD, resources: { gpu: 1 } }, 'There is no resource "gpu". The nearest name is "gpus"'],
  [{ ...HEAD, resources: { custom: null } }, '"custom" of the resources'],
  [{ ...HEAD, resources: { custom: [1] } }, '"custom" of the resources'],
  [{ ...HEAD, resources: { labels: null } }, '"labels"'],
  [{ ...HEAD, environment: null }, '"environment" of ray()'],
  [{ ...HEAD, environment: 5 }, '"environment" of ray()'],
  [{ ...HEAD, environment: { pip: ["torch"], conda: "own" } }, '"environment" of ray()'],
  [{ ...HEAD, environment: { dependencies: ["torch"], pythn: "3.12" } }, '"environment" of ray()'],
  [{ ...HEAD, environment: { dependencies: ["torch"], python: 3.12 } }, '"environment" of ray()'],
  [{ ...HEAD, environment: { dependencies: ["torch"], constructor: "x" } }, '"environment" of ray()'],
  [{ ...HEAD, code: { upload: ["."], uri: "s3://code.zip" } }, '"code" of ray()'],
];

for (const [options, said] of WRONG) {
  Deno.test(`wrong options are told by their name: ${Deno.inspect(options, { breakLength: Infinity })}`, () => {
    assertThrows(() => settingsOf(options as RayOptions), TypeError, said);
  });
}

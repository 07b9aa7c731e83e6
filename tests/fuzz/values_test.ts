import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { CallError, type Manifest, type PluginInterface, RemoteError } from "@remote-plugin/proxy";
import { BOTH_OF_EITHER, type Face, fixtureManifest, labelOf, startEither } from "../support/fixture_proxy.ts";
import { ServedPlugins } from "../support/served_plugins.ts";
import { fuzzRuns, fuzzSeed } from "../support/fuzz_settings.ts";
import { arrivalOf, placesOf, type ToldValue } from "../support/told_values.ts";
import { type ValueCase, valueCase } from "../support/value_cases.ts";

/** A case is a call, or two, on one of eleven ways. */
const NUM_RUNS = Math.ceil(fuzzRuns() / 20);

/** Gives one value by either of the two ways. */
async function given(plugin: PluginInterface, kwargs: Record<string, unknown>, isStreamed: boolean): Promise<unknown> {
  if (!isStreamed) return await plugin.execute(kwargs);
  const chunks = await Array.fromAsync(plugin.executeStream(kwargs));
  assertEquals(chunks.length, 1);
  return chunks[0];
}

async function checkSent(plugin: PluginInterface, { value, arrives, refusedAt }: ValueCase, isStreamed: boolean): Promise<void> {
  try {
    assertSame(await given(plugin, { value }, isStreamed), arrives);
  } catch (error) {
    if (!(error instanceof CallError)) throw error;
    assertEquals(error.code, "invalid_arguments", error.message);
    assert(refusedAt.some((place) => error.message.includes(`the value at "$.kwargs.value${place}" is`)), error.message);
    return;
  }
  assertEquals(refusedAt, [], "What cannot be sent was not refused");
}

async function checkMade(plugin: PluginInterface, seed: number, isStreamed: boolean): Promise<void> {
  const { value, refusedAt } = arrivalOf(await plugin.execute<ToldValue>({ seed, told: true }));
  try {
    assertSame(await given(plugin, isStreamed ? { seeds: [seed] } : { seed }, isStreamed), value);
  } catch (error) {
    if (!(error instanceof RemoteError)) throw error;
    assertEquals(error.category, "fatal", error.message);
    const places = refusedAt.flatMap(placesOf).map((place) => `The ${isStreamed ? "chunk" : "result"} at "${place}" `);
    assert(places.some((place) => error.message.includes(place)), error.message);
    return;
  }
  assertEquals(refusedAt, [], "What cannot be sent was not refused");
}

/** Equal, -0 and 0 told apart, and keys that are there without a value from those that are not. */
function assertSame(actual: unknown, expected: unknown): void {
  assertEquals(inWords(actual), inWords(expected));
}

function inWords(value: unknown): unknown {
  if (Array.isArray(value)) return ["list", ...value.map(inWords)];
  if (typeof value === "object" && value !== null) {
    return ["record", ...Object.entries(value).sort(byKey).map(([key, one]) => [key, inWords(one)])];
  }
  return typeof value === "string" ? `text ${value}` : Object.is(value, -0) ? "-0" : String(value);
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
  return a < b ? -1 : 1;
}

async function sendAll(plugin: PluginInterface, what: string): Promise<void> {
  const property = fc.asyncProperty(valueCase, fc.boolean(), (value, isStreamed) => checkSent(plugin, value, isStreamed));
  await fc.assert(property, { numRuns: NUM_RUNS, seed: fuzzSeed(what, NUM_RUNS) });
}

async function makeAll(plugin: PluginInterface, what: string): Promise<void> {
  const property = fc.asyncProperty(fc.nat(), fc.boolean(), (seed, isStreamed) => checkMade(plugin, seed, isStreamed));
  await fc.assert(property, { numRuns: NUM_RUNS, seed: fuzzSeed(what, NUM_RUNS) });
}

for (const face of BOTH_OF_EITHER) {
  Deno.test(`${labelOf(face)}: a value comes back as it was, or is refused with its place`, async () => {
    await using plugin = await startEither(face, "gives_back");
    await sendAll(plugin, `Values, ${labelOf(face)}`);
  });
}

for (const face of BOTH_OF_EITHER.filter(({ worker }) => worker === "python")) {
  Deno.test(`${labelOf(face)}: a value of Python arrives as it is, or is refused with its place`, async () => {
    await using plugin = await startEither(face, "makes_values");
    await makeAll(plugin, `Values of Python, ${labelOf(face)}`);
  });
}

Deno.test("through serve a value comes back as it was, or is refused with its place", async () => {
  const manifests = {
    in_python: await named("python", "gives_back"),
    in_deno: await named("deno", "gives_back"),
    makes: await named("python", "makes_values"),
  };
  await using gateway = await ServedPlugins.start(manifests);
  for (const face of BOTH_OF_EITHER) {
    await using plugin = await gateway.attach(face, `in_${face.worker}`);
    await sendAll(plugin, `Values through serve, ${labelOf(face)}`);
  }
  await using makes = await gateway.attach(BOTH_OF_EITHER[0]!, "makes");
  await makeAll(makes, "Values of Python through serve");
});

async function named(worker: Face["worker"], fixture: string): Promise<Manifest> {
  return await fixtureManifest({ worker, transport: "unix" }, fixture);
}

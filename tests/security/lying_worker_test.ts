import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { type FileResult, ProtocolError, RemotePluginProxy } from "@remote-plugin/proxy";
import type { Frame, WireRequest } from "@remote-plugin/proxy/protocol";
import { within } from "../support/guard.ts";

/** A folder with a scratch folder in it, and beside that a file which no worker may get at. */
class Place implements AsyncDisposable {
  readonly path: string;
  readonly scratch: string;
  readonly secret: string;

  private constructor(path: string) {
    this.path = path;
    this.scratch = join(path, "scratch");
    this.secret = join(path, "secret.txt");
  }

  static async create(): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "lies-" }));
    await Deno.mkdir(join(place.scratch, "call"), { recursive: true });
    await Deno.writeTextFile(place.secret, "secret");
    return place;
  }

  inside(name: string): string {
    return join(this.scratch, "call", name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** Runs a program, for links and special files: Deno makes none for a program that may not do everything. */
async function sh(program: string, ...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(program, { args, stderr: "null" }).output();
  return success;
}

/** A worker that answers every call with these values, and says of each that it is a file. */
function liar(...values: readonly unknown[]) {
  const rest = [...values];
  return async function* ({ endpoint }: WireRequest): AsyncGenerator<Frame> {
    if (endpoint === "ready") yield { result: { name: "liar", version: "1", methods: ["execute"] } };
    else if (endpoint === "health") yield { result: { name: "liar", version: "1", max_concurrency: 1 } };
    else yield { result: rest.shift(), types: { "": "file" } };
  };
}

async function attach(place: Place, ...values: readonly unknown[]): Promise<RemotePluginProxy> {
  return await RemotePluginProxy.attach({ exchange: liar(...values), scratch: { disk: place.scratch, memory: undefined } });
}

/** Whatever the worker has said, the file beside its folder is as it was. */
async function assertUntouched(place: Place): Promise<void> {
  assertEquals(await Deno.readTextFile(place.secret), "secret");
}

const LIES: readonly (readonly [string, (place: Place) => Promise<unknown> | unknown, string])[] = [
  ["an absolute path elsewhere", ({ secret }) => ({ path: secret, size: 6 }), "is not in the worker's own folder"],
  ["a path with ..", ({ scratch }) => ({ path: `${scratch}/../secret.txt`, size: 6 }), "is not in the worker's own folder"],
  ["a path with .. that comes back", (place) => ({ path: `${place.scratch}/call/../../scratch/x`, size: 6 }), "is not in the worker's own"],
  ["a relative path", () => ({ path: "secret.txt", size: 6 }), "is not in the worker's own folder"],
  ["the scratch folder itself", ({ scratch }) => ({ path: scratch, size: 6 }), "is not in the worker's own folder"],
  ["a folder", ({ scratch }) => ({ path: `${scratch}/call`, size: 6 }), "no plain file"],
  ["a folder that begins like its own", async ({ scratch }) => {
    await Deno.mkdir(`${scratch}-other`);
    await Deno.writeTextFile(`${scratch}-other/x`, "secret");
    return { path: `${scratch}-other/x`, size: 6 };
  }, "is not in the worker's own folder"],
  ["a file that is not there", (place) => ({ path: place.inside("none"), size: 6 }), "is not there"],
  ["a symbolic link", async (place) => {
    await sh("ln", "-s", place.secret, place.inside("link"));
    return { path: place.inside("link"), size: 6 };
  }, "no plain file"],
  ["a path through a linked folder", async (place) => {
    await sh("ln", "-s", place.path, place.inside("folder"));
    return { path: join(place.inside("folder"), "secret.txt"), size: 6 };
  }, "a link leads to"],
  ["a hard link", async (place) => {
    await sh("ln", place.secret, place.inside("link"));
    return { path: place.inside("link"), size: 6 };
  }, "has 2 names"],
  ["a FIFO", async (place) => {
    await sh("mkfifo", place.inside("fifo"));
    return { path: place.inside("fifo"), size: 0 };
  }, "no plain file"],
  ["a device", () => ({ path: "/dev/zero", size: 0 }), "is not in the worker's own folder"],
  ["another size", async (place) => {
    await Deno.writeTextFile(place.inside("x"), "abc");
    return { path: place.inside("x"), size: 2 };
  }, "has 3 bytes, not 2"],
  ["no path", () => ({ size: 6 }), "no path"],
  ["no size", (place) => ({ path: place.inside("x") }), "no size"],
  ["a text", () => "file", "no object"],
  ["what is no base64", () => ({ data: "%", size: 6 }), ""],
  ["inline bytes that are not as many as it says", () => ({ data: "AAAA", size: 6 }), "3 bytes"],
];

for (const [what, make, message] of LIES) {
  Deno.test(`a worker that gives ${what} as a file is a ProtocolError, and nothing is touched`, async () => {
    await using place = await Place.create();
    await using plugin = await attach(place, await make(place));
    const error = await assertRejects(() => within(plugin.execute(), "the refusal"), ProtocolError);
    assertStringIncludes(error.message, message);
    await plugin.cleanup();
    await assertUntouched(place);
  });
}

Deno.test("a file that the plugin has removed when it had given it fails that call alone", async () => {
  await using place = await Place.create();
  await using plugin = await attach(place, { path: place.inside("none"), size: 6 }, { path: place.inside("x"), size: 6 });
  await Deno.writeTextFile(place.inside("x"), "result");
  await assertRejects(() => plugin.execute(), ProtocolError, "A plugin must not remove what it has given");
  assertEquals((await plugin.execute<FileResult>()).size, 6);
});

Deno.test("a character device in the worker's own folder is a ProtocolError", async () => {
  await using place = await Place.create();
  const path = place.inside("null");
  if (!await sh("mknod", path, "c", "1", "3")) return; // Only root may make one.
  await using plugin = await attach(place, { path, size: 0 });
  await assertRejects(() => within(plugin.execute(), "the refusal"), ProtocolError, "no plain file");
});

const SWAPS: readonly (readonly [string, (place: Place, path: string) => Promise<unknown>])[] = [
  ["a link to a file elsewhere", (place, path) => sh("ln", "-sf", place.secret, path)],
  ["a hard link to a file elsewhere", (place, path) => sh("ln", "-f", place.secret, path)],
  ["another file of the same size", async (place, path) => {
    await Deno.writeTextFile(place.inside("other"), "stolen");
    await Deno.rename(place.inside("other"), path);
  }],
  ["a FIFO", async (_, path) => {
    await Deno.remove(path);
    await sh("mkfifo", path);
  }],
  ["a folder", async (_, path) => {
    await Deno.remove(path);
    await Deno.mkdir(path);
  }],
  ["longer content", (_, path) => Deno.writeTextFile(path, "more than it was")],
  ["a second name for the file", (place, path) => sh("ln", path, join(place.path, "second"))],
];

for (const [what, swap] of SWAPS) {
  Deno.test(`a worker that puts ${what} into a result's place is a ProtocolError when it is read and when it is disposed of`, async () => {
    await using place = await Place.create();
    const path = place.inside("result");
    await Deno.writeTextFile(path, "result");
    await using plugin = await attach(place, { path, size: 6, media_type: "text/plain" });
    const result = await plugin.execute<FileResult>();
    await swap(place, path);
    await assertRejects(() => within(result.bytes(), "the refusal"), ProtocolError);
    await assertRejects(() => within(Array.fromAsync(result.stream()), "the refusal"), ProtocolError);
    await assertRejects(() => within(result[Symbol.asyncDispose](), "the refusal"), ProtocolError);
    await assertUntouched(place);
    assertEquals((await Deno.lstat(path)).size >= 0, true, "what is not ours stays");
  });
}

Deno.test("a worker that puts a link into the place of a result's folder makes the host read and remove nothing elsewhere", async () => {
  await using place = await Place.create();
  const path = place.inside("secret.txt");
  await Deno.writeTextFile(path, "result");
  await using plugin = await attach(place, { path, size: 6 });
  const result = await plugin.execute<FileResult>();
  await Deno.rename(join(place.scratch, "call"), join(place.scratch, "moved"));
  await sh("ln", "-s", place.path, join(place.scratch, "call"));
  await assertRejects(() => result.bytes(), ProtocolError);
  await assertRejects(() => result[Symbol.asyncDispose](), ProtocolError);
  await assertUntouched(place);
});

Deno.test("an attached host that ends removes the results that it has, and no other file", async () => {
  await using place = await Place.create();
  const [mine, other] = [place.inside("mine"), place.inside("other")];
  for (const path of [mine, other]) await Deno.writeTextFile(path, "result");
  {
    await using plugin = await attach(place, { path: mine, size: 6 });
    await plugin.execute();
  }
  assertEquals([...Deno.readDirSync(join(place.scratch, "call"))].map(({ name }) => name), ["other"]);
});

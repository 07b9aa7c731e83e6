import { assertEquals, assertRejects } from "@std/assert";
import { NoRoomError, Quota } from "../../payload/scratch.ts";
import { FormError } from "./form.ts";
import { readMultipart } from "./multipart.ts";
import { type Upload, Uploads } from "./uploads.ts";

const NOT_WHOLE = "The form ended before its last part did, or is none";

interface Received extends AsyncDisposable {
  readonly root: string;
  readonly uploads: Uploads;
  readonly quota: Quota;
}

async function receiver(bytes = 1_000_000): Promise<Received> {
  const root = await Deno.makeTempDir();
  const quota = new Quota(bytes);
  const uploads = new Uploads({ root, quota, limit: bytes });
  return {
    root,
    quota,
    uploads,
    async [Symbol.asyncDispose]() {
      await uploads[Symbol.asyncDispose]();
      assertEquals([...Deno.readDirSync(root)], [], "uploads were left");
      quota.reserve(bytes); // All was given back.
      await Deno.remove(root);
    },
  };
}

function source(form: FormData): { pieces: ReadableStream<Uint8Array>; contentType: string } {
  const response = new Response(form);
  return { pieces: response.body!, contentType: response.headers.get("content-type")! };
}

function written(text: string, { pieceBytes = Infinity } = {}): { pieces: ReadableStream<Uint8Array>; contentType: string } {
  const bytes = new TextEncoder().encode(text.replaceAll("\n", "\r\n"));
  const pieces = Array.from(
    { length: Math.ceil(bytes.length / Math.min(pieceBytes, bytes.length)) },
    (_, at) => bytes.slice(at * pieceBytes || 0, (at + 1) * pieceBytes),
  );
  return { pieces: ReadableStream.from(pieceBytes === Infinity ? [bytes] : pieces), contentType: "multipart/form-data; boundary=xyz" };
}

Deno.test("a form's texts and files come as they were given, files on disk", async () => {
  await using received = await receiver();
  const form = new FormData();
  form.append("title", "ä");
  form.append("options", new Blob(['{"a": 1}'], { type: "application/json" }));
  form.append("audio", new File([new Uint8Array(200_000).fill(7)], "take 1.wav", { type: "audio/wav" }));
  const fields = await readMultipart(source(form), received.uploads);
  const [title, options, audio] = fields;
  assertEquals(title, { name: "title", value: "ä", mediaType: "text/plain" });
  // So browsers send JSON: as a blob.
  assertEquals(options, { name: "options", value: '{"a": 1}', mediaType: "application/json" });
  assertEquals([audio!.name, audio!.mediaType], ["audio", "audio/wav"]);
  const { path, size } = audio!.value as Upload;
  assertEquals([size, path.endsWith(".wav"), (await Deno.readFile(path)).every((byte) => byte === 7)], [200_000, true, true]);
});

Deno.test("a form may come in pieces of any size", async () => {
  const text =
    '--xyz\nContent-Disposition: form-data; name="a"\n\n5\n--xyz\nContent-Disposition: form-data; name="f"; filename="x.bin"\n\n--xy\n--xyz--\n';
  for (const pieceBytes of [1, 2, 3, 7, 64]) {
    await using received = await receiver();
    const [a, f] = await readMultipart(written(text, { pieceBytes }), received.uploads);
    assertEquals([a!.value, await Deno.readTextFile((f!.value as Upload).path)], ["5", "--xy"], `pieces of ${pieceBytes}`);
  }
});

Deno.test("an upload can be handed to one worker after another, and each has the file", async () => {
  await using received = await receiver();
  const upload = await received.uploads.receive(ReadableStream.from([new Uint8Array([1, 2])]), {
    filename: "../../x.NPY",
    mediaType: "a/b",
  });
  const dir = await Deno.makeTempDir();
  const paths = [await upload.toTempFile(dir), await upload.toTempFile(dir)];
  assertEquals(paths.map((path) => path.endsWith(".NPY") && path.startsWith(dir)), [true, true]);
  for (const path of paths) assertEquals(await Deno.readFile(path), new Uint8Array([1, 2]));
  assertEquals((await Deno.stat(paths[0]!)).nlink, 3, "the file was copied");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a file that was not chosen is no argument", async () => {
  await using received = await receiver();
  const text = '--xyz\nContent-Disposition: form-data; name="f"; filename=""\nContent-Type: application/octet-stream\n\n\n--xyz--\n';
  assertEquals(await readMultipart(written(text), received.uploads), []);
});

Deno.test("what is no whole form is refused, and nothing of it is left", async () => {
  const part = (headers: string) => `--xyz\n${headers}\n\nabc`;
  const cases: [string, string][] = [
    ["nonsense", NOT_WHOLE],
    [part('Content-Disposition: form-data; name="f"; filename="x"'), NOT_WHOLE],
    [part('Content-Disposition: form-data; name="f"'), NOT_WHOLE],
    [`${part("Content-Disposition: form-data; filename=x")}\n--xyz--\n`, "A part of the form has no name"],
    [`${part("Content-Disposition: form-data")}\n--xyz--\n`, "A part of the form has no name"],
  ];
  for (const [text, message] of cases) {
    await using received = await receiver();
    await assertRejects(() => readMultipart(written(text), received.uploads), FormError, message);
  }
  await using received = await receiver();
  const noBoundary = { ...written("--xyz--\n"), contentType: "multipart/form-data" };
  await assertRejects(() => readMultipart(noBoundary, received.uploads), FormError, "Boundary not found");
});

Deno.test("a client that goes away in the middle of a file leaves nothing", async () => {
  await using received = await receiver();
  const { pieces: body, contentType } = written('--xyz\nContent-Disposition: form-data; name="f"; filename="x"\n\nabc');
  const left = new ReadableStream<Uint8Array>({
    async start(controller) {
      for await (const piece of body) controller.enqueue(piece);
      controller.error(new Error("the client has gone"));
    },
  });
  await assertRejects(() => readMultipart({ pieces: left, contentType }, received.uploads), FormError, NOT_WHOLE);
});

Deno.test("more bytes than there is room for are refused before they are written, however long the form goes on", async () => {
  await using received = await receiver(100_000);
  const form = new FormData();
  form.append("audio", new File([new Uint8Array(5_000_000)], "x.wav"));
  await assertRejects(() => readMultipart(source(form), received.uploads), NoRoomError);
  assertEquals(received.uploads.bytes <= 100_000, true);
});

Deno.test("a form of too many parts or too long texts is refused", async () => {
  const many = Array.from({ length: 1_001 }, (_, at) => `--xyz\nContent-Disposition: form-data; name="f${at}"\n\n1\n`).join("");
  await using received = await receiver();
  await assertRejects(() => readMultipart(written(`${many}--xyz--\n`), received.uploads), FormError, "more than 1000 parts");
  const form = new FormData();
  form.append("a", "x".repeat(9_000_000));
  form.append("b", "x".repeat(9_000_000));
  await assertRejects(() => readMultipart(source(form), received.uploads), FormError, "Give long ones as files");
});

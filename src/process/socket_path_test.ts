import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { ChosenSocket, unixAddress } from "./socket_path.ts";

const PATH = "/run/chosen.sock";
const UID = 1000;

/** What a connection to the path comes to. */
type Answer = "refused" | "taken" | "busy";

/** What is found at the path. */
interface Found {
  readonly file: Partial<Deno.FileInfo>;
  readonly answer?: Answer;
}

// deno-lint-ignore require-await -- It rejects, and does not throw.
async function connect(answer: Answer = "refused"): Promise<never> {
  if (answer === "taken") return { close() {} } as never;
  throw answer === "refused" ? new Deno.errors.ConnectionRefused("nobody listens") : new Error("too many wait already");
}

/** What a host makes of it, and what it has removed. */
async function withFound<Result>(found: Found | undefined, use: (socket: ChosenSocket) => Promise<Result>): Promise<[Result, string[]]> {
  const removed: string[] = [];
  using _lstatSync = stub(Deno, "lstatSync", () => ({ uid: UID }) as Deno.FileInfo);
  using _lstat = stub(Deno, "lstat", () => {
    return found === undefined ? Promise.reject(new Deno.errors.NotFound("no file")) : Promise.resolve(found.file as Deno.FileInfo);
  });
  using _connect = stub(Deno, "connect", () => connect(found?.answer));
  using _remove = stub(Deno, "remove", (path) => Promise.resolve(void removed.push(String(path))));
  const result = await use(new ChosenSocket(PATH, "/run/own"));
  return [result, removed];
}

const OWN = { isSocket: true, uid: UID };

/** What is no free place, by what the error says of it. */
const TAKEN: Readonly<Record<string, Found>> = {
  "is another user's socket": { file: { isSocket: true, uid: UID + 1 } },
  "is a file": { file: { isFile: true, uid: UID } },
  "is a folder": { file: { isDirectory: true, uid: UID } },
  "is a link": { file: { isSymlink: true, uid: UID } },
  "is a pipe": { file: { isFifo: true, uid: UID } },
  "is no socket": { file: { uid: UID } },
  "another worker listens": { file: OWN, answer: "taken" },
  "another worker": { file: OWN, answer: "busy" },
};

Deno.test("a chosen path is free when nothing is there, or a socket of this user's at which nobody listens, which is removed", async () => {
  assertEquals(await withFound(undefined, (socket) => socket.free()), [{ unix: PATH }, []]);
  assertEquals(await withFound({ file: OWN }, (socket) => socket.free()), [{ unix: PATH }, [PATH]]);
});

for (const [what, found] of Object.entries(TAKEN)) {
  Deno.test(`a chosen path is left as it is, and not taken: ${what}${found.answer === "busy" ? ", who answers nobody" : ""}`, async () => {
    const [error, removed] = await withFound(found, (socket) => assertRejects(() => socket.free(), Error, what));
    assertEquals([error.message.includes(`"${PATH}"`), removed], [true, []]);
    assertEquals(await withFound(found, (socket) => socket.clear()), [undefined, []]);
  });
}

Deno.test("what a worker has left at a chosen path is removed with it, and nothing is no error", async () => {
  assertEquals(await withFound({ file: OWN }, (socket) => socket.clear()), [undefined, [PATH]]);
  assertEquals(await withFound(undefined, (socket) => socket.clear()), [undefined, []]);
});

Deno.test("the path of a socket is measured in bytes, as the system does", () => {
  const most = Deno.build.os === "linux" ? 107 : 103;
  const longest = `/${"a".repeat(most - 1)}`;
  assertEquals(unixAddress(longest), { unix: longest });
  const error = assertThrows(() => unixAddress(`${longest.slice(1)}ü`), RangeError, `has ${most + 1} bytes, and the system takes ${most}`);
  assertEquals(error.message.includes('"transport": "tcp"'), true);
});

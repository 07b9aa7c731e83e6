import { assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path";
import { UsageError } from "../exit.ts";
import { announcement } from "./announcement.ts";
import { chosenToken, newToken, TOKEN_VARIABLE } from "./token.ts";

async function inFile<Result>(text: string, use: (path: string) => Promise<Result>): Promise<Result> {
  const folder = await Deno.makeTempDir();
  try {
    const path = join(folder, "the token");
    await Deno.writeTextFile(path, text);
    return await use(path);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function withVariable<Result>(value: string, use: () => Promise<Result>): Promise<Result> {
  Deno.env.set(TOKEN_VARIABLE, value);
  try {
    return await use();
  } finally {
    Deno.env.delete(TOKEN_VARIABLE);
  }
}

Deno.test("a token comes from a file, else from a variable", async () => {
  assertEquals(await chosenToken({}), undefined);
  await withVariable("c", async () => {
    assertEquals((await inFile("a\n", (tokenFile) => chosenToken({ tokenFile })))?.value, "a");
    assertEquals((await chosenToken({}))?.value, "c");
  });
  assertEquals(await withVariable("", () => chosenToken({})), undefined);
});

Deno.test("what no header can carry is no token", async () => {
  await assertRejects(() => inFile(" \n", (tokenFile) => chosenToken({ tokenFile })), UsageError, "holds no token");
  await assertRejects(() => withVariable("é", () => chosenToken({})), UsageError, TOKEN_VARIABLE);
  await assertRejects(() => chosenToken({ tokenFile: "/nowhere/token" }), UsageError, 'Cannot read the token from "/nowhere/token"');
});

Deno.test("a token on the command line is refused, and it is said where one may come from", async () => {
  await assertRejects(() => chosenToken({ token: "a" }), UsageError, "Give --token-file, or the variable REMOTE_PLUGIN_TOKEN");
});

Deno.test("a token that is kept somewhere is not told once more", async () => {
  const kept = [await withVariable("secret", () => chosenToken({})), await inFile("secret", (tokenFile) => chosenToken({ tokenFile }))];
  for (const token of kept) {
    assertEquals(announcement({ url: "http://x", token: token!, names: ["a"] }).join("\n").includes("secret"), false);
  }
});

Deno.test("a program and a shell are told a new token as it is", () => {
  const token = newToken();
  const lines = announcement({ url: "http://x", token, names: ["é"] });
  assertEquals(lines[1], `  RemotePluginProxy.attach({ url: "http://x/%C3%A9", token: "${token.value}" })`);
  assertEquals(token.header, `'Authorization: Bearer ${token.value}'`);
});

Deno.test("a new token is another one each time", () => {
  const values = [newToken(), newToken()].map(({ value }) => value);
  assertEquals(values.map(({ length }) => length), [43, 43]);
  assertEquals(values[0] === values[1], false);
});

import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { readServerFile, writeServerFile } from "./server_file.ts";

const SERVER = { url: "http://127.0.0.1:1", token: "t", operatorToken: "o", pid: 1 };

Deno.test("a server is found while it runs, by its owner alone", async () => {
  const folder = await Deno.makeTempDir();
  try {
    assertEquals(await readServerFile(folder), undefined);
    {
      await using _file = await writeServerFile(folder, SERVER);
      assertEquals(await readServerFile(folder), SERVER);
      if (Deno.build.os !== "windows") assertEquals(Deno.statSync(join(folder, "server.json")).mode! & 0o777, 0o600);
    }
    assertEquals(await readServerFile(folder), undefined);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a server that ends leaves the file of one that has begun since", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const later = { ...SERVER, pid: 2 };
    {
      await using _first = await writeServerFile(folder, SERVER);
      await Deno.writeTextFile(join(folder, "server.json"), JSON.stringify(later));
    }
    assertEquals(await readServerFile(folder), later);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

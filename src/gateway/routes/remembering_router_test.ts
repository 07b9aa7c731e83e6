import { assertEquals } from "@std/assert";
import { TrieRouter } from "hono/router/trie-router";
import { RememberingRouter } from "./remembering_router.ts";

const ROUTES = [["ALL", "*"], ["GET", "/docs/:file?"], ["GET", "/:plugin"], ["ALL", "/:plugin/:endpoint"]] as const;

Deno.test("a path is found as often as it is asked for, as by a router that remembers none", () => {
  const [router, trie] = [new RememberingRouter<string>(), new TrieRouter<string>()];
  for (const [method, path] of ROUTES) {
    router.add(method, path, `${method} ${path}`);
    trie.add(method, path, `${method} ${path}`);
  }
  // More of them than are remembered, and one that is too long for that.
  const paths = [...Array.from({ length: 600 }, (_, number) => `/p${number}/execute`), "/docs/a", "/stats", "/", `/${"p".repeat(1_000)}/x`];
  for (const path of [...paths, ...paths.toReversed(), ...paths]) {
    for (const method of ["GET", "POST"]) assertEquals(router.match(method, path), trie.match(method, path));
  }
});

Deno.test("a route that is added later is found for a path that was asked for before", () => {
  const router = new RememberingRouter<string>();
  router.add("GET", "/:plugin", "first");
  assertEquals(router.match("GET", "/stats")[0].length, 1);
  router.add("GET", "/stats", "second");
  assertEquals(router.match("GET", "/stats")[0].length, 2);
});

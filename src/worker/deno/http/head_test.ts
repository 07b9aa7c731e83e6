import { assertEquals } from "@std/assert";
import { parseHead } from "./head.ts";

Deno.test("A request's target may be in origin form or absolute form, and its query is dropped", () => {
  for (const target of ["/execute", "/execute?x=1", "http://localhost/execute", "HTTP://localhost:80/execute?x#y"]) {
    assertEquals(parseHead(`POST ${target} HTTP/1.1`)?.path, "/execute");
  }
});

Deno.test("Header names are read in any case, and repeated ones are joined", () => {
  const head = parseHead("GET / HTTP/1.1\r\nACCEPT: a \r\nAccept:\tb");
  assertEquals(head?.headers.get("accept"), "a, b");
});

Deno.test("A length that is given twice is no length, even where both are the same", () => {
  assertEquals(parseHead("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1")?.headers.get("content-length"), "1, 1");
});

Deno.test("What is no HTTP/1.1 is no request", () => {
  const heads = [
    "",
    "garbage",
    "GET / HTTP/1.0",
    "GET / HTTP/2.0",
    "GET  / HTTP/1.1",
    "GET nowhere HTTP/1.1",
    "GET / HTTP/1.1\r\nno colon",
    "GET / HTTP/1.1\r\nname : space before the colon",
    "GET / HTTP/1.1\r\na: b\r\n folded",
    "GET / HTTP/1.1\r\na: bare\nline feed",
    "GET / HTTP/1.1\r\nzero: \0",
  ];
  for (const head of heads) assertEquals(parseHead(head), undefined, head);
});

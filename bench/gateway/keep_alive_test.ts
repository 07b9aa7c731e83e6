import { assertEquals, assertThrows } from "@std/assert";
import { replyIn, writtenRequest } from "./keep_alive.ts";

const encoder = new TextEncoder();

Deno.test("a reply is one when all of it has come", () => {
  const bytes = encoder.encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nx: y\r\n\r\n42");
  for (let end = 0; end < bytes.length; end++) assertEquals(replyIn(bytes.subarray(0, end)), undefined, `${end}`);
  assertEquals(replyIn(bytes), { status: 200, body: "42" });
});

Deno.test("a reply without a length is an error, and none that lasts for ever", () => {
  assertThrows(() => replyIn(encoder.encode("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")), Error, "No reply with a length");
});

Deno.test("a request carries its token, and the length of its body in bytes", () => {
  const text = new TextDecoder().decode(writtenRequest("http://127.0.0.1:1/work/execute", { token: "t", body: '"ä"' }));
  assertEquals(text, 'POST /work/execute HTTP/1.1\r\nhost: 127.0.0.1:1\r\nauthorization: Bearer t\r\ncontent-length: 4\r\n\r\n"ä"');
});

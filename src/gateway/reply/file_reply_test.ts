import { assertEquals } from "@std/assert";
import { fileHeaders, takesFile } from "./file_reply.ts";

Deno.test("a client takes a file that its Accept names, and all files where it takes bytes or says nothing", () => {
  const takes = (accept: string | null): boolean => takesFile(accept, "audio/wav");
  assertEquals([null, "*/*", "audio/*", "text/html, audio/wav;q=0.5", "application/octet-stream"].map(takes), [
    true,
    true,
    true,
    true,
    true,
  ]);
  assertEquals(["application/json", "audio/mpeg", "image/*"].map(takes), [false, false, false]);
});

Deno.test("a file's headers are headers, whatever its plugin says, and no browser shows it as a page", () => {
  const headers = fileHeaders({ mediaType: "text/html\r\nset-cookie: a=b", size: 3 }, 'a"/b');
  assertEquals(new Headers(headers).get("content-type"), "application/octet-stream");
  assertEquals(headers["content-disposition"], 'attachment; filename="a__b.bin"');
  assertEquals(fileHeaders({ mediaType: "audio/wav", size: 3 }, "speaks")["content-disposition"], 'attachment; filename="speaks.wav"');
});

import { assertEquals } from "@std/assert";
import { PAGE_FILES, SWAGGER_UI } from "./docs_page.ts";

Deno.test("the page takes the release of Swagger UI whose hash is in the lock file", async () => {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("../../../deno.json", import.meta.url)));
  assertEquals(imports["swagger-ui-dist"], `npm:swagger-ui-dist@${SWAGGER_UI}`);
});

Deno.test("the page's own program asks for nothing but the description", async () => {
  const { text } = await PAGE_FILES["page.js"]!();
  assertEquals(text.matchAll(/fetch\("([^"]*)"/g).map(([, url]) => url).toArray(), ["openapi.json"]);
});

import { assertEquals } from "@std/assert";
import { PAGE_FILES } from "./docs_page.ts";

Deno.test("the page's own program asks for nothing but the description", async () => {
  const { text } = await PAGE_FILES["page.js"]!();
  assertEquals(text.matchAll(/fetch\("([^"]*)"/g).map(([, url]) => url).toArray(), ["openapi.json"]);
});

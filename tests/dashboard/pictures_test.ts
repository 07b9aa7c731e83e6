import { assertEquals } from "@std/assert";
import { pictureFile, PICTURES, PLUGINS, saidBy } from "../support/pictures.ts";
import { browserTests } from "../support/seen_page.ts";

const inBrowser = browserTests();

for (const [name, show] of Object.entries(PICTURES)) {
  inBrowser(`the page shows what the picture "${name}" of its documentation shows; else run: deno task embed pictures`, async (open) => {
    await using seen = await open(...PLUGINS);
    await seen.signIn();
    await show(seen);
    assertEquals(await saidBy(seen), await Deno.readTextFile(pictureFile(name, "txt")));
  });
}

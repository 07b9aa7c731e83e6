/**
 * `deno task embed pictures`: makes the pictures of the documentation, from the page as Chromium shows it, and writes beside each what it says.
 *
 * @module
 */
import { CHROMIUM, TestBrowser } from "../tests/support/browser.ts";
import { pictureFile, PICTURES, PLUGINS, saidBy } from "../tests/support/pictures.ts";
import { SeenPage } from "../tests/support/seen_page.ts";

/** How long the charts are filled before a picture is made, in milliseconds. */
const LOOKED_MS = 12_000;

if (import.meta.main) {
  if (CHROMIUM === undefined) throw new Error("Cannot make pictures: there is no Chromium on PATH. Install the package chromium");
  await using browser = await TestBrowser.start();
  await Deno.mkdir(new URL(".", pictureFile("any", "png")), { recursive: true });
  for (const [name, show] of Object.entries(PICTURES)) {
    await using seen = await SeenPage.of(browser, PLUGINS);
    await seen.signIn();
    await show(seen);
    await Deno.writeTextFile(pictureFile(name, "txt"), await saidBy(seen));
    await new Promise((resolve) => setTimeout(resolve, LOOKED_MS));
    await seen.page.setViewportSize({ width: 1_200, height: 500 });
    await Deno.writeFile(pictureFile(name, "png"), await seen.page.screenshot({ fullPage: true }));
    console.log(`docs/pictures/${name}.png`);
  }
}

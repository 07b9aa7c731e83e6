/**
 * Writes docs/performance.md and its plot.
 *
 * @module
 */
import { pathOf } from "@remote-plugin/tools/registry";
import { capture } from "@remote-plugin/tools/run";
import type { Results } from "../results.ts";
import { readResults } from "../results_file.ts";
import { renderPage } from "./page.ts";
import { renderPlot } from "./plot.ts";

/** Writes the page of a whole bench, with what is kept of the gateway's. */
export async function writePage(results: Results): Promise<void> {
  const [page, plot] = [pathOf("docs/performance.md"), pathOf("docs/performance.svg")];
  await Deno.writeTextFile(plot, renderPlot(results));
  await Deno.writeTextFile(page, renderPage(results, await readResults("gateway")));
  const { code, output } = await capture([Deno.execPath(), "fmt", page, plot, pathOf("bench/results")]);
  if (code !== 0) throw new Error(output);
}

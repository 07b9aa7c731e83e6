/** `doctor`: finds what keeps plugins from working, and says how to mend it. @module */
import type { Context } from "../context.ts";
import { loadManifest } from "../../manifest/load.ts";
import { boundsFindings } from "../doctor/bounds_findings.ts";
import { readObject } from "./run.ts";
import { UsageError } from "../exit.ts";
import type { Finding } from "../doctor/finding.ts";
import { hostFindings } from "../doctor/host_findings.ts";
import { problemText } from "../context.ts";
import { pluginFindings } from "../doctor/plugin_findings.ts";
import { bold, green, red, yellow } from "../output/painted.ts";

/** The options of `doctor`. */
export interface DoctorOptions {
  readonly fix?: boolean;
  readonly bounds?: boolean;
  readonly kwargs?: string;
}

/** Looks at the host and at one plugin, or at all. False when something has to be mended. */
export async function doctor(
  context: Context,
  reference: string | undefined,
  { fix = false, bounds = false, kwargs }: DoctorOptions,
): Promise<boolean> {
  if (bounds && reference === undefined) throw new UsageError("Which plugin? Write doctor --bounds PLUGIN, which runs it held to nothing");
  const { terminal } = context;
  const findings: Finding[] = [];
  const report = (finding: Finding) => {
    findings.push(finding);
    if (!terminal.json) show(context, finding);
  };
  for (const finding of await hostFindings({ fix })) report(finding);
  const { manager, plugin } = await context.openManager(reference);
  await using _manager = manager;
  const problems = reference === undefined ? manager.problems : [];
  for (const problem of problems) report({ about: problem.error.plugin, check: "manifest", verdict: "bad", found: problemText(problem) });
  const names = reference === undefined ? manager.list().map(({ name, version }) => `${name}@${version}`) : [plugin];
  for (const name of names) {
    context.signal.throwIfAborted();
    for await (const finding of pluginFindings(context, manager, { name, isTried: bounds })) report(finding);
    if (!bounds || findings.some(({ verdict }) => verdict === "bad")) continue;
    const trial = { spec: await loadManifest(manager.info(name).source!), kwargs: kwargs === undefined ? undefined : readObject(kwargs) };
    for await (const finding of boundsFindings(context, trial)) report(finding);
  }
  if (terminal.json) terminal.result(findings);
  const bad = findings.filter(({ verdict }) => verdict === "bad").length;
  terminal.line(bad === 0 ? green("All is well") : red(`${bad} ${bad === 1 ? "thing has" : "things have"} to be mended`));
  return bad === 0;
}

function show({ terminal }: Context, { about, check, verdict, found, fix }: Finding): void {
  const mark = verdict === "good" ? green("ok  ") : verdict === "odd" ? yellow("look") : red("BAD ");
  // Further lines stand where no finding begins, so that none passes for another one.
  terminal.line(mark, `  ${about}: ${check}: ${found.replaceAll("\n", "\n        ")}`);
  if (fix !== undefined) terminal.line("      ", bold("fix:"), ` ${fix}`);
}

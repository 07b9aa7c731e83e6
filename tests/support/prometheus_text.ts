/**
 * Reads the text that Prometheus reads.
 *
 * @module
 */

/** One figure. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** All figures of a text. What is no line of its format is an error. */
export function readSamples(text: string): Sample[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("# ")).map(readSample);
}

/** The figure of a name with at least these labels; `undefined` when there is none. */
export function valueOf(text: string, name: string, labels: Sample["labels"] = {}): number | undefined {
  const has = (sample: Sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
  return readSamples(text).find((sample) => sample.name === name && has(sample))?.value;
}

function readSample(line: string): Sample {
  const [, name, labels = "", value] = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`"${line}" is no figure for Prometheus`);
  const pairs = [...labels.matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/g)].map(([, label, text]) => [label!, JSON.parse(`"${text}"`)]);
  return { name, labels: Object.fromEntries(pairs), value: Number(value.replace("+Inf", "Infinity")) };
}

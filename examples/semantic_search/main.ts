// flags: --allow-write=$REPO/out --allow-env=TMPDIR,TMP,TEMP
// plugin: sentence_vectors.json
/**
 * Finds the functions of Python's library by what they do: a model from PyPI turns sentences into vectors, whose neighbours are found here.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { type FileResult, RemotePluginProxy } from "@remote-plugin/proxy";
import { Checks } from "../shared/checks.ts";
import { orSkip, tellStep } from "../shared/environment.ts";
import { bold, dim, ProgressBar } from "../shared/terminal.ts";
import { type Dot, type Question, sentenceMapSvg } from "./map_svg.ts";
import { type Matrix, nearest, type Neighbour, placeIn, type Plane, rowOf, widestPlane } from "./vectors.ts";

const MANIFEST = fromFileUrl(new URL("sentence_vectors.json", import.meta.url));
const PICTURE = fromFileUrl(new URL("../../out/semantic_search.svg", import.meta.url));
const ANSWERS = 3;

const TOPICS: Readonly<Record<string, readonly string[]>> = {
  numbers: ["math", "statistics", "random"],
  files: ["os.path", "shutil", "tempfile", "zipfile"],
  texts: ["textwrap", "difflib", "html", "json"],
  network: ["socket", "urllib.parse", "urllib.request"],
  programs: ["subprocess", "signal", "threading"],
  collections: ["itertools", "functools", "heapq", "bisect", "copy"],
};

/** Each with the function that it asks for, in other words than those that describe it. */
const QUESTIONS: Readonly<Record<string, string>> = {
  "remove a folder and everything in it": "shutil.rmtree",
  "pick one of several at random": "random.choice",
  "break a long paragraph into lines": "textwrap.wrap",
  "escape a text for a web page": "html.escape",
  "run another program and read what it prints": "subprocess.check_output",
  "the smallest things of a list": "heapq.nsmallest",
};

/** What the library says of one of its functions. */
interface Described {
  readonly name: string;
  readonly text: string;
  readonly topic: string;
}

/** The sentences, and a row for each. */
interface Index {
  readonly sentences: readonly Described[];
  readonly matrix: Matrix;
}

/** What was asked, and the sentences that are nearest to it. */
interface Search {
  readonly question: string;
  readonly vector: Float32Array;
  readonly found: readonly Neighbour[];
}

async function main(): Promise<void> {
  const questions = Deno.args.length > 0 ? Deno.args : Object.keys(QUESTIONS);
  await using plugin = await RemotePluginProxy.start(MANIFEST, { onEnvironment: tellStep });
  await plugin.initialize();
  const sentences = (await Promise.all(Object.keys(TOPICS).map((topic) => read(plugin, topic)))).flat();
  const index = { sentences, matrix: await vectorsOf(plugin, sentences.map(({ text }) => text)) };
  const asked = await vectorsOf(plugin, questions);
  const searches = questions.map((question, row): Search => {
    const vector = rowOf(asked, row);
    return { question, vector, found: nearest(index.matrix, vector, ANSWERS) };
  });
  for (const search of searches) print(search, sentences);
  await draw(searches, index);
  check(searches, index);
}

async function read(plugin: RemotePluginProxy, topic: string): Promise<Described[]> {
  const stream = plugin.executeStream<Omit<Described, "topic">>({ modules: TOPICS[topic] });
  return await Array.fromAsync(stream, (described) => ({ ...described, topic }));
}

/** A row for each text. It comes as a file, as numpy has it in memory. */
async function vectorsOf(plugin: RemotePluginProxy, sentences: readonly string[]): Promise<Matrix> {
  const begun = performance.now();
  using bar = new ProgressBar();
  const onProgress = (progress: { progress: number; message: string }): void => bar.update(progress);
  await using result = await plugin.execute<FileResult>({ sentences }, { onProgress });
  const matrix = await result.array("float32");
  bar.print(
    `${sentences.length} sentences became ${matrix.shape.join(" × ")} numbers in ${((performance.now() - begun) / 1000).toFixed(1)} s`,
  );
  return matrix;
}

function print({ question, found }: Search, sentences: readonly Described[]): void {
  console.log(`\n${bold(question)}`);
  for (const { row, likeness } of found) {
    const { name, text } = sentences[row]!;
    console.log(`  ${likeness.toFixed(2)}  ${name}  ${dim(text)}`);
  }
}

async function draw(searches: readonly Search[], { sentences, matrix }: Index): Promise<void> {
  const plane = widestPlane(matrix);
  const dots = sentences.map(({ name, text, topic }, row): Dot => {
    return { at: placeIn(plane, rowOf(matrix, row)), text: `${name}: ${text}`, group: topic };
  });
  const svg = sentenceMapSvg({
    title: "Python's library by what its functions do",
    subtitle: `${sentences.length} sentences in two of ${
      matrix.shape[1]
    } dimensions. Lines join a question to those that are nearest in all of them.`,
    dots,
    questions: searches.map((search) => questionOf(search, plane, dots)),
  });
  await Deno.writeTextFile(PICTURE, svg);
  console.log(`\nThe map is in\n  ${PICTURE}`);
}

function questionOf({ question, vector, found }: Search, plane: Plane, dots: readonly Dot[]): Question {
  return { at: placeIn(plane, vector), text: question, answers: found.map(({ row }) => dots[row]!) };
}

function check(searches: readonly Search[], index: Index): void {
  const checks = new Checks();
  for (const { question, found } of searches) {
    const names = found.map(({ row }) => index.sentences[row]!.name);
    const wanted = QUESTIONS[question];
    if (wanted !== undefined) checks.that(`"${question}" finds ${wanted}`, names.includes(wanted), names.join(", "));
  }
  const share = shareOfLikeNeighbours(index);
  const figure = `${Math.round(100 * share)} %`;
  checks.that(`the sentence nearest to another is mostly one on the same topic (${figure})`, share > 0.8, figure);
  checks.report();
}

/** How many of the sentences have one on their own topic as the nearest other. */
function shareOfLikeNeighbours({ sentences, matrix }: Index): number {
  const like = sentences.filter(({ topic }, row) => {
    const other = nearest(matrix, rowOf(matrix, row), 2).find((neighbour) => neighbour.row !== row);
    return sentences[other!.row]!.topic === topic;
  });
  return like.length / sentences.length;
}

await orSkip(main);

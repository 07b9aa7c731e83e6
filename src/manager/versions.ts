/**
 * The order of versions.
 *
 * @module
 */

/** Something in a version that is compared at once: first its rank, then its text. */
type Part = readonly [rank: number, text: string];

/** What is compared one after the other; where all parts of one are in the other too, the shorter comes first. */
type Key = readonly (readonly Part[])[];

const LOWEST: Part = [0, ""];
const HIGHEST: Part = [9, ""];
/** In front of what only SemVer reads, which stands below its release, and above what Python calls a pre-release of it. */
const SEMVER_PRE_RELEASE: Part = [8, ""];

/** What Python reads, in the words of PEP 440: `[N!]N(.N)*[{a|b|rc}N][.postN][.devN][+local]`, with all that it normalizes. */
const PYTHON = new RegExp(
  "^v?(?:(?<epoch>\\d+)!)?(?<release>\\d+(?:\\.\\d+)*)" +
    "(?:[-_.]?(?<label>alpha|a|beta|b|preview|pre|c|rc)[-_.]?(?<pre>\\d*))?" +
    "(?<post>-(?<bare>\\d+)|[-_.]?(?:post|rev|r)[-_.]?(?<after>\\d*))?" +
    "(?<dev>[-_.]?dev[-_.]?(?<step>\\d*))?" +
    "(?:\\+(?<local>[a-z0-9]+(?:[-_.][a-z0-9]+)*))?$",
  "i",
);

/** What SemVer reads besides, with any count of numbers. */
const SEMVER = /^v?(?<release>\d+(?:\.\d+)*)(?:-(?<pre>[\da-z-]+(?:\.[\da-z-]+)*))?(?:\+[\da-z.-]+)?$/i;

/** Python's names for one thing, by their first letters. */
const LABELS: Readonly<Record<string, string>> = { a: "a", b: "b", c: "rc", p: "rc", r: "rc" };

/**
 * Orders versions as Python does (PEP 440), those that it cannot read as SemVer does, and before them all what neither reads.
 *
 * @returns Below zero when `a` comes first, zero when they mean the same, as `1.0` and `v1.0.0` do.
 */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [keyOf(a), keyOf(b)];
  return compareLists(first, second, (one, other) => compareLists(one, other, compareParts));
}

function keyOf(version: string): Key {
  const text = version.trim();
  return pythonKey(text) ?? semverKey(text) ?? [[], (text.match(/\d+|\D+/g) ?? []).map(part)];
}

function pythonKey(text: string): Key | undefined {
  const groups = PYTHON.exec(text)?.groups;
  if (groups === undefined) return undefined;
  const { epoch = "", release = "", label, pre = "", post, bare, after = "", dev, step = "", local } = groups;
  return [
    [number(epoch)],
    releaseParts(release),
    label !== undefined
      ? [[1, LABELS[label[0]!.toLowerCase()]!], number(pre)]
      : [dev !== undefined && post === undefined ? LOWEST : HIGHEST],
    post === undefined ? [] : [number(bare ?? after)],
    dev === undefined ? [HIGHEST] : [number(step)],
    local === undefined ? [] : local.toLowerCase().split(/[-_.]/).map(part),
  ];
}

/** What follows a `+` does not count. */
function semverKey(text: string): Key | undefined {
  const { release, pre } = SEMVER.exec(text)?.groups ?? {};
  if (release === undefined) return undefined;
  const suffix = pre === undefined ? [HIGHEST] : [SEMVER_PRE_RELEASE, ...pre.split(".").map(identifier)];
  return [[number("")], releaseParts(release), suffix, [], [HIGHEST], []];
}

/** `1.0` is `1`. */
function releaseParts(release: string): Part[] {
  return release.replace(/(?:\.0+)+$/, "").split(".").map(number);
}

/** Python has numbers stand above texts. */
function part(text: string): Part {
  return isNumber(text) ? number(text) : [1, text];
}

/** SemVer has numbers stand below texts. */
function identifier(text: string): Part {
  return isNumber(text) ? [0, ordered(text)] : [1, text];
}

function number(text: string): Part {
  return [2, ordered(text)];
}

function isNumber(text: string): boolean {
  return /^\d+$/.test(text);
}

/** The text of a number, which may have more digits than a number of JavaScript holds: with its length in front it is ordered as the number is. */
function ordered(text: string): string {
  const digits = text.replace(/^0+/, "");
  return `${digits.length}`.padStart(10, "0") + digits;
}

function compareLists<Item>(a: readonly Item[], b: readonly Item[], compare: (a: Item, b: Item) => number): number {
  for (const [at, item] of a.entries()) {
    if (at >= b.length) return 1;
    const order = compare(item, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareParts([rankA, a]: Part, [rankB, b]: Part): number {
  if (rankA !== rankB || a === b) return rankA - rankB;
  return a < b ? -1 : 1;
}

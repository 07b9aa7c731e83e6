/**
 * What a vector says shortly and a worker gets at length.
 *
 * @module
 */

/** Fills in `${token}` and the like, `${fill:1000}` with a thousand letters, and `${nest:1000}` with as many lists in each other. */
export function expand(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::(\d+))?\}/g, (whole, name, count) => {
    if (name === "fill") return "x".repeat(Number(count));
    if (name === "nest") return "[".repeat(Number(count)) + "]".repeat(Number(count));
    return values[name] ?? whole;
  });
}

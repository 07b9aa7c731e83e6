/**
 * The permission flags that a script declares in its own first lines.
 *
 * @module
 */

/** What the names in declared flags stand for; `undefined` for what this machine has not. */
export type Names = Readonly<Record<string, string | undefined>>;

/**
 * The flags of a script: the words after `// flags:` in the comment lines at its top, `undefined` when it declares none. `// flags:` alone says
 * that it needs no permission.
 *
 * `$NAME` stands for a value in `names`. A value of a list that this machine has not is left out, and with its last one the flag.
 */
export function declaredFlags(source: string, names: Names): string[] | undefined {
  const declared = topLines(source).flatMap((line) => /^\/\/ flags:(.*)$/.exec(line)?.[1] ?? []);
  if (declared.length === 0) return undefined;
  return declared.flatMap((line) => line.split(" ")).filter((word) => word !== "").flatMap((word) => resolve(word, names));
}

/** The manifests of the plugins that a script starts: what stands after `// plugin:` in the comment lines at its top. */
export function declaredPlugins(source: string): string[] {
  return topLines(source).flatMap((line) => /^\/\/ plugin: (\S+)$/.exec(line)?.[1] ?? []);
}

function topLines(source: string): string[] {
  const lines = source.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("//"));
  return lines.slice(0, end < 0 ? undefined : end);
}

function resolve(flag: string, names: Names): string[] {
  const [name = "", list] = flag.split(/=(.*)/s);
  if (list === undefined) return [name];
  const values = list.split(",").flatMap((value) => substitute(value, names) ?? []);
  return values.length === 0 ? [] : [`${name}=${values.join(",")}`];
}

function substitute(value: string, names: Names): string | undefined {
  let missing = false;
  const text = value.replace(/\$([A-Z_]+)/g, (whole, name: string) => {
    if (!(name in names)) {
      throw new Error(`"${whole}" in "${value}" is not known, only ${Object.keys(names).map((known) => `$${known}`).join(", ")}`);
    }
    missing ||= names[name] === undefined;
    return names[name] ?? "";
  });
  return missing ? undefined : text;
}

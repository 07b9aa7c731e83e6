/**
 * Import maps: made independent of where they stand, and made harmless to the worker.
 *
 * @module
 */

/** What names stand for; `null` for one that nobody may import. */
export type Specifiers = Readonly<Record<string, string | null>>;

/** What names stand for, everywhere and for the modules below certain places. */
export interface ImportMap {
  readonly imports: Specifiers;
  readonly scopes: Readonly<Record<string, Specifiers>>;
}

/** The same map for any other place: what is relative in it belongs to `base`. */
export function absoluteMap({ imports, scopes }: ImportMap, base: URL): ImportMap {
  return {
    imports: absoluteSpecifiers(imports, base),
    scopes: Object.fromEntries(
      Object.entries(scopes).map(([prefix, inner]) => [URL.parse(prefix, base)?.href ?? prefix, absoluteSpecifiers(inner, base)]),
    ),
  };
}

function absoluteSpecifiers(specifiers: Specifiers, base: URL): Specifiers {
  return Object.fromEntries(
    Object.entries(specifiers).map(([name, address]) => [absolute(name, base), address === null ? null : absolute(address, base)]),
  );
}

/** A specifier as it means the same elsewhere. All but relative ones are left as they are written: a URL would be encoded anew. */
export function absolute(specifier: string, base: URL): string {
  return /^\.{0,2}\//.test(specifier) ? URL.parse(specifier, base)?.href ?? specifier : specifier;
}

/** In a `deno.json` the name of a package stands for all that is in the package too, which a plain import map has to say. */
export function withSubpaths({ imports, scopes }: ImportMap): ImportMap {
  return {
    imports: packagesWithSubpaths(imports),
    scopes: Object.fromEntries(Object.entries(scopes).map(([prefix, inner]) => [prefix, packagesWithSubpaths(inner)])),
  };
}

function packagesWithSubpaths(specifiers: Specifiers): Specifiers {
  const subpaths = Object.entries(specifiers).flatMap(([name, address]) => {
    const [, scheme, place] = /^(jsr|npm):\/?(.*[^/])$/.exec(address ?? "") ?? [];
    return place === undefined || name.endsWith("/") ? [] : [[`${name}/`, `${scheme}:/${place}/`] as const];
  });
  return { ...Object.fromEntries(subpaths), ...specifiers };
}

/**
 * Adds names that mean one thing to every importer, whatever the map says of them. An exact name wins over the beginnings of names, and a scope over
 * what holds everywhere: so they are put into each scope as well.
 */
export function withFixedNames({ imports, scopes }: ImportMap, fixed: Readonly<Record<string, string>>): ImportMap {
  const fix = (specifiers: Specifiers): Specifiers => {
    // One name can be written in many ways, and the last one would count.
    const others = Object.entries(specifiers).filter(([name]) => !Object.hasOwn(fixed, URL.parse(name)?.href ?? name));
    return { ...Object.fromEntries(others), ...fixed };
  };
  return { imports: fix(imports), scopes: Object.fromEntries(Object.entries(scopes).map(([prefix, inner]) => [prefix, fix(inner)])) };
}

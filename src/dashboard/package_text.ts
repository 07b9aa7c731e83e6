/**
 * Files of packages from npm that a browser is given. A package is fetched when somebody opens its page first.
 *
 * @module
 */

/** The releases. The import maps have the same ones, and the lock file their hashes. */
export const PACKAGE_RELEASES = {
  htm: "3.1.1",
  preact: "11.2.0",
  "swagger-ui-dist": "5.35.0",
  uplot: "1.6.32",
} as const;

/** A package whose files browsers are given. */
export type PagePackage = keyof typeof PACKAGE_RELEASES;

/** A module of each package that is small and asks for no browser; empty is the package's main one. */
const LOADED: Readonly<Record<PagePackage, string>> = { htm: "", preact: "", "swagger-ui-dist": "/absolute-path.js", uplot: "" };

/**
 * The text of a file of a package: its path behind the package's name, empty for the main module.
 *
 * The specifier is made here, so that Deno does not download the package for programs that only import the gateway. The import of a text finds no package
 * that was not loaded, so a module of it is imported first.
 *
 * @throws {TypeError} When the package is not here, and cannot be fetched.
 */
export async function packageText(name: PagePackage, file = ""): Promise<string> {
  const specifier = `npm:${name}@${PACKAGE_RELEASES[name]}`;
  await import(`${specifier}${LOADED[name]}`);
  const { default: text } = await import(`${specifier}${file === "" ? "" : `/${file}`}`, { with: { type: "text" } });
  return text;
}

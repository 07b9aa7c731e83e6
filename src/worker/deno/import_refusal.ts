/**
 * What Deno says of a module that may not be fetched, in the words of those who can change it.
 *
 * @module
 */

/** The registry's host, which stands for all of npm in a manifest, also where a user takes packages from another registry. */
const NPM_HOST = "registry.npmjs.org";

/** Deno names its own flags, which are the host's: adds what to write into the manifest. All other messages stay as they are. */
export function namingThePermission(message: string): string {
  const host = refusedHost(message);
  if (host === undefined) return message;
  const what = message.replace(", run again with the --allow-import flag", "").replace(/\.$/, "");
  return `${what}. Add "${host}" to "import" in the manifest's "permissions", and to what the host allows`;
}

function refusedHost(message: string): string | undefined {
  const url = /A remote specifier was requested: "([^"]+)", but --no-remote/.exec(message)?.[1];
  if (url !== undefined) return URL.parse(url)?.host;
  if (/npm specifiers were requested; but --no-npm|npm package not found in cache: .*--cached-only/.test(message)) return NPM_HOST;
  return /Requires import access to "([^"]+)"/.exec(message)?.[1];
}

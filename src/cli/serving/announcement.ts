/**
 * What `serve` says when it listens.
 *
 * @module
 */
import { counted } from "../output/counted.ts";
import type { SignaturesBody } from "../../protocol/messages.ts";
import { curlLines } from "./curl_lines.ts";
import type { Token } from "./token.ts";

/** What others have to know. */
export interface Served {
  readonly url: string;
  readonly token: Token;
  /** The names of the plugins. */
  readonly names: readonly string[];
}

/** How other programs call the plugins, line by line. */
export function announcement({ url, token, names }: Served): string[] {
  return [
    `Serving ${counted(names.length, "plugin")} until Ctrl-C. Another program calls ${names.length === 1 ? "it" : "them"} with:`,
    ...names.map((name) => `  RemotePluginProxy.attach({ url: "${placeOf(url, name)}", token: ${token.inCode} })`),
    `What they take, and a page to try it: ${url}/docs`,
  ];
}

/** How a shell calls a plugin that takes this, line by line. */
export function shellLines(
  name: string,
  { url, token, signatures }: Pick<Served, "url" | "token"> & { readonly signatures: SignaturesBody | undefined },
): string[] {
  const target = { place: placeOf(url, name), header: token.header };
  return ["From a shell:", ...curlLines(signatures, target).map((line) => `  ${line}`)];
}

function placeOf(url: string, name: string): string {
  return `${url}/${encodeURIComponent(name)}`;
}

/**
 * What `serve` says when it listens.
 *
 * @module
 */
import { counted } from "../output/counted.ts";
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
  const places = names.map((name) => `${url}/${encodeURIComponent(name)}`);
  return [
    `Serving ${counted(names.length, "plugin")} until Ctrl-C. Another program calls ${names.length === 1 ? "it" : "them"} with:`,
    ...places.map((place) => `  RemotePluginProxy.attach({ url: "${place}", token: ${token.inCode} })`),
    ...places.slice(0, 1).flatMap((place) => [
      "From a shell:",
      `  curl "${place}/execute" -H ${token.header} -d '{"kwargs": {"NAME": "VALUE"}}'`,
    ]),
  ];
}

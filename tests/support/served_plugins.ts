/**
 * Plugins behind the command line's gateway.
 *
 * @module
 */
import type { Manifest } from "@remote-plugin/proxy";
import { User } from "./cli_user.ts";
import { attachEither, type Face } from "./fixture_proxy.ts";
import { PrintedLines } from "./printed_lines.ts";

/** What the program has printed. */
interface Served {
  readonly lines: PrintedLines;
  readonly address: { readonly url: string; readonly token: string; readonly operatorToken: string };
}

/** The program `serve`, as a user has it run. */
export class ServedPlugins implements AsyncDisposable {
  readonly #user: User;
  readonly #child: Deno.ChildProcess;
  /** Where it listens. */
  readonly url: string;
  /** What each request needs. */
  readonly token: string;
  /** What the requests of an operator need. */
  readonly operatorToken: string;

  readonly #lines: PrintedLines;

  private constructor(user: User, child: Deno.ChildProcess, { lines, address }: Served) {
    this.#user = user;
    this.#child = child;
    this.#lines = lines;
    this.url = address.url;
    this.token = address.token;
    this.operatorToken = address.operatorToken;
  }

  /** Serves plugins, each under the name that it has here, with further options. */
  static async start(manifests: Readonly<Record<string, Manifest>>, options: readonly string[] = []): Promise<ServedPlugins> {
    const files = Object.entries(manifests).map(([name, manifest]) => [`${name}.json`, { ...manifest, name }]);
    const user = await User.create(Object.fromEntries(files));
    const child = user.start(["serve", "--json", ...options]);
    const lines = new PrintedLines(child.stdout);
    return new ServedPlugins(user, child, { lines, address: JSON.parse(await lines.next("the address of the gateway")) });
  }

  /** Attaches to a plugin by the proxy that the face names. */
  attach(face: Face, plugin: string): ReturnType<typeof attachEither> {
    return attachEither(face, { url: `${this.url}/${plugin}`, token: this.token });
  }

  /** Ends it, and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGINT");
    await Promise.all([this.#lines.cancel(), this.#child.stderr.cancel(), this.#child.status]);
    await this.#user[Symbol.asyncDispose]();
  }
}

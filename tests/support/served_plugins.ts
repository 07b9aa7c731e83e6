/**
 * Plugins behind the command line's gateway.
 *
 * @module
 */
import type { Manifest } from "@remote-plugin/proxy";
import { within } from "./guard.ts";
import { User } from "./cli_user.ts";
import { attachEither, type Face } from "./fixture_proxy.ts";

/** The program `serve`, as a user has it run. */
export class ServedPlugins implements AsyncDisposable {
  readonly #user: User;
  readonly #child: Deno.ChildProcess;
  /** Where it listens. */
  readonly url: string;
  /** What each request needs. */
  readonly token: string;

  private constructor(user: User, child: Deno.ChildProcess, { url, token }: { readonly url: string; readonly token: string }) {
    this.#user = user;
    this.#child = child;
    this.url = url;
    this.token = token;
  }

  /** Serves plugins, each under the name that it has here. */
  static async start(manifests: Readonly<Record<string, Manifest>>): Promise<ServedPlugins> {
    const files = Object.entries(manifests).map(([name, manifest]) => [`${name}.json`, { ...manifest, name }]);
    const user = await User.create(Object.fromEntries(files));
    const child = user.start(["serve", "--json"]);
    const reader = child.stdout.getReader();
    const { value } = await within(reader.read(), "the address of the gateway");
    reader.releaseLock();
    return new ServedPlugins(user, child, JSON.parse(new TextDecoder().decode(value)));
  }

  /** Attaches to a plugin by the proxy that the face names. */
  attach(face: Face, plugin: string): ReturnType<typeof attachEither> {
    return attachEither(face, { url: `${this.url}/${plugin}`, token: this.token });
  }

  /** Ends it, and removes its folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGINT");
    await Promise.all([this.#child.stdout.cancel(), this.#child.stderr.cancel(), this.#child.status]);
    await this.#user[Symbol.asyncDispose]();
  }
}

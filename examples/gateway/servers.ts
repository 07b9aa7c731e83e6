/**
 * The three servers, each in a process of its own, with the permissions that it needs and no others.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import { TextLineStream } from "@std/streams";

/** How each is started. The command `deno serve` listens by itself; the two others do it in their code. */
export const SERVERS = {
  "Deno.serve": ["run", "deno_serve.ts"],
  "deno serve": ["serve", "--host=127.0.0.1", "--port=0", "deno_serve_command.ts"],
  "hono": ["run", "hono.ts"],
} as const;

const [HERE, DEMO] = ["./", "../demo"].map((path) => fromFileUrl(new URL(path, import.meta.url)));

/** What the manager needs to start the plugin, and the server to listen. */
function flags(): string[] {
  const [python, temp] = [Deno.env.get("PYTHON")!, Deno.env.get("TMPDIR")!];
  return [
    "--no-prompt",
    // Where this repository's bare names come from; a program of your own has its `deno.json`.
    `--import-map=${fromFileUrl(new URL("../../tools/npm_imports.json", import.meta.url))}`,
    // The gateway asks for the signal of a request that goes on, of which Deno would warn once.
    "--unstable-no-legacy-abort",
    `--allow-read=${[HERE, DEMO, temp]}`,
    `--allow-write=${temp}`,
    "--allow-net=127.0.0.1",
    `--allow-run=${python}`,
    "--allow-env=TOKEN,PORT,PATH,TMPDIR,TMP,TEMP",
  ];
}

/** One of them. */
export class Server implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reading: Promise<void>;
  /** What it is called. */
  readonly name: string;
  /** Where it listens. */
  readonly url: string;
  /** What callers need. */
  readonly token: string;

  private constructor(child: Deno.ChildProcess, reading: Promise<void>, facts: Pick<Server, "name" | "url" | "token">) {
    this.#child = child;
    this.#reading = reading;
    ({ name: this.name, url: this.url, token: this.token } = facts);
  }

  /** Starts it, and waits until it listens. */
  static async start(name: keyof typeof SERVERS): Promise<Server> {
    const [command, ...rest] = SERVERS[name];
    const token = crypto.randomUUID();
    const child = new Deno.Command(Deno.execPath(), {
      args: [command!, ...flags(), ...rest.slice(0, -1), fromFileUrl(new URL(rest.at(-1)!, import.meta.url))],
      env: { TOKEN: token, PORT: "0" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const port = Promise.withResolvers<string>();
    const reading = readPort([child.stdout, child.stderr], port);
    return new Server(child, reading, { name, url: `http://127.0.0.1:${await port.promise}`, token });
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await Promise.all([this.#child.status, this.#reading]);
  }
}

/** Each says somewhere where it listens. What else they say is shown. */
async function readPort(outputs: readonly ReadableStream<Uint8Array<ArrayBuffer>>[], port: PromiseWithResolvers<string>): Promise<void> {
  await Promise.all(outputs.map(async (output) => {
    for await (const line of output.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
      const [, found] = /(?:^|127\.0\.0\.1:)(\d+)\/?$/.exec(line) ?? [];
      if (found === undefined) console.error(line);
      else port.resolve(found);
    }
  }));
  port.reject(new Error("The server has ended before it listened"));
}

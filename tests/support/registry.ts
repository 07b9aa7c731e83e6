/**
 * A server on loopback that is a registry of npm, one of JSR and a plain place for modules at once, and counts who asks for what.
 *
 * @module
 */
import { within } from "./guard.ts";

/** A package of npm: its files by their paths. */
export type PackageFiles = Readonly<Record<string, string>>;

/** Serves any JSR package and any module that is asked for, and those packages of npm that it was given. */
export class Registry implements AsyncDisposable {
  /** The paths that were asked for, in their order. */
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #packages: Readonly<Record<string, PackageFiles>>;

  /** Starts it. */
  constructor(packages: Readonly<Record<string, PackageFiles>> = {}) {
    this.#packages = packages;
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      (request) => this.#answer(new URL(request.url).pathname),
    );
  }

  /** As a permission names it. */
  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** As a URL. */
  get url(): string {
    return `http://${this.host}`;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await within(this.#server.shutdown(), "the end of the registry");
  }

  async #answer(path: string): Promise<Response> {
    this.requests.push(path);
    const [, name = "", file = ""] = /^\/([^/]+)(?:\/(.*))?$/.exec(path) ?? [];
    if (name.startsWith("@")) return await answerAsJsr(file);
    const files = this.#packages[name];
    if (files !== undefined) return file === "" ? await this.#describe(name, files) : new Response(await archive(name, files));
    if (!path.endsWith(".ts")) return new Response(null, { status: 404 });
    return new Response(`export default "fetched ${path}";`, { headers: { "content-type": "application/typescript" } });
  }

  async #describe(name: string, files: PackageFiles): Promise<Response> {
    const integrity = `sha512-${(await digest("SHA-512", await archive(name, files))).toBase64()}`;
    const { scripts } = JSON.parse(files["package.json"]!);
    const dist = { tarball: `${this.url}/${name}/all.tgz`, integrity };
    const version = { name, version: "1.0.0", dist, scripts, hasInstallScript: scripts !== undefined };
    return Response.json({ name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } });
  }
}

const JSR_MODULE = `export default "from JSR";`;

/** `@scope/NAME/meta.json`, `@scope/NAME/1.0.0_meta.json` and `@scope/NAME/1.0.0/mod.js`. */
async function answerAsJsr(file: string): Promise<Response> {
  if (file.endsWith("/meta.json")) return Response.json({ scope: "s", name: "n", latest: "1.0.0", versions: { "1.0.0": {} } });
  if (!file.endsWith("_meta.json")) return new Response(JSR_MODULE, { headers: { "content-type": "text/javascript" } });
  const bytes = new TextEncoder().encode(JSR_MODULE);
  const checksum = `sha256-${(await digest("SHA-256", bytes)).toHex()}`;
  return Response.json({ exports: { ".": "./mod.js" }, manifest: { "/mod.js": { size: bytes.length, checksum } } });
}

async function digest(kind: string, bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest(kind, bytes));
}

/** A gzipped tar of a package, as npm has them. */
async function archive(name: string, files: PackageFiles): Promise<Uint8Array<ArrayBuffer>> {
  const blocks = Object.entries(files).flatMap(([path, text]) => tarEntry(`package/${path}`, text));
  const stream = new Blob([...blocks, new Uint8Array(1024)]).stream().pipeThrough(new CompressionStream("gzip"));
  const bytes = await new Response(stream).bytes();
  if (bytes.length === 0) throw new Error(`The package "${name}" is empty`);
  return bytes;
}

function tarEntry(path: string, text: string): Uint8Array<ArrayBuffer>[] {
  const content = new TextEncoder().encode(text);
  const header = new Uint8Array(512);
  const put = (at: number, value: string) => header.set(new TextEncoder().encode(value), at);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, "0") + "\0";
  put(0, path);
  for (const [at, value] of [[100, octal(0o644, 8)], [108, octal(0, 8)], [116, octal(0, 8)], [124, octal(content.length, 12)]] as const) {
    put(at, value);
  }
  put(136, octal(0, 12));
  put(148, " ".repeat(8));
  put(156, "0");
  put(257, "ustar\x0000");
  put(148, octal(header.reduce((sum, byte) => sum + byte), 7) + " ");
  return [header, content, new Uint8Array((512 - content.length % 512) % 512)];
}

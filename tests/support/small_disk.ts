/**
 * File systems of a test's own. Only root may mount one.
 *
 * @module
 */

/** A file system with little room, or one that nobody may write to. */
export class SmallDisk implements AsyncDisposable {
  /** Where it is mounted. */
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Mounts one with the options of a `tmpfs`, such as `size=4m` or `ro`; `undefined` where that is not possible. */
  static async mount(options: string): Promise<SmallDisk | undefined> {
    const path = await Deno.makeTempDir({ prefix: "small-" });
    if (await run("mount", "-t", "tmpfs", "-o", options, "small", path)) return new SmallDisk(path);
    await Deno.remove(path);
    return undefined;
  }

  /** Removes it, with all that is on it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await run("umount", this.path);
    await Deno.remove(this.path);
  }
}

async function run(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}

/** Whether one can be had here; it is tried, for containers forbid it to root as well. */
export const CAN_MOUNT: boolean = await SmallDisk.mount("size=4m").then((disk) => disk?.[Symbol.asyncDispose]().then(() => true) ?? false);

/**
 * What the descendants of a process use.
 *
 * @module
 */

interface ProcessRow {
  readonly parent: number;
  readonly memoryMb: number;
}

/** The processes of this machine at one moment, as `ps` tells them. */
export class ProcessTable {
  readonly #rows: ReadonlyMap<number, ProcessRow>;

  private constructor(rows: ReadonlyMap<number, ProcessRow>) {
    this.#rows = rows;
  }

  /** Asks `ps`. The table is empty where there is none, or the host may not run it. */
  static async read(): Promise<ProcessTable> {
    if (Deno.permissions.querySync({ name: "run", command: "ps" }).state !== "granted") return new ProcessTable(new Map());
    try {
      const { stdout } = await new Deno.Command("ps", { args: ["-A", "-o", "pid=,ppid=,rss="], stdin: "null", stderr: "null" }).output();
      return new ProcessTable(parse(new TextDecoder().decode(stdout)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return new ProcessTable(new Map());
      throw error;
    }
  }

  /** The children of a process, their children, and so on, without itself. */
  descendants(pid: number): number[] {
    const children = [...this.#rows].filter(([, { parent }]) => parent === pid).map(([child]) => child);
    return children.flatMap((child) => [child, ...this.descendants(child)]);
  }

  /** The resident memory of a process, in MiB. */
  memoryMb(pid: number): number {
    return this.#rows.get(pid)?.memoryMb ?? 0;
  }
}

function parse(table: string): Map<number, ProcessRow> {
  const rows = [...table.matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)/gm)];
  return new Map(rows.map(([, pid, parent, kibibytes]) => [Number(pid), { parent: Number(parent), memoryMb: Number(kibibytes) / 1024 }]));
}

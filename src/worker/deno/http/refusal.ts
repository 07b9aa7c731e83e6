/**
 * What the worker says no to before any plugin code runs.
 *
 * @module
 */

/** How a refusal is sent. */
export interface RefusalOptions {
  /** Whether what follows on the connection cannot be trusted to be a request. The default is false. */
  readonly closes?: boolean;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request is refused. */
export class Refusal extends Error {
  override name = "Refusal";
  /** The HTTP status. */
  readonly status: number;
  /** Whether the connection is closed after it. */
  readonly closes: boolean;
  /** Headers besides those of every reply. */
  readonly headers: Readonly<Record<string, string>>;

  /** Makes the refusal; `detail` goes into its body. */
  constructor(status: number, detail: string, { closes = false, headers = {} }: RefusalOptions = {}) {
    super(detail);
    this.status = status;
    this.closes = closes;
    this.headers = headers;
  }
}

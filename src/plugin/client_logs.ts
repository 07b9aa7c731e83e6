/**
 * What a plugin prints, told to the clients of a program that runs it for several: to each what its own calls print, and nothing of the others'.
 *
 * @module
 */
import type { LogRecord, OutputLog } from "../process/output_log.ts";
import { readLogLine } from "../process/log_line.ts";
import type { LogBody } from "../protocol/log_body.ts";
import type { Operation } from "./arguments.ts";
import type { Call } from "./call.ts";
import type { ChosenIds } from "./chosen_ids.ts";
import { MEMBERS, questionAt } from "./members.ts";

/** The options of an operation that is a client's. */
export interface ClientOptions {
  /** Whose it is. Default: the program's own. */
  readonly client?: string;
  /** Called for each line that the call prints, where it is certain that no other client's call has printed it. Default: nobody is. */
  readonly onLog?: (record: LogRecord) => void;
}

type IdentifiedOptions = ClientOptions & { readonly callId?: string };

/** Whose a plugin's lines are. */
export class ClientLogs {
  readonly #log: OutputLog;
  readonly #ids: Pick<ChosenIds, "has">;
  #clients: "none" | "several" | { readonly only: string | undefined } = "none";

  /** Begins with a plugin that nobody has called. */
  constructor(log: OutputLog, ids: Pick<ChosenIds, "has">) {
    this.#log = log;
    this.#ids = ids;
  }

  /**
   * Notes whose operation it is, and gives its options. Where several clients have called the plugin, an id that one of them has chosen may be that of an
   * earlier call of another one, whose lines may come still. A call whose lines are followed is given a new id then. So is one whose id the worker may still
   * have of a call that its client has given up, for a client cannot know when the worker lets go of that.
   */
  admit<Options extends IdentifiedOptions>({ endpoint }: Pick<Operation, "endpoint">, isCall: boolean, options: Options): Options {
    const { client, callId, onLog } = options;
    if (isCall || (client !== undefined && runsPlugin(endpoint))) this.#note(client);
    if (client === undefined || callId === undefined) return options;
    const isAmbiguous = (onLog !== undefined && this.#clients === "several") || this.#ids.has(callId);
    return isAmbiguous ? { ...options, callId: undefined } : options;
  }

  /**
   * Tells the lines of a call until that is disposed of. A line that tells no call was printed by any of the calls that this worker has had, for the pipe may be
   * read late: it is told while all of them are one client's.
   */
  follow(call: { readonly id: string | undefined }, onLog: (record: LogRecord) => void): Disposable {
    return this.#log.follow((record, { tellsCall, isTagged }) => {
      // What the worker has tagged with its call comes with the call's frames.
      if (isTagged || record.stream === "host" || record.callId === undefined || record.callId !== call.id) return;
      if (tellsCall || this.#clients !== "several") onLog(record);
    });
  }

  #note(client: string | undefined): void {
    if (this.#clients === "none") this.#clients = { only: client };
    else if (this.#clients !== "several" && this.#clients.only !== client) this.#clients = "several";
  }
}

/** Who hears of a line. */
interface Hearers extends Pick<ClientOptions, "onLog"> {
  readonly call: Pick<Call, "id" | "attempt">;
  /** The plugin's. That of a worker of one's own has the line already. */
  readonly log: OutputLog;
}

/** Tells a line that has come with the frames of its call. */
export function tellLine(line: LogBody, { call: { id, attempt }, onLog, log }: Hearers): void {
  const { level } = readLogLine(line.text);
  const record = { ...(level === undefined ? line : { level, ...line }), time: new Date(line.time), callId: id };
  onLog?.(record);
  if (attempt?.worker.callLog !== undefined) log.receive(record);
}

/** Whether the plugin's own code answers. */
function runsPlugin(endpoint: Operation["endpoint"]): boolean {
  const question = questionAt(endpoint);
  return question === undefined || MEMBERS[question].asks !== "worker";
}

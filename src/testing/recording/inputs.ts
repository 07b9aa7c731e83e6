/**
 * Files among the arguments of a call that is recorded.
 *
 * @module
 */
import { extname } from "@std/path";
import { CallParts } from "../../payload/call_parts.ts";
import { HeldFile } from "../../payload/held_file.ts";
import { explainInput } from "../../plugin/arguments.ts";
import { tooLongError } from "../../plugin/failures.ts";
import type { CallOptions, Kwargs } from "../../plugin/interface.ts";
import { checkLimits } from "../../plugin/limits.ts";
import { decodeValue } from "../../protocol/decode_value.ts";
import { toPointer } from "../../protocol/pointers.ts";
import { Timer } from "../../protocol/timer.ts";
import { type FileSlot, fillSlot } from "../../protocol/values.ts";
import type { FileStore } from "./files.ts";
import type { RecordedCall, RecordedInput } from "./format.ts";

/** A file among the arguments, which was read. */
export interface Input {
  readonly slot: FileSlot;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly recorded: RecordedInput;
}

/** Whose files they are, and where they are kept. */
interface Reading {
  readonly name: { readonly plugin: string; readonly member: string };
  /** Those of the call, which end the reading too. */
  readonly options: Pick<CallOptions, "signal" | "timeoutMs">;
  readonly files: FileStore;
}

/**
 * Reads the files, and keeps them.
 *
 * @throws The errors of a call that is not recorded.
 */
export async function readInputs(slots: readonly FileSlot[], { name, options, files }: Reading): Promise<Input[]> {
  checkLimits(name, options);
  const { timeoutMs = Infinity, signal: given = new AbortController().signal } = options;
  const late = new AbortController();
  using _timer = new Timer(timeoutMs, () => late.abort(tooLongError(name, timeoutMs)));
  const signal = AbortSignal.any([given, late.signal]);
  await using sources = new CallParts(signal);
  const inputs: Input[] = [];
  for (const slot of slots) {
    inputs.push(
      await readInput(slot, sources, files).catch((cause) => {
        signal.throwIfAborted();
        return explainInput(cause, slot, { name, signal });
      }),
    );
  }
  return inputs;
}

async function readInput(slot: FileSlot, sources: CallParts, files: FileStore): Promise<Input> {
  const content = await sources.open(slot.source);
  const bytes = new Uint8Array(await new Blob(await Array.fromAsync(content.parts) as BlobPart[]).arrayBuffer());
  const file = await files.keep({ ...content, parts: [bytes] });
  if (slot.source instanceof HeldFile) slot.source[Symbol.dispose]();
  return { slot, bytes, recorded: { at: toPointer(slot.path), ...file, extension: content.extension } };
}

/** The arguments once more. Files are written anew, with the names' ends that they had. */
export function givenAgain(
  { types, ...values }: RecordedCall["arguments"],
  inputs: readonly Input[],
): { args: readonly unknown[]; kwargs: Kwargs } {
  const filled = inputs.reduce<unknown>(
    (body, { slot, bytes, recorded }) => fillSlot(body, slot, fileOf(bytes, recorded.extension)),
    structuredClone(values),
  );
  return decodeValue(filled, types) as { args: unknown[]; kwargs: Kwargs };
}

/** Bytes that the plugin gets as the path of a file with such a name. */
export function fileOf(bytes: Uint8Array, extension: string): { toTempFile(folder: string): Promise<string> } {
  return {
    async toTempFile(folder) {
      const path = await Deno.makeTempFile({ dir: folder, suffix: extname(`x${extension}`) });
      await Deno.writeFile(path, bytes);
      return path;
    },
  };
}

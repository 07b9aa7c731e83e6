/**
 * A plugin's methods, for people.
 *
 * @module
 */
import type { SignaturesBody } from "../../protocol/messages.ts";
import { argumentRows, firstLine, signatureText } from "../arguments/signature_text.ts";
import { bold } from "./painted.ts";
import type { Terminal } from "./terminal.ts";

/** Writes each method in a line, with what it does and its arguments below it. */
export function showMethods(terminal: Terminal, signatures: SignaturesBody): void {
  const { execute, execute_stream, methods = {} } = signatures;
  for (const [name, signature] of Object.entries({ execute, execute_stream, ...methods })) {
    if (signature === undefined) continue;
    const description = firstLine(signature.description);
    terminal.line(bold(signatureText(name, signature)), description === "" ? "" : `  ${description}`);
    terminal.table({ rows: argumentRows(signature).map((row) => ["", ...row]) });
  }
}

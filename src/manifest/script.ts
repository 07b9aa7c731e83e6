/**
 * Scripts that are plugins as they are, without a manifest.
 *
 * @module
 */
import { basename } from "@std/path";
import type { Manifest } from "./manifest.ts";

/** The metadata of a script, as PEP 723 has it. */
export const SCRIPT_METADATA: RegExp = /^# \/\/\/ script$\s((?:^#(?:| .*)$\s)+)^# \/\/\/$/m;

/** What was meant to be one. */
export const ALMOST_METADATA: RegExp = /^\W{0,8}\/\/\/\s*script\b/m;

const PYTHON = /\.pyw?$/i;
const DENO = /\.[cm]?[jt]sx?$/i;

/** A script, and which of its classes and functions is meant. */
export interface ScriptReference {
  /** Its path or URL. */
  readonly path: string;
  /** The name behind `#`; `undefined` for the only one. */
  readonly name: string | undefined;
}

/** Whether a path or URL leads to a script, with or without a name behind it; `undefined` when it does not. */
export function scriptReference(from: string): ScriptReference | undefined {
  const at = from.lastIndexOf("#");
  for (const end of at < 0 ? [from.length] : [from.length, at]) {
    const path = from.slice(0, end);
    if (PYTHON.test(path) || DENO.test(path)) return { path, name: nameIn(from, end) };
  }
  return undefined;
}

function nameIn(from: string, end: number): string | undefined {
  const name = from.slice(end + 1);
  return (/^(?:file|https?):/.test(from) ? decodeURIComponent(name) : name) || undefined;
}

/** A script as it was named. */
export function referenceText({ path, name }: ScriptReference): string {
  return name === undefined ? path : `${path}#${name}`;
}

/** Whether a module's name is the path of a Python script, and no import path. */
export function isPythonScript(module: string): boolean {
  return PYTHON.test(module);
}

/** The manifest that a script stands for. It is called as what is meant in it, where that has a name. Its metadata, if it has some, says what its environment is made from. */
export function scriptManifest({ path, name }: ScriptReference, text: string): Manifest {
  // A file's name belongs to the folder of what is read, as a manifest's paths do.
  const module = `./${basename(path)}`;
  if (DENO.test(path)) return { name, runtime: "deno", module };
  const unified = text.replaceAll("\r\n", "\n");
  const hasMetadata = SCRIPT_METADATA.test(unified) || ALMOST_METADATA.test(unified);
  return { name, module, ...hasMetadata ? { environment: module } : {} };
}

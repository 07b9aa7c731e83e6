/**
 * How much a worker can be started with, and what to do where it is more.
 *
 * @module
 */
import type { Variables } from "../permissions/environment.ts";
import { MAX_CONTROL_LINE_BYTES } from "../protocol/sizes.ts";
import type { WorkerGrant } from "../permissions/worker_grant.ts";
import type { WorkerCommand } from "./command.ts";

/** What the start line says besides the plugin, at most: an address, a token, limits and the paths of three folders. */
const REST_BYTES = 16 * 1024;

/** How many variables an error names. */
const NAMED = 3;

const ADVICE =
  'Write what is large to a file, and put its path into the variable ("env_vars", "worker_env" or "inherit_env" of the manifest)';

/** What is wrong when the start line would be longer than a worker reads; `undefined` when it is not. */
export function startLineComplaint({ target }: WorkerCommand, { permissions }: WorkerGrant): string | undefined {
  const { env = {}, ...rest } = { ...target, permissions };
  const most = MAX_CONTROL_LINE_BYTES - REST_BYTES - jsonBytes(rest);
  if (most < 0) {
    return `its paths, adapters and permissions take ${jsonBytes(rest)} bytes, more than a worker reads. Name folders instead of files`;
  }
  return jsonBytes(env) <= most
    ? undefined
    : `its variables take ${jsonBytes(env)} bytes, of which ${most} fit: ${largest(env, jsonBytes)}. ${ADVICE}`;
}

/** What is wrong when the system has refused a program for the size of its arguments and variables; `undefined` when it was for something else. */
export function commandComplaint({ args, environment }: WorkerCommand, error: unknown): string | undefined {
  if (!(error instanceof Error && "code" in error && error.code === "E2BIG")) return undefined;
  const inArguments = args.reduce((sum, argument) => sum + textBytes(argument), 0);
  const inVariables = Object.values(environment).reduce((sum, value) => sum + textBytes(value), 0);
  if (inArguments > inVariables) {
    return `its permissions take ${inArguments} bytes as arguments, more than the system takes. Name folders instead of files`;
  }
  return `its variables take ${inVariables} bytes, more than the system takes, of each or of all: ${
    largest(environment, textBytes)
  }. ${ADVICE}`;
}

function largest(variables: Variables, bytesOf: (value: string) => number): string {
  const sizes = Object.entries(variables).map(([name, value]) => ({ name, bytes: bytesOf(value) })).sort((a, b) => b.bytes - a.bytes);
  const named = sizes.slice(0, NAMED).map(({ name, bytes }) => `${JSON.stringify(name)} ${bytes}`);
  return [...named, ...sizes.length > NAMED ? [`${sizes.length - NAMED} more`] : []].join(", ");
}

function jsonBytes(value: unknown): number {
  return textBytes(JSON.stringify(value));
}

function textBytes(text: string): number {
  return new TextEncoder().encode(text).length;
}

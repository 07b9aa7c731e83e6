/**
 * What `uv` is told for each form of an environment.
 *
 * @module
 */
import { dirname } from "@std/path";
import type { EnvironmentForm } from "./inputs.ts";

/** One command of `uv`. */
export interface UvCommand {
  readonly args: readonly string[];
  /** Variables that it sees besides. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a worker runs on. */
const OLDEST = ">=3.8";

/** Folders and scripts that can be renamed with the environment. */
const VENV = ["venv", "--relocatable"];

/** Makes an environment without packages. A project's own settings say which Python it takes, and any other form's only what it requires. */
export function venvCommand(form: EnvironmentForm, folder: string): UvCommand {
  const python = pythonRequest(form);
  if (form.kind === "project") return { args: [...VENV, "--project", dirname(form.path), folder] };
  return { args: [...VENV, "--no-project", "--python", python, folder] };
}

/** Installs what is wanted; `undefined` when that is nothing. A lock is used as it is, and one that is out of date is an error. */
export function installCommand(form: EnvironmentForm, folder: string): UvCommand | undefined {
  const install = ["pip", "install", "--python", folder];
  switch (form.kind) {
    case "script":
      if (!form.hasLock) return { args: [...install, "--requirements", form.path] };
      return { args: ["sync", "--script", form.path, "--active", "--locked"], env: { ...ownTemporary(folder), VIRTUAL_ENV: folder } };
    case "project": {
      const project = dirname(form.path);
      const env = { ...ownTemporary(folder), UV_PROJECT_ENVIRONMENT: folder };
      if (form.hasLock) return { args: ["sync", "--project", project, "--locked", "--no-default-groups"], env };
      return { args: [...install, ...(form.isPackage ? ["--editable", project] : ["--requirements", form.path])] };
    }
    case "requirements":
      return { args: [...install, "--requirements", form.path] };
    case "inline":
      if (form.dependencies.length === 0) return undefined;
      // In its arguments everybody could read a password of the index.
      return {
        args: [...install, ...form.extraArgs, "--", ...form.dependencies],
        env: form.index === undefined ? {} : { UV_DEFAULT_INDEX: form.index },
      };
  }
}

/** A lock leaves a file in the folder for temporary ones. */
function ownTemporary(folder: string): Record<string, string> {
  return { TMPDIR: folder };
}

/** Where `uv` runs: relative paths belong there, and so does a configuration of its own. */
export function workingFolder(form: EnvironmentForm): string | undefined {
  return form.kind === "inline" ? form.folder : dirname(form.path);
}

/** What is said of the Python, as it is told to people and to `uv`. */
export function requiredPython(form: EnvironmentForm): string | undefined {
  return form.kind === "inline" ? form.python : form.kind === "requirements" ? undefined : form.requiresPython;
}

/** A range goes together with what a worker needs; a version and a path stand for themselves. */
function pythonRequest(form: EnvironmentForm): string {
  const required = requiredPython(form);
  if (required === undefined) return OLDEST;
  return isRange(required) ? `${required},${OLDEST}` : required;
}

function isRange(python: string): boolean {
  return /^\s*[<>=!~]/.test(python);
}

/** Whether a range leaves out every Python from 3.8 on. */
export function isTooOld(range: string): boolean {
  return range.split(",").some((part) => {
    const [, operator, major, minor] = /^\s*(<=?|===?|~=)\s*(\d+)(?:\.(\d+))?/.exec(part) ?? [];
    if (operator === undefined) return false;
    if (major !== "3") return Number(major) < 3;
    if (minor === undefined) return operator === "<";
    return operator === "<" ? Number(minor) <= 8 : Number(minor) < 8;
  });
}

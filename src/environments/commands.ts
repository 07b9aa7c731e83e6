/**
 * What `uv` is told for each form of an environment.
 *
 * @module
 */
import { dirname } from "@std/path";
import { interpreterIn } from "./environment.ts";
import type { EnvironmentForm } from "./inputs.ts";

/** One command of `uv`. */
export interface UvCommand {
  readonly args: readonly string[];
  /** Variables that it sees besides. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a worker runs on. */
export const OLDEST = ">=3.8";

/** In a project and in a script's metadata. */
const REQUIRES_PYTHON = /^\s*requires-python\s*=\s*["']([^"']*)["']/m;

/** A project without it has dependencies and is nothing that could be installed itself, unless it says that it is. */
const IS_PACKAGE = /^\s*\[build-system\]|^\s*package\s*=\s*true/m;

/** Whether a project is installed itself, besides what it depends on. */
export function isPackage(form: EnvironmentForm): boolean {
  return form.kind === "project" && IS_PACKAGE.test(form.text);
}

/** Folders and scripts that can be renamed with the environment. */
const VENV = ["venv", "--relocatable"];

/** How packages are installed. */
export interface InstallOptions {
  /** Whether their bytecode is written too. Default: false, for Python does so for what a plugin imports, unless it is bounded. */
  readonly compiles?: boolean;
  /** Whether nothing is built: to build a package, or to install one as editable, runs its code. Default: false. */
  readonly wheelsOnly?: boolean;
}

/** Makes an environment without packages. A project's own settings say which Python it takes, and any other form's only what it requires. */
export function venvCommand(form: EnvironmentForm, folder: string): UvCommand {
  const python = pythonRequest(form);
  if (form.kind === "project") return { args: [...VENV, "--project", dirname(form.path), folder] };
  return { args: [...VENV, "--no-project", "--python", python, folder] };
}

/** Installs what is wanted; `undefined` when that is nothing. A lock is used as it is, and one that is out of date is an error. */
export function installCommand(form: EnvironmentForm, folder: string, options: InstallOptions = {}): UvCommand | undefined {
  // The Python is the environment's, whatever the user's variables and the files beside the plugin say.
  const common = ["--python", interpreterIn(folder), ...(options.compiles ? ["--compile-bytecode"] : [])];
  // No argument of the manifest's stands behind these. The second one alone builds what is editable.
  const last = options.wheelsOnly ? ["--no-editable", "--no-build"] : [];
  const install = ["pip", "install", ...common];
  switch (form.kind) {
    case "script":
      if (!form.hasLock) return { args: [...install, ...last, "--requirements", form.path] };
      return {
        args: ["sync", ...common, ...last, "--script", form.path, "--active", "--locked"],
        env: { ...ownTemporary(folder), VIRTUAL_ENV: folder },
      };
    case "project": {
      const project = dirname(form.path);
      const env = { ...ownTemporary(folder), UV_PROJECT_ENVIRONMENT: folder };
      if (form.hasLock) return { args: ["sync", ...common, ...last, "--project", project, "--locked", "--no-default-groups"], env };
      return { args: [...install, ...last, ...(isPackage(form) ? ["--editable", project] : ["--requirements", form.path])] };
    }
    case "requirements":
      return { args: [...install, ...last, "--requirements", form.path] };
    case "inline":
      if (form.dependencies.length === 0) return undefined;
      // In its arguments everybody could read a password of the index.
      return {
        args: [...install, ...form.extraArgs, ...last, "--", ...form.dependencies],
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
  return form.kind === "inline" ? form.python : form.kind === "requirements" ? undefined : REQUIRES_PYTHON.exec(form.text)?.[1];
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

/** Whether a version or a range leaves out every Python from 3.8 on. */
export function isTooOld(range: string): boolean {
  return range.split(",").some((part) => {
    const [, operator, major, minor] = /^\s*(<=?|===?|~=)?\s*(\d+)(?:\.(\d+))?/.exec(part) ?? [];
    if (major === undefined) return false;
    if (major !== "3") return Number(major) < 3;
    if (minor === undefined) return operator === "<";
    return operator === "<" ? Number(minor) <= 8 : Number(minor) < 8;
  });
}

/**
 * Environment variables as manifests name them.
 *
 * @module
 */

/** A name that a process's environment can hold. */
export const VARIABLE_NAME: RegExp = /^[^=\0]+$/;

/** Whether two names are those of the same variable: Windows knows no difference between "Path" and "PATH". */
export function isSameVariable(a: string, b: string): boolean {
  return Deno.build.os === "windows" ? a.toUpperCase() === b.toUpperCase() : a === b;
}

/**
 * What the Deno runtime, or a library in its process, reads for itself: the loader, the C library, V8, Node's layer, the registries, the proxies, TLS,
 * tracing, graphics, the clock. What tells of places and languages, such as `PATH` and `HOME`, is for plugins and their programs as well.
 */
const RUNTIME_NAMES = [
  /^(LD|DYLD|GLIBC|MALLOC|DENO|V8|RUST|RUSTLS|TOKIO|RAYON|UV|NPM|JSR|OTEL|VK|WGPU|MESA|LIBGL|GALLIUM|EGL|_RJEM|__EGL|__GLX?|__NV)_/,
  /^(SSL|GCONV|MALLOC)/,
  // By custom this one speaks to plugins and their packages.
  /^NODE_(?!ENV$)/,
  /_PROXY$/,
  /^(TZ|TZDIR|LOCPATH|NLSPATH|ICU_DATA|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES)$/,
];

/** Whether a variable configures the Deno runtime, so that it means nothing unless the runtime's own process has it. */
export function configuresRuntime(name: string): boolean {
  // Some are read in either case.
  const upper = name.toUpperCase();
  return RUNTIME_NAMES.some((pattern) => pattern.test(upper));
}

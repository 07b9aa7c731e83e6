/**
 * What a blocking proxy needs besides, for the thread that works for it.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** This package's own folder, or its place on the network. */
const PACKAGE = new URL("../../", import.meta.url);

/**
 * Deno asks for read permission when a thread loads modules from the disk, though the program itself has loaded the same ones without. A package that was
 * loaded from the network needs nothing: whoever may import it may do so in a thread.
 */
export function blockingPermissions(): Deno.ReadPermissionDescriptor[] {
  return PACKAGE.protocol === "file:" ? [{ name: "read", path: fromFileUrl(PACKAGE) }] : [];
}

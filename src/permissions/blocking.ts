/**
 * What a blocking proxy needs besides, for the thread that works for it.
 *
 * @module
 */
import { fromFileUrl } from "@std/path";

/** Where this module lies in the package. */
const OWN_PLACE = "src/permissions/blocking.ts";

/** This package's own folder, or its place on the network; in a program that was bundled, that one file. */
const PACKAGE = import.meta.url.endsWith(`/${OWN_PLACE}`) ? import.meta.url.slice(0, -OWN_PLACE.length) : import.meta.url;

/**
 * Deno asks for read permission when a thread loads modules from the disk, though the program itself has loaded the same ones without. A package that was
 * loaded from the network needs nothing: whoever may import it may do so in a thread.
 */
export function blockingPermissions(): Deno.ReadPermissionDescriptor[] {
  return PACKAGE.startsWith("file:") ? [{ name: "read", path: fromFileUrl(PACKAGE) }] : [];
}

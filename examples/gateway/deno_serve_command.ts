/**
 * The gateway as what `deno serve` serves. It ends with its program, and the workers with it.
 *
 * @module
 */
import { gatewayTo, managePlugins, page } from "./plugins.ts";

const manager = await managePlugins();
const gateway = gatewayTo(manager);

export default {
  fetch: (request, info) => new URL(request.url).pathname.startsWith("/plugins/") ? gateway(request, info) : page(),
} satisfies Deno.ServeDefaultExport;

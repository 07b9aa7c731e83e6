/**
 * The gateway in a program that has a server: `Deno.serve()`.
 *
 * @module
 */
import { gatewayTo, managePlugins, page } from "./plugins.ts";

await using manager = await managePlugins();
const gateway = gatewayTo(manager);

function answer(request: Request, info: Deno.ServeHandlerInfo): Response | Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/") return page();
  return pathname.startsWith("/plugins/") ? gateway(request, info) : new Response("Not found", { status: 404 });
}

const server = Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen: ({ port }) => console.log(port) }, answer);
Deno.addSignalListener("SIGTERM", async () => {
  // Open calls end with their workers; only then can the server come to its end.
  await manager[Symbol.asyncDispose]();
  await server.shutdown();
});
await server.finished;

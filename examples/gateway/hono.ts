/**
 * The gateway below a path of a hono app.
 *
 * @module
 */
import { Hono } from "hono";
import { gatewayTo, managePlugins, page } from "./plugins.ts";

await using manager = await managePlugins();

const gateway = gatewayTo(manager);

const app = new Hono<{ Bindings: Deno.ServeHandlerInfo }>();
app.get("/", () => page());
app.all("/plugins/*", ({ req, env }) => gateway(req.raw, env));

const server = Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.env.get("PORT")), onListen: ({ port }) => console.log(port) },
  app.fetch,
);
Deno.addSignalListener("SIGTERM", async () => {
  // Open calls end with their workers; only then can the server come to its end.
  await manager[Symbol.asyncDispose]();
  await server.shutdown();
});
await server.finished;

/**
 * What operators do to plugins besides calling them.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { Hono } from "hono";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { messageOf } from "../../protocol/text.ts";
import { wantsOperator } from "../access/tokens.ts";
import type { GatewayContext, GatewayEnv } from "../context.ts";
import { guarded } from "../access/guard.ts";
import { refusal, unknownPlugin } from "../reply/refusal.ts";
import { toldInfo } from "./told_plugins.ts";

type Action = (manager: PluginManager, plugin: string, options: { readonly force: boolean }) => Promise<void> | void;

/** What `POST /PLUGIN/ACTION` does, which is what the manager's method of that name does. */
const ACTIONS: Readonly<Record<string, Action>> = {
  load: (manager, plugin) => manager.load(plugin),
  unload: (manager, plugin, { force }) => manager.unload(plugin, { force }),
  reload: (manager, plugin) => manager.reload(plugin),
  enable: (manager, plugin) => manager.enable(plugin),
  disable: (manager, plugin) => manager.disable(plugin),
};

/** `POST /PLUGIN/load`, and the others. They answer with what the plugin is then. `unload?force=true` does not wait for open calls. */
export function managementRoutes({ manager }: GatewayContext): Hono<GatewayEnv> {
  const app = new Hono<GatewayEnv>();
  const path = `/:plugin/:action{(?:${Object.keys(ACTIONS).join("|")})}` as const;
  app.post(path, guarded(wantsOperator()), async (asked) => {
    const { plugin, action } = asked.req.param() as { plugin: string; action: string };
    try {
      manager.info(plugin);
    } catch (error) {
      return unknownPlugin(error);
    }
    try {
      await ACTIONS[action]!(manager, plugin, { force: asked.req.query("force") === "true" });
      return Response.json(toldInfo(manager.info(plugin), "operator"));
    } catch (error) {
      return refusal(STATUS_CODE.InternalServerError, messageOf(error), { code: `${action}_failed` });
    }
  });
  return app;
}

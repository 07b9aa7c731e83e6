/**
 * What plugins tell of themselves, for their description.
 *
 * @module
 */
import { CallError } from "../../errors.ts";
import type { PluginManager } from "../../manager/plugin_manager.ts";
import { readSchemas } from "../../plugin/signatures.ts";
import { Turns } from "../../protocol/turns.ts";
import type { DescribedPlugin } from "./plugin_paths.ts";

/** How many plugins are asked at a time: one that does not run is started for it. */
const AT_A_TIME = 4;

/** How long one plugin may take, its start included, in milliseconds. */
const MAX_WAIT_MS = 30_000;

/** Asks all plugins of a manager what they take and give. One that cannot tell is described without it. */
export async function describedPlugins(manager: PluginManager): Promise<DescribedPlugin[]> {
  const names = [...new Set(manager.list().map(({ name }) => name))];
  const turns = new Turns(AT_A_TIME);
  return await Promise.all(names.map(async (name) => {
    using _turn = await turns.acquire();
    return await describedPlugin(manager, name);
  }));
}

async function describedPlugin(manager: PluginManager, name: string): Promise<DescribedPlugin> {
  const { version } = manager.info(name);
  try {
    const { config, ...signatures } = await readSchemas(manager.get(name), { timeoutMs: MAX_WAIT_MS });
    return { name, version, signatures, configSchema: config };
  } catch (error) {
    const problem = isUntold(error) ? "Its worker cannot tell what it takes" : "What it takes is not known, because it could not be asked";
    return { name, version, signatures: undefined, configSchema: undefined, problem };
  }
}

/** Workers of the original know no signatures. */
function isUntold(error: unknown): boolean {
  return error instanceof CallError && error.code === "not_supported";
}

/**
 * The measuring process for what is called from Node; it is bundled into the folder that has the peer's packages.
 *
 * @module
 */
import process from "node:process";
import type { PeerFactory } from "./peer.ts";
import { Mcp } from "./peers/mcp.ts";
import { Pythonia } from "./peers/pythonia.ts";
import { PythonShell } from "./peers/python_shell.ts";
import { serve } from "./serve.ts";

const PEERS: Readonly<Record<string, PeerFactory>> = {
  "pythonia": () => new Pythonia(),
  "python-shell": () => new PythonShell(),
  "mcp": () => new Mcp(),
};

await serve(PEERS[process.argv[2]!]!);

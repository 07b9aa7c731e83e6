import { assertEquals } from "@std/assert";
import { BOTH, gone, isRunning, startFixture } from "../support/fixture_proxy.ts";

for (const face of BOTH) {
  const label = face.worker;

  // W17: a program in a session of its own, and the death of its worker, change nothing.
  for (const own_session of [false, true]) {
    for (const way of ["cleanup", "SIGKILL"]) {
      Deno.test(`${label}: after ${way} a program that the plugin started ${own_session ? "in a session of its own " : ""}is gone`, async () => {
        const plugin = await startFixture(face, "starts_children");
        const { pid } = await plugin.execute<{ pid: number }>({ own_session });
        assertEquals(await isRunning(pid), true);
        if (way === "SIGKILL") Deno.kill(plugin.pid!, "SIGKILL");
        else await plugin.cleanup();
        await gone(pid);
        await plugin.exited;
        await plugin.cleanup();
      });
    }
  }
}

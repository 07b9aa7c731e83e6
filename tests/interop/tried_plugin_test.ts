import { assert, assertEquals, assertLess, assertRejects, assertStringIncludes } from "@std/assert";
import { CallCancelledError, CallError, type Progress, RemoteError, RemotePluginProxy } from "@remote-plugin/proxy";
import { isRunning } from "../support/fixture_proxy.ts";
import { killHostInCall } from "../support/killed_host.ts";
import { eventually } from "../support/guard.ts";
import { ENVIRONMENTS, manifestIn, startIn, workersOf } from "./environments.ts";
import { TempFiles } from "./temp_files.ts";

const TRIED = { module: "tried", class: "Tried" };

for (const environment of ENVIRONMENTS) {
  for (const { worker, label: whose } of workersOf(environment)) {
    const label = `a plugin for ${environment.label} on ${whose === "ours" ? "our worker" : "its own worker"}`;
    const manifest = { ...TRIED, worker };

    Deno.test(`${label}: its configuration classes, release triggers and live options work`, async () => {
      await using plugin = await startIn(environment, manifest);
      await plugin.initialize({ model: "large" });
      assertEquals(await plugin.getCurrentConfig(), { model: "large", delay_s: 0 });
      await plugin.reconfigure({ model: "tiny" });
      assertEquals([await plugin.getCurrentConfig(), await plugin.execute({ action: "journal" })], [
        { model: "tiny", delay_s: 0 },
        ["released"],
      ]);
      const options = await plugin.extension<{ model: { options: unknown[] } }>("config_options");
      assertEquals(options.model.options, [{ value: "base", label: "Base", metadata: {} }]);
      assertEquals(Object.keys((await plugin.getConfigSchema()).properties as object), ["model", "delay_s"]);
    });

    // W9: what initialize() raised is not lost on the way.
    Deno.test(`${label}: a configuration that it refuses is its own error`, async () => {
      await using plugin = await startIn(environment, manifest);
      const error = await assertRejects(() => plugin.initialize({ mode: "x" }), RemoteError);
      assertStringIncludes(error.remoteMessage, "mode");
    });

    // W13: a call's progress begins at its own beginning, not at the end of the call before.
    Deno.test(`${label}: progress is reported while it runs, and none of another call's`, async () => {
      const until = await Deno.makeTempFile();
      await Deno.remove(until);
      await using plugin = await startIn(environment, manifest);
      const seen: Progress[] = [];
      const onProgress = (progress: Progress) => {
        seen.push(progress);
        if (progress.progress === 0.25) Deno.writeTextFileSync(until, "");
      };
      assertEquals(await plugin.execute({ action: "report", until }, { onProgress }), "done");
      assertEquals(seen, [{ progress: 0.25, message: "a quarter" }, { progress: 0.75, message: "nearly" }]);
      const later: Progress[] = [];
      await plugin.execute({ action: "echo" }, { onProgress: (progress) => later.push(progress) });
      assertEquals(later, []);
      await Deno.remove(until);
    });

    // W12: an abort ends this call and no later one.
    Deno.test(`${label}: an aborted call raises the exception that it knows, and the next call is not cancelled`, async () => {
      await using files = await TempFiles.create();
      await using plugin = await startIn(environment, manifest);
      const abort = new AbortController();
      const reason = new Error("changed my mind");
      const rejected = assertRejects(() => plugin.execute({ action: "hold", started: files.path("a") }, { signal: abort.signal }));
      await files.appears("a");
      abort.abort(reason);
      assertEquals(await rejected, reason);
      const name = environment.name === "substrate" ? "CapabilityCancelledError" : "PluginCancelledError";
      assertEquals(await plugin.execute({ action: "journal" }), [name]);
      Deno.writeTextFileSync(files.path("end"), "");
      assertEquals(await plugin.execute({ action: "hold", started: files.path("b"), end: files.path("end") }), "not cancelled");
    });

    // W14: a call that is cancelled is told as cancelled, not as failed.
    Deno.test(`${label}: cancel() makes the call a CallCancelledError`, async () => {
      await using files = await TempFiles.create();
      await using plugin = await startIn(environment, manifest);
      const rejected = assertRejects(() => plugin.execute({ action: "hold", started: files.path("a") }), CallCancelledError);
      await files.appears("a");
      assertEquals(await plugin.cancel(), true);
      await rejected;
    });

    Deno.test(`${label}: an abort calls back what its class has registered for it`, async () => {
      await using files = await TempFiles.create();
      await using plugin = await startIn(environment, manifest);
      const abort = new AbortController();
      const call = plugin.execute({ action: "hold_by_callback", started: files.path("a") }, { signal: abort.signal });
      const rejected = assertRejects(() => call, DOMException);
      await files.appears("a");
      abort.abort();
      await rejected;
      assertEquals(await plugin.execute({ action: "journal" }), ["called back"]);
    });

    // W2: a heartbeat is a sign of life.
    Deno.test(`${label}: its heartbeat is told as progress, and keeps a call alive that says nothing else`, async () => {
      await using files = await TempFiles.create();
      await using plugin = await startIn(environment, manifest);
      const seen: Progress[] = [];
      const onProgress = (progress: Progress) => {
        seen.push(progress);
        if (seen.length === 4) Deno.writeTextFileSync(files.path("until"), "");
      };
      await plugin.execute({ action: "beat", until: files.path("until") }, { onProgress, idleTimeoutMs: 2_000 });
      assert(seen.every(({ progress, message }) => progress === 0.25 && /^loading(?: \(\d+\.\ds\))?$/.test(message)), JSON.stringify(seen));
    });

    Deno.test(`${label}: what it reports to have used is in the stats, until its next call`, async () => {
      await using plugin = await startIn(environment, manifest);
      await plugin.execute({ action: "use", tokens: 12 });
      assertEquals((await plugin.getStats()).usage, { tokens: 12 });
      await plugin.execute({ action: "echo" });
      assertEquals((await plugin.getStats()).usage ?? null, null);
    });

    // W12: giving up one call leaves the one beside it alone.
    Deno.test(`${label}: of two calls at once the one that is aborted ends, and the other one goes on`, async () => {
      await using files = await TempFiles.create();
      await using plugin = await startIn(environment, { ...manifest, max_concurrency: 2 });
      const abort = new AbortController();
      const aborted = assertRejects(() =>
        plugin.execute({ action: "hold", started: files.path("a"), end: files.path("end") }, { signal: abort.signal })
      );
      const other = plugin.execute({ action: "hold", started: files.path("b"), end: files.path("end") });
      await Promise.all([files.appears("a"), files.appears("b")]);
      abort.abort();
      await aborted;
      Deno.writeTextFileSync(files.path("end"), "");
      assertEquals(await other, "not cancelled");
    });

    // W10: type, message, traceback, category and whether to try again all arrive.
    Deno.test(`${label}: its own exceptions arrive with type, category and traceback`, async () => {
      await using plugin = await startIn(environment, manifest);
      const error = await assertRejects(() => plugin.execute({ action: "raise_resource" }), RemoteError);
      assertEquals([error.category, error.retriable, error.remoteMessage], ["resource", true, "no memory left on the device"]);
      assert(/^(Plugin|Capability)ResourceError$/.test(error.remoteType));
      assertStringIncludes(error.traceback, "do_raise_resource");
      const bare = await assertRejects(() => plugin.execute({ action: "raise_value" }), RemoteError);
      assertEquals([bare.remoteType, bare.category], ["ValueError", "user_input"]);
    });

    // W11: what the plugin gives is not the caller's fault, and will not be better the second time.
    Deno.test(`${label}: a result that no JSON carries is fatal and not to be tried again`, async () => {
      await using plugin = await startIn(environment, manifest);
      for (const call of [() => plugin.execute({ action: "thing" }), () => Array.fromAsync(plugin.executeStream({ action: "thing" }))]) {
        const error = await assertRejects(call, RemoteError);
        assertEquals([error.category, error.retriable], ["fatal", false]);
      }
    });

    // W11: not a number is carried, or it is the plugin's fault.
    Deno.test(`${label}: a number that JSON does not have arrives, or is fatal and not to be tried again`, async () => {
      await using plugin = await startIn(environment, manifest);
      const chunks = await Array.fromAsync(plugin.executeStream({ action: "not_finite" }));
      assertEquals(chunks, [{ scores: [NaN, -Infinity], text: 'NaN "Infinity" number:' }, null]);
      const call = plugin.execute({ action: "not_finite" });
      if (whose === "ours") return assertEquals(await call, { scores: [1, NaN] });
      const error = await assertRejects(() => call, RemoteError);
      assertEquals([error.category, error.retriable], ["fatal", false], error.traceback);
    });

    Deno.test(`${label}: a registered class arrives as its plain data`, async () => {
      await using plugin = await startIn(environment, manifest);
      assertEquals(await plugin.execute({ action: "result" }), {
        text: "one two",
        spans: [{ start: 0, end: 3 }, { start: 4, end: 7 }],
        count: 2,
      });
    });

    // W24: bytes go as the path of a file, as the original's FileBackedDTO does, and the file goes with the call.
    Deno.test(`${label}: bytes in the arguments are a file for it`, async () => {
      await using plugin = await startIn(environment, manifest);
      assertEquals(await plugin.execute({ action: "read", path: new Uint8Array(3_000_000) }), [3_000_000, true]);
      const path = await plugin.execute<string>({ action: "echo", value: new Uint8Array(3_000_000) });
      await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
    });

    // W18: what a plugin yields cannot pass for the worker's own word, and a stream that fails does not look as if it had ended.
    Deno.test(`${label}: chunks that look like errors are chunks, and a stream that breaks off is an error`, async () => {
      await using plugin = await startIn(environment, manifest);
      const forged = await Array.fromAsync(plugin.executeStream({ action: "forge" }));
      assertEquals(forged, [{ _job_error: { message: "not an error", category: "fatal" } }, { error: "nor this" }, "\u2028\x85"]);
      const seen: unknown[] = [];
      const error = await assertRejects(async () => {
        for await (const chunk of plugin.executeStream({ action: "break" })) seen.push(chunk);
      }, RemoteError);
      assertEquals([seen, error.remoteMessage, error.category], [[1], "broke off", "user_input"]);
    });

    // W28: a thousand accounts in a header cost no result.
    for (const transport of ["unix", "tcp"] as const) {
      Deno.test(`${label}: what it records for the original's journal does not stand in the way of its result over ${transport}`, async () => {
        await using plugin = await startIn(environment, { ...manifest, transport });
        assertEquals(await plugin.execute({ action: "accounts", count: 2_000 }), 2_000);
      });
    }

    // W5, W6: what a plugin prints never stops it, and slows it down less than the original's megabyte a second.
    Deno.test(`${label}: sixteen megabytes of output go by`, async () => {
      await using plugin = await startIn(environment, manifest);
      const began = performance.now();
      assertEquals(await plugin.execute({ action: "flood", kilobytes: 8_192 }), 8_192);
      assertLess(performance.now() - began, 8_000);
    });

    // W17: nothing that it has started is left, however it ends.
    for (const way of ["cleanup", "SIGKILL"]) {
      Deno.test(`${label}: its child processes end with it, by ${way}`, async () => {
        const plugin = await startIn(environment, manifest);
        const pids = [
          await plugin.execute<number>({ action: "child" }),
          await plugin.execute<number>({ action: "child", own_session: true }),
        ];
        for (const pid of pids) assertEquals(await isRunning(pid), true);
        if (way === "SIGKILL") Deno.kill(plugin.pid!, "SIGKILL");
        else await plugin.cleanup();
        for (const pid of pids) await eventually(async () => !await isRunning(pid), "the child to end");
        await plugin.exited;
        await plugin.cleanup();
      });
    }

    // W30: busy is not dead.
    Deno.test(`${label}: it is alive while it is busy`, async () => {
      await using files = await TempFiles.create();
      await using plugin = await startIn(environment, manifest);
      const held = plugin.execute({ action: "hold", started: files.path("a"), end: files.path("end") });
      await files.appears("a");
      assertEquals(await plugin.isAlive(), true);
      Deno.writeTextFileSync(files.path("end"), "");
      await held;
    });

    // W3, W4: a busy worker does not outlive its host, whatever becomes of its output.
    Deno.test(`${label}: it ends with a host that is killed in a call`, async () => {
      await using files = await TempFiles.create();
      const own = manifestIn(environment, { ...manifest, env_vars: { PYTHONUNBUFFERED: "1" } });
      const pid = await killHostInCall(own, { action: "hold", started: files.path("a") }, () => files.isThere("a"));
      await eventually(async () => !await isRunning(pid), "the worker to end");
    });
  }

  const theirs = { ...TRIED, worker: environment.worker };

  // W22: nobody else can reach it, and no browser page.
  Deno.test(`${environment.label}'s worker listens at no port, but at a socket in a folder of the host's own`, async () => {
    await using plugin = await startIn(environment, theirs);
    const path = plugin.endpoint!.url.replace(/^unix:/, "");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o600);
    assertEquals((await Deno.stat(path.replace(/\/[^/]*$/, ""))).mode! & 0o777, 0o700);
    await using attached = await RemotePluginProxy.attach({ url: plugin.endpoint!.url });
    assertEquals(await attached.execute({ action: "echo", value: [1] }), [1]);
  });

  // W26: a kept-alive connection over TCP costs no 44 ms.
  for (const { worker, label } of workersOf(environment)) {
    Deno.test(`${label === "ours" ? "our" : `${environment.label}'s`} worker answers a hundred calls over TCP within two seconds`, async () => {
      await using plugin = await startIn(environment, { ...TRIED, worker, transport: "tcp" });
      assert(plugin.endpoint!.url.startsWith("http://127.0.0.1:"));
      const start = performance.now();
      for (let number = 0; number < 100; number++) await plugin.execute({ action: "echo", value: number });
      assertLess(performance.now() - start, 2_000);
    });
  }

  // W27: arguments and results of ten megabytes pass.
  Deno.test(`${environment.label}'s worker takes and gives ten megabytes`, async () => {
    await using plugin = await startIn(environment, theirs);
    const value = "ü".repeat(5_000_000);
    assertEquals(await plugin.execute({ action: "echo", value }) === value, true);
  });

  Deno.test(`${environment.label}'s worker says what a plugin that watches no hardware lacks`, async () => {
    await using plugin = await startIn(environment, theirs);
    const error = await assertRejects(() => plugin.extension("get_system_status"), CallError);
    assertEquals(error.code, "not_supported");
  });
}

/** All of them at once, for each takes its six seconds. */
const EVERYWHERE = ENVIRONMENTS.flatMap((environment) => workersOf(environment).map(({ worker }) => ({ environment, worker })));

// W1, W26: a slow import is no failure; an idle connection is given up before the worker closes it.
Deno.test("a worker, ours or the original's, may take six seconds to import its plugin, and be idle for as long", async () => {
  await Promise.all(EVERYWHERE.map(async ({ environment, worker }) => {
    await using plugin = await startIn(environment, { ...TRIED, worker, env_vars: { TRIED_IMPORT_S: "6" } });
    assertEquals(await plugin.execute({ action: "echo", value: 1 }), 1);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    assertEquals(await plugin.execute({ action: "echo", value: 2 }), 2);
  }));
});

// W2: a plugin may take what time it needs to initialize, and is taken for neither dead nor stuck.
Deno.test("a plugin on either worker may take six seconds to initialize, and its worker is alive meanwhile", async () => {
  await Promise.all(EVERYWHERE.map(async ({ environment, worker }) => {
    await using plugin = await startIn(environment, { ...TRIED, worker });
    const ready = plugin.initialize({ delay_s: 6 });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assertEquals(await plugin.isAlive(), true, `with ${worker}`);
    await ready;
    assertEquals(await plugin.execute({ action: "echo", value: "ready" }), "ready");
  }));
});

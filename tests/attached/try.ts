import { RemotePluginProxy, RemotePluginProxySync, FileResult } from "@remote-plugin/proxy";
import { fixtureManifest } from "../support/fixture_proxy.ts";
import { pattern, sha1 } from "../support/bytes.ts";
for (const worker of (Deno.args[0]?.split(",") ?? ["python","deno"]) as ("python"|"deno")[]) for (const transport of ["unix","tcp"] as const) for (const upgrade of [true,false]) {
  console.log("==", worker, transport, upgrade);
  const m = await fixtureManifest({worker, transport}, "hands_over");
  await using own = await RemotePluginProxy.start(m, {permissions:"requested"});
  const { url, token } = own.endpoint!;
  await using p = await RemotePluginProxy.attach({url, token}, {upgrade});
  const data = pattern(300_000);
  const seen = await p.execute<any>({ bytes: data, part: data.subarray(5,7), file: new File([data], "song.mp3"), stream: new Blob([data, data]).stream(), list: [1,{deep:new Uint8Array(0)}], text:"plain", arr: new Float64Array(1000) });
  console.log(seen.bytes.sha1 === await sha1(data), seen.part.size, seen.file.path, seen.stream.size, seen.list[1].deep.size, seen.text, seen.arr.size);
  await using r = await p.execute<FileResult>({ action:"give", size: 1_000_000 });
  const b = await r.bytes(); console.log(b.length, b[999], r.mediaType);
  let n=0; for await (const c of p.executeStream<FileResult>({action:"give", size: 200_000, count: 5})) { n += (await c.bytes()).length; await c[Symbol.asyncDispose](); }
  console.log("stream", n);
  const t0=performance.now(); const big = new Uint8Array(64<<20);
  const d = await p.execute<any>({big}); console.log("64MiB up", d.big.size, (performance.now()-t0).toFixed(0));
  const t1=performance.now(); const g = await p.execute<FileResult>({action:"give", size: 64<<20}); console.log("64MiB down", g.size, (performance.now()-t1).toFixed(0));
  await g[Symbol.asyncDispose]();
  for (const root of Object.values(own.endpoint!.scratch!)) if (root) for (const s of ["in","out"]) { try { console.log("left", root, s, [...Deno.readDirSync(root+"/"+s)].map(e=>e.name)); } catch {} }
}

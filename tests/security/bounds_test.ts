import { assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { ProtocolError } from "@remote-plugin/proxy";
import { type BoundOptions, BoundWorker, isRoot, type Places, STRANGER, whyUnbound } from "../support/bound_worker.ts";

/** What came of each attempt: "through", the name of an error, or that of a signal that has ended the child which tried. */
type Outcomes = Record<string, string>;

/** What the kernel answers to a plugin without any permission. */
const REFUSED: Outcomes = {
  "read": "EACCES",
  "read by openat": "EACCES",
  "read by openat2": "ENOSYS",
  "read in a new thread": "EACCES",
  "read in an old thread": "EACCES",
  "read in a child": "EACCES",
  "read by ..": "EACCES",
  "read by a link made before": "EACCES",
  "read by a link of its own": "EACCES",
  "read by /proc/self/root": "EACCES",
  "read by /proc/self/cwd": "EACCES",
  "list": "EACCES",
  "write": "EACCES",
  "write where it may read": "EACCES",
  "write to its own memory's file": "EACCES",
  "truncate": "EACCES",
  "make a file": "EACCES",
  "make a folder": "EACCES",
  "make a device": "EACCES",
  "make a program that runs as its owner, by open": "EPERM",
  "make a program that runs as its owner, by openat2": "ENOSYS",
  "make a program that runs as its owner, by mknod": "EPERM",
  "make a program that runs as its owner, by no name": "EPERM",
  "make a program that runs as its owner, by mode": "EPERM",
  "remove": "EACCES",
  "rename out": "EACCES",
  "rename in": "EACCES",
  "hard-link": "EXDEV",
  "change of mode": "EPERM",
  "change of time": "EACCES",
  "change of owner": "EPERM",
  "mode of what it may read": "EPERM",
  "owner of what it may read": "EPERM",
  "attributes of what it may read": "ENOTSUP",
  "number of what it may read": "ENOTTY",
  "lease of what it may read": "EPERM",
  "mark by an attribute": "EPERM",
  "attributes": "ENOTSUP",
  "attributes by an open path": "EPERM",
  "hard-link by an open path": "EXDEV",
  "read by an open path": "EACCES",
  "watch": "EPERM",
  "keys beside certificates": "EACCES",
  "environment of the host": "EACCES",
  "environment of the supervisor": "EACCES",
  "memory of the supervisor": "EACCES",
  "command line of the host": "EACCES",
  "TCP": "EACCES",
  "TCP by the kernel's own call": "EACCES",
  "multipath TCP": "EACCES",
  "TCP, fast open": "EACCES",
  "TCP, listening": "EACCES",
  "UDP": "EACCES",
  "unix socket": "EACCES",
  "unix socket in a child": "EACCES",
  "unix socket, abstract": "EACCES",
  "unix socket by half of a pair": "EPERM",
  "netlink": "EACCES",
  "raw IP": "EACCES",
  "packets of the network": "EACCES",
  "vsock": "EACCES",
  "the kernel's ciphers": "EACCES",
  "signal to the host": "EPERM",
  "signal to the supervisor": "EPERM",
  "signal by pidfd": "EPERM",
  "ptrace": "EPERM",
  "process_vm_readv": "EPERM",
  "process_vm_writev": "EPERM",
  "pidfd_getfd": "EPERM",
  "kcmp": "EPERM",
  "limit of the host": "EPERM",
  "rank of the host": "EPERM",
  "rank of all": "EPERM",
  "exec": "EACCES",
  "exec in a child": "EACCES",
  "exec by the loader": "EACCES",
  "exec from memory": "EACCES",
  "exec by os.system": "EACCES",
  "io_uring": "EPERM",
  "namespace": "EPERM",
  "namespace of users": "EPERM",
  "namespace by clone": "EPERM",
  "namespace by clone3": "ENOSYS",
  "mount": "EPERM",
  "bpf": "EPERM",
  "keys": "EPERM",
  "events of the processor": "EPERM",
  "page faults": "EPERM",
  "handle of a file": "EPERM",
  "shared memory of System V": "EPERM",
  "personality": "EPERM",
  "inherited descriptor": "EBADF",
  ...(Deno.build.arch === "x86_64" ? { "call of the x32 kind": "EPERM", "call of the 32-bit kind": "SIGSYS" } : {}),
};

/** What is refused to users other than root by nobody's bounds. */
const OF_ROOT = [
  "make a device",
  "raw IP",
  "packets of the network",
  "namespace",
  "namespace by clone",
  "keys beside certificates",
  "hard-link by an open path",
];

const NOTHING = ({ granted }: Places) => ({ read: [granted], write: [], net: false, run: false });

async function outcomes(options: BoundOptions): Promise<Outcomes> {
  await using worker = await BoundWorker.start("attempts", options);
  const { outside, granted, scratch } = worker.places;
  using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const unix = join(outside, "socket");
  using _listener = Deno.listen({ transport: "unix", path: unix });
  if (options.as !== undefined) await Deno.chown(unix, options.as, options.as);
  return await worker.plugin.execute({ outside, granted, scratch, host: Deno.pid, port: tcp.addr.port, unix }) as Outcomes;
}

/** Runs a test as this user, and as another one where that is possible. */
function testAsEither(name: string, test: (as?: number) => Promise<void>): void {
  for (const as of [undefined, STRANGER]) {
    Deno.test(`python: ${name}${as === undefined ? "" : ", as another user"}`, async () => {
      const reason = await whyUnbound(as);
      if (reason === undefined) await test(as);
      else console.log(`skipped: ${reason}`);
    });
  }
}

testAsEither("the kernel refuses each attempt of a plugin that may do nothing", async (as) => {
  assertEquals(await outcomes({ bounds: NOTHING, as }), REFUSED);
});

testAsEither("it is the bounds that refuse each attempt, and nothing else here", async (as) => {
  const free = await outcomes({ as });
  const asRoot = as === undefined && await isRoot();
  const others = ["environment of the host", "signal to the host", "keys beside certificates"]; // of another user
  const names = Object.keys(REFUSED).filter((name) => asRoot || ![...OF_ROOT, ...(as === undefined ? [] : others)].includes(name));
  for (const name of names) assertNotEquals(free[name], REFUSED[name], name);
});

testAsEither("with some ports granted TCP leads to these, and there is no way around", async (as) => {
  using granted = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const told = await outcomes({ bounds: () => ({ net: [granted.addr.port] }), as });
  const names = Object.keys(REFUSED).filter((name) => /TCP|UDP|socket|net|vsock/.test(name));
  const open = ["TCP by the kernel's own call"]; // the call makes a socket, and connects it nowhere
  for (const name of names) assertEquals(told[name], open.includes(name) ? "through" : REFUSED[name], name);
  await using worker = await BoundWorker.start("attempts", { bounds: () => ({ net: [granted.addr.port] }), as });
  assertEquals(await worker.plugin.execute({ connect: granted.addr.port }), "through");
});

testAsEither("with all of the network granted the rest stays shut", async (as) => {
  const told = await outcomes({ bounds: ({ granted }) => ({ read: [granted], net: true }), as });
  const open = ["TCP", "TCP by the kernel's own call", "multipath TCP", "TCP, fast open", "TCP, listening", "UDP", "netlink"];
  assertEquals(told, { ...REFUSED, ...Object.fromEntries(open.map((name) => [name, "through"])) });
});

testAsEither("a program that the plugin may run is bound as well, also root's", async (as) => {
  const told = await outcomes({ bounds: ({ granted }) => ({ read: [granted], run: true }), as });
  // A program that may be run has to find itself.
  const open = ["exec", "exec in a child", "exec by the loader", "exec from memory", "exec by os.system", "command line of the host"];
  assertEquals(told, { ...REFUSED, ...Object.fromEntries(open.map((name) => [name, "through"])) });
  await using worker = await BoundWorker.start("attempts", { bounds: () => ({ run: true }), as });
  assertEquals(await worker.plugin.execute({ run: ["cat", join(worker.places.outside, "secret")] }), 1);
  assertEquals(await worker.plugin.execute({ run: ["grep", "-Eq", "^CapEff:\\s+0{15}[02]$", "/proc/self/status"] }), 0);
});

testAsEither("the host gets no signal that the plugin has the kernel send when a socket can be read", async (as) => {
  let isReached = false;
  const [reached, later] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const onReached = () => {
    isReached = true;
    reached.resolve();
  };
  Deno.addSignalListener("SIGUSR2", onReached);
  Deno.addSignalListener("SIGUSR1", later.resolve);
  try {
    await using worker = await BoundWorker.start("attempts", { bounds: NOTHING, as });
    assertEquals(await worker.plugin.execute({ signal_to: Deno.pid }), "through"); // nobody is told that it comes to nothing
    Deno.kill(Deno.pid, "SIGUSR1");
    await later.promise;
    assertEquals(isReached, false);
    if (as !== undefined) return; // another user may send none anyway
    await using free = await BoundWorker.start("attempts", {});
    await free.plugin.execute({ signal_to: Deno.pid });
    await reached.promise;
  } finally {
    Deno.removeSignalListener("SIGUSR2", onReached);
    Deno.removeSignalListener("SIGUSR1", later.resolve);
  }
});

Deno.test("python: a connection of the worker's own, on TCP, cannot be made to lead elsewhere", async () => {
  const reason = await whyUnbound();
  if (reason !== undefined) return console.log(`skipped: ${reason}`);
  await using worker = await BoundWorker.start("attempts", { bounds: NOTHING, transport: "tcp" });
  using other = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await assertRejects(() => worker.plugin.execute({ reconnect: other.addr.port }), ProtocolError);
  await worker.process.printed(/told: .*\n/);
  assertStringIncludes(worker.process.log, "told: EACCES EACCES EACCES\n");
});

/** Python runs this when it starts, as it runs what the packages of an environment have it run. */
const SITECUSTOMIZE = `
import builtins, errno, os
secret = os.path.join(os.path.dirname(os.path.dirname(__file__)), "o", "secret")
try:
    with open(secret) as file:
        builtins.told = file.read()
except OSError as error:
    builtins.told = errno.errorcode[error.errno]
`;

testAsEither("code that packages have Python run when it starts is bound, and a variable opens no folder", async (as) => {
  const options: BoundOptions = {
    as,
    files: { "sitecustomize.py": SITECUSTOMIZE },
    variables: ({ granted, outside }) => ({ PYTHONPATH: `${granted}:${outside}`, HOME: outside }),
  };
  await using free = await BoundWorker.start("attempts", options);
  assertEquals(await free.plugin.execute({ told: true }), "secret");
  await using worker = await BoundWorker.start("attempts", { ...options, bounds: NOTHING });
  assertEquals(await worker.plugin.execute({ told: true }), "EACCES");
  assertEquals(await worker.plugin.execute({ read: join(worker.places.outside, "secret") }), "EACCES");
});

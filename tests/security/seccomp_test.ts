import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { testPython } from "../support/python.ts";

/** Prints the filter's program for a machine, as the kernel would get it. */
const PRINT = `
import os, sys, types
sys.path.insert(0, sys.argv[1])
os.uname = lambda: types.SimpleNamespace(machine=sys.argv[2])
from remote_plugin_worker.seccomp import Allowed, Filter
from remote_plugin_worker.syscalls import Machine
net = {"none": False, "ports": [443], "all": True}[sys.argv[3]]
print(Filter(Machine(), Allowed(net, False, False)).pack().hex())
`;

/** A call as the kernel shows it to a filter. */
interface Call {
  readonly machine: number;
  readonly number: number;
  readonly args: readonly number[];
}

const MACHINES = { x86_64: 0xc000003e, aarch64: 0xc00000b7 };

async function filterFor(machine: string, net: string): Promise<DataView> {
  const folder = fromFileUrl(new URL("../../src/worker/python", import.meta.url));
  const { stdout } = await new Deno.Command(testPython(), { args: ["-B", "-c", PRINT, folder, machine, net], stderr: "inherit" }).output();
  return new DataView(Uint8Array.fromHex(new TextDecoder().decode(stdout).trim()).buffer);
}

/** What the kernel does with a call by a filter: runs its program. */
function verdict(filter: DataView, call: Call): string {
  let value = 0;
  for (let at = 0;; at += 8) {
    const [code, yes, no, told] = [
      filter.getUint16(at, true),
      filter.getUint8(at + 2),
      filter.getUint8(at + 3),
      filter.getUint32(at + 4, true),
    ];
    if (code === 0x20) value = loaded(call, told);
    else if (code === 0x54) value = (value & told) >>> 0;
    else if (code === 0x15) at += 8 * (value === told ? yes : no);
    else if (code === 0x35) at += 8 * (value >= told ? yes : no);
    else return nameOf(told);
  }
}

function loaded({ machine, number, args }: Call, place: number): number {
  if (place < 16) return place === 0 ? number : machine;
  return (place - 16) % 8 === 0 ? args[(place - 16) / 8] ?? 0 : 0;
}

function nameOf(action: number): string {
  if (action === 0x7fff0000) return "allowed";
  return action === 0x80000000
    ? "killed"
    : ({ 1: "EPERM", 13: "EACCES", 25: "ENOTTY", 38: "ENOSYS", 95: "ENOTSUP" }[action & 0xffff] ?? `error ${action & 0xffff}`);
}

/** The numbers of both machines, the arguments, and what becomes of the call when there is no network. */
const CALLS: readonly (readonly [string, readonly [number, number], readonly number[], string])[] = [
  ["read", [0, 63], [], "allowed"],
  ["mmap", [9, 222], [], "allowed"],
  ["openat", [257, 56], [0, 0, 0x241, 0o644], "allowed"],
  ["openat of a file that runs as its owner", [257, 56], [0, 0, 0x41, 0o4755], "EPERM"],
  ["openat of one without a name", [257, 56], [0, 0, 0x410001, 0o2755], "EPERM"],
  ["openat of what is there, with whatever stood in the register", [257, 56], [0, 0, 0, 0xffffffff], "allowed"],
  ["openat2", [437, 437], [], "ENOSYS"],
  ["mknodat", [259, 33], [0, 0, 0o100644], "allowed"],
  ["mknodat of a file that runs as its owner", [259, 33], [0, 0, 0o104755], "EPERM"],
  ["fcntl", [72, 25], [3, 3], "allowed"],
  ["fcntl that has others wait", [72, 25], [3, 1024, 0], "EPERM"],
  ["execve", [59, 221], [], "EACCES"],
  ["execveat", [322, 281], [], "EACCES"],
  ["socket of TCP", [41, 198], [2, 1, 0], "EACCES"],
  ["socket, unix", [41, 198], [1, 1, 0], "EACCES"],
  ["socketpair, stream", [53, 199], [1, 0x80801, 0], "allowed"],
  ["socketpair, datagram", [53, 199], [1, 2, 0], "EPERM"],
  ["sendto", [44, 206], [3, 0, 1, 0], "allowed"],
  ["sendto, fast open", [44, 206], [3, 0, 1, 0x20000000], "EACCES"],
  ["listen", [50, 201], [], "EACCES"],
  ["clone of a thread", [56, 220], [0x3d0f00], "allowed"],
  ["clone with a network", [56, 220], [0x40000011], "EPERM"],
  ["clone3", [435, 435], [], "ENOSYS"],
  ["personality, asked", [135, 92], [0xffffffff], "allowed"],
  ["personality, usual", [135, 92], [0], "allowed"],
  ["personality, other", [135, 92], [0x0040000], "EPERM"],
  ["prlimit of itself", [302, 261], [0], "allowed"],
  ["prlimit of another", [302, 261], [4711], "EPERM"],
  ["utimensat by descriptor", [280, 88], [3, 0], "allowed"],
  ["utimensat by path", [280, 88], [3, 0x7000], "EPERM"],
  ["setsockopt", [54, 208], [3, 6, 1], "allowed"],
  ["setsockopt of another protocol", [54, 208], [3, 6, 31], "EACCES"],
  ["setsockopt of no TCP", [54, 208], [3, 1, 31], "allowed"],
  ["fchmodat", [268, 53], [], "EPERM"],
  ["fchmod", [91, 52], [3, 0o755], "allowed"],
  ["fchmod for a file that is read", [91, 52], [3, 0o444], "allowed"],
  ["fchmod, so that others write", [91, 52], [3, 0o646], "EPERM"],
  ["fchmod, so that it runs as its owner", [91, 52], [3, 0o4755], "EPERM"],
  ["fchmod, so that the owner is kept out", [91, 52], [3, 0], "EPERM"],
  ["fchown", [93, 55], [3, 0, 0], "EPERM"],
  ["fsetxattr", [190, 7], [3], "ENOTSUP"],
  ["ioctl that marks a file", [16, 29], [3, 0x40086602], "ENOTTY"],
  ["ioctl that numbers a file", [16, 29], [3, 0x40087602], "ENOTTY"],
  ["ioctl that marks a file of XFS", [16, 29], [3, 0x401c5820], "ENOTTY"],
  ["ioctl that makes a folder of btrfs", [16, 29], [3, 0x5000940e], "ENOTTY"],
  ["ioctl that clones a file", [16, 29], [3, 0x40049409], "allowed"],
  ["ptrace", [101, 117], [], "EPERM"],
  ["mount", [165, 40], [], "EPERM"],
  ["unshare", [272, 97], [], "EPERM"],
  ["listxattr", [194, 11], [], "ENOTSUP"],
  ["io_uring_setup", [425, 425], [], "EPERM"],
  ["ioctl of a terminal", [16, 29], [0, 0x5401], "allowed"],
  ["ioctl that types", [16, 29], [0, 0x5412], "EPERM"],
  ["a call of a later kernel", [470, 470], [], "ENOSYS"],
];

for (const [column, [name, machine]] of Object.entries(MACHINES).entries()) {
  Deno.test(`python: the filter of system calls does what it should on ${name}`, async () => {
    const filter = await filterFor(name, "none");
    const told = CALLS.map(([call, numbers, args]) => [call, verdict(filter, { machine, number: numbers[column]!, args })]);
    assertEquals(told, CALLS.map(([call, , , expected]) => [call, expected]));
    assertEquals(verdict(filter, { machine: 0x40000003, number: 20, args: [] }), "killed");
    assertEquals(verdict(filter, { machine, number: 0x40000000 + 39, args: [] }), name === "x86_64" ? "EPERM" : "ENOSYS");
  });

  Deno.test(`python: the filter of system calls lets those sockets pass that were granted, on ${name}`, async () => {
    const number = [41, 198][column]!;
    const kinds = {
      tcp: [2, 1, 0],
      tcp6: [10, 0x80801, 6],
      mptcp: [2, 1, 262],
      udp: [2, 2, 0],
      raw: [2, 3, 1],
      unix: [1, 1, 0],
      route: [16, 3, 0],
    };
    const open = { none: [], ports: ["tcp", "tcp6"], all: ["tcp", "tcp6", "mptcp", "udp", "route"] };
    for (const [net, names] of Object.entries(open)) {
      const filter = await filterFor(name, net);
      assertEquals(
        Object.entries(kinds).filter(([, args]) => verdict(filter, { machine, number, args }) === "allowed").map(([kind]) => kind),
        names,
      );
    }
  });
}

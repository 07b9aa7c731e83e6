import { assertEquals } from "@std/assert";
import { type Address, addressUrl, hostAndPort, isLoopback, parseAddress } from "./address.ts";

const WRITTEN: readonly [Address, string][] = [
  [{ unix: "/run/a b:c.sock" }, "unix:/run/a b:c.sock"],
  [{ tcp: "127.0.0.1:49152" }, "http://127.0.0.1:49152"],
  [{ tcp: "[::1]:80" }, "http://[::1]:80"],
];

Deno.test("an address is read as it was written", () => {
  for (const [address, url] of WRITTEN) assertEquals([addressUrl(address), parseAddress(url)], [url, address]);
  assertEquals(parseAddress("http://localhost:80/"), { tcp: "localhost:80" });
});

Deno.test("a URL that is more than an address is none", () => {
  for (const url of ["https://127.0.0.1:80", "http://gateway:80/noisy", "http://127.0.0.1", "http://a@b:80", "/run/a.sock", ""]) {
    assertEquals(parseAddress(url), undefined);
  }
});

Deno.test("the host of IPv6 is told without its brackets", () => {
  assertEquals(hostAndPort({ tcp: "[::1]:80" }), { hostname: "::1", port: 80 });
  assertEquals(hostAndPort({ tcp: "127.0.0.1:65535" }), { hostname: "127.0.0.1", port: 65_535 });
});

Deno.test("only this machine's own names are its loopback", () => {
  for (const host of ["localhost", "LOCALHOST:80", "127.0.0.1:1", "127.9.9.9", "[::1]:2"]) assertEquals(isLoopback(host), true, host);
  for (const host of ["", "localhost.evil.example", "127.0.0.1.evil.example", "128.0.0.1", "::1", "a:localhost"]) {
    assertEquals(isLoopback(host), false, host);
  }
});

import { assertEquals } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { PACKAGE_VERSION } from "./version.ts";

Deno.test("the package calls itself what it is published as", () => assertEquals(PACKAGE_VERSION, config.version));

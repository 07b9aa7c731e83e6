import { assertEquals } from "@std/assert";
import { configuresRuntime } from "./variables.ts";

Deno.test("what the loader, the runtime, registries, proxies, TLS, tracing and graphics read is told from what is a plugin's own", () => {
  const runtime =
    "LD_PRELOAD DYLD_X GCONV_PATH GLIBC_TUNABLES MALLOC_CONF _RJEM_MALLOC_CONF DENO_X deno_dir NODE_OPTIONS NODE_DEBUG NPM_X npm_config_x JSR_URL " +
    "OTEL_X V8_X HTTP_PROXY http_proxy ALL_PROXY SSL_CERT_DIR SSLKEYLOGFILE RUST_LOG VK_LAYER_PATH __EGL_VENDOR_LIBRARY_FILENAMES TZ";
  const own =
    "MODEL PATH HOME TMPDIR XDG_CACHE_HOME LANG LC_ALL NODE_ENV CUDA_VISIBLE_DEVICES PROXY_URL MY_LD_PATH OLD_X DENOISE TZ_NAME HF_HOME";
  assertEquals(runtime.split(" ").filter((name) => !configuresRuntime(name)), []);
  assertEquals(own.split(" ").filter(configuresRuntime), []);
});

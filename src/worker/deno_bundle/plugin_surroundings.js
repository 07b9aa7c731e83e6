// Generated from deno/plugin_surroundings.ts. Do not edit; run: deno task embed
// src/worker/deno/flush.ts
var LAST_MS = 1e3;
var BRIEF_MS = 10;
var { wait } = Atomics;
var [Numbers, Memory] = [
  Int32Array,
  SharedArrayBuffer
];
function flush(post2, { isLast }) {
  const done = new Numbers(new Memory(4));
  post2({
    kind: "flush",
    done
  });
  wait(done, 0, 0, isLast ? LAST_MS : BRIEF_MS);
}

// src/worker/deno/kill_watch.ts
var scope = globalThis;
var post = scope.postMessage.bind(scope);
var { pid: ownPid } = Deno;
function flushing(kill) {
  return (...args) => {
    if (args[0] === ownPid || args[0] <= 0) flush(post, {
      isLast: true
    });
    return kill(...args);
  };
}
function watchKills() {
  Deno.kill = flushing(Deno.kill);
  watchPrograms();
  watchNode();
}
function watchPrograms() {
  Deno.Command = class extends Deno.Command {
    spawn() {
      flush(post, {
        isLast: false
      });
      return super.spawn();
    }
    output() {
      flush(post, {
        isLast: false
      });
      return super.output();
    }
    outputSync() {
      flush(post, {
        isLast: false
      });
      return super.outputSync();
    }
  };
  for (const name of [
    "spawn",
    "spawnAndWait",
    "spawnAndWaitSync"
  ]) watchSpawn(name);
}
function watchSpawn(name) {
  const real = Deno[name];
  if (real === void 0) return;
  const flushed = (...args) => {
    flush(post, {
      isLast: false
    });
    return real(...args);
  };
  Object.assign(Deno, {
    [name]: flushed
  });
}
function watchNode() {
  const node = Object.getOwnPropertyDescriptor(globalThis, "process");
  if (node?.get === void 0) return;
  const watched = /* @__PURE__ */ new WeakSet();
  const get = () => {
    const process = node.get.call(globalThis);
    if (!watched.has(process)) process.kill = flushing(process.kill);
    watched.add(process);
    return process;
  };
  Object.defineProperty(globalThis, "process", {
    ...node,
    get
  });
}

// src/worker/deno/plugin_surroundings.ts
function surround({ variables, mayRun }) {
  const own = new Map(variables.map(([name, value]) => [
    keyOf(name),
    value
  ]));
  if (own.size > 0) showVariables(own);
  if (!mayRun) return;
  adaptPrograms(own);
  watchKills();
}
function keyOf(name) {
  return Deno.build.os === "windows" ? name.toUpperCase() : name;
}
function showVariables(own) {
  const real = {
    ...Deno.env
  };
  Object.assign(Deno.env, {
    get(name) {
      const value = real.get(name);
      return own.get(keyOf(name)) ?? value;
    },
    has(name) {
      const isThere = real.has(name);
      return own.has(keyOf(name)) || isThere;
    },
    set(name, value) {
      if (!own.has(keyOf(name))) return real.set(name, value);
      real.has(name);
      own.set(keyOf(name), String(value));
    },
    delete(name) {
      real.delete(name);
      own.delete(keyOf(name));
    },
    toObject() {
      return {
        ...real.toObject(),
        ...Object.fromEntries(own)
      };
    }
  });
}
function adaptPrograms(own) {
  const adapted = (options) => {
    const env = options?.clearEnv ? options.env : {
      ...Object.fromEntries(own),
      ...options?.env
    };
    return {
      ...options,
      detached: false,
      ...env === void 0 ? {} : {
        env
      }
    };
  };
  Deno.Command = class extends Deno.Command {
    constructor(program, options) {
      super(program, adapted(options));
    }
  };
  for (const name of [
    "spawn",
    "spawnAndWait",
    "spawnAndWaitSync"
  ]) adaptSpawn(name, adapted);
}
function adaptSpawn(name, adapted) {
  const real = Deno[name];
  if (real === void 0) return;
  const spawn = (program, args, options) => Array.isArray(args) ? real(program, args, adapted(options)) : real(program, args?.args ?? [], adapted(args));
  Object.assign(Deno, {
    [name]: spawn
  });
}
export {
  surround
};

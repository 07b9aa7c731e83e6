// Generated from deno/plugin_surroundings.ts. Do not edit; run: deno task embed
// src/worker/deno/plugin_surroundings.ts
function surround({ variables, mayRun }) {
  const own = new Map(variables.map(([name, value]) => [
    keyOf(name),
    value
  ]));
  if (own.size > 0) showVariables(own);
  if (mayRun) adaptPrograms(own);
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

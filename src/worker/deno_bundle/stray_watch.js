// Generated from deno/stray_watch.ts. Do not edit; run: deno task embed
// src/worker/deno/stray_watch.ts
var scope = globalThis;
var post = scope.postMessage.bind(scope);
Deno.Command = class extends Deno.Command {
  #isStray;
  constructor(program, options) {
    super(program, options);
    this.#isStray = options?.detached === true;
  }
  spawn() {
    const child = super.spawn();
    if (this.#isStray) {
      post({
        kind: "stray",
        pid: child.pid,
        isRunning: true
      });
      void child.status.then(() => post({
        kind: "stray",
        pid: child.pid,
        isRunning: false
      }));
    }
    return child;
  }
};

/**
 * Stands between a test and a worker and holds the worker's standard input, so that a test can kill the holder and see what the worker
 * makes of it. Arguments: the worker's command line. What comes in on standard input is passed on.
 *
 * @module
 */
const [command, ...args] = Deno.args;
const child = new Deno.Command(command!, { args, stdin: "piped", stdout: "inherit", stderr: "inherit", detached: true }).spawn();
await Deno.stdin.readable.pipeTo(child.stdin);

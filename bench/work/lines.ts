// The work as a bare loop: a line of JSON in, a line of JSON out. It is what `shell_loop.py` is in Python.
const encoder = new TextEncoder();
let rest = "";
console.log(JSON.stringify("ready"));
for await (const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + text).split("\n");
  rest = lines.pop()!;
  for (const line of lines) Deno.stdout.writeSync(encoder.encode(`${JSON.stringify(JSON.parse(line)[1] + 1)}\n`));
}

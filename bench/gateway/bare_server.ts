/**
 * What the gateway is held against: a bare `Deno.serve()` that parses JSON and answers with JSON, and that writes what is uploaded into a file.
 *
 * @module
 */

const [folder = "."] = Deno.args;
const upload = `${folder}/upload`;
const download = `${folder}/download`;

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname === "/call") {
    const { kwargs } = await request.json();
    return Response.json(kwargs.argument + 1);
  }
  if (pathname === "/download") return new Response((await Deno.open(download)).readable);
  using file = await Deno.open(upload, { write: true, create: true, truncate: true });
  await request.body!.pipeTo(file.writable, { preventClose: true });
  return Response.json((await file.stat()).size);
}

Deno.serve(
  { hostname: "127.0.0.1", port: 0, onListen: ({ port }) => console.log(JSON.stringify({ url: `http://127.0.0.1:${port}` })) },
  answer,
);

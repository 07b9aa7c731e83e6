/**
 * A page that uploads a recording, shows what is found in it while it is found, and can stop that.
 *
 * @module
 */

/** The whole page. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Where somebody speaks</title>
<style>
  body { font: 1rem/1.5 system-ui; max-width: 40rem; margin: 2rem auto; padding: 0 1rem }
  label { display: block; margin: .5rem 0 }
  progress { width: 100% }
</style>
<h1>Where somebody speaks</h1>
<form>
  <label>Token <input name="token" type="password" autocomplete="current-password" required></label>
  <label>Recording, as WAV <input name="audio" type="file" accept="audio/wav" required></label>
  <button>Find speech</button> <button type="button" id="stop" disabled>Stop</button>
</form>
<progress max="1" value="0"></progress>
<output></output>
<ol></ol>
<script type="module">
const form = document.querySelector("form");
const [stop, bar, output, list] = ["#stop", "progress", "output", "ol"].map((name) => document.querySelector(name));

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { token, audio } = form.elements;
  const body = new FormData();
  body.append("audio", audio.files[0]);
  const leaving = new AbortController();
  stop.onclick = () => leaving.abort();
  stop.disabled = false;
  list.replaceChildren();
  output.value = "";
  try {
    const headers = { authorization: "Bearer " + token.value, accept: "application/vnd.remote-plugin+ndjson" };
    const response = await fetch("plugins/speech/execute_stream", { method: "POST", headers, body, signal: leaving.signal });
    if (!response.ok) throw new Error((await response.json()).detail);
    for await (const frame of frames(response.body)) show(frame);
  } catch (error) {
    output.value = leaving.signal.aborted ? "Stopped" : error.message;
  } finally {
    stop.disabled = true;
  }
});

/** The frames of a reply, one a line. A page that is closed closes the connection, and so ends the call. */
async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const lines = (rest + piece.value).split("\\n");
    rest = lines.pop();
    for (const line of lines) yield JSON.parse(line);
  }
}

function show({ progress, chunk, error, result }) {
  if (progress !== undefined) bar.value = progress;
  if (chunk !== undefined) list.append(item(chunk));
  if (result !== undefined) output.value = "That is all";
  if (error !== undefined) throw new Error(error.message);
}

function item({ start, end }) {
  return Object.assign(document.createElement("li"), { textContent: start.toFixed(2) + " s to " + end.toFixed(2) + " s" });
}
</script>
</html>
`;

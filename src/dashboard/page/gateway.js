/** What the page asks of its gateway. The session's cookie goes along by itself. */
import { callBody } from "./call_body.js";

const BASE = document.body.dataset.base;
const FRAMES = "application/vnd.remote-plugin+ndjson";

/** The longest line of a reply that the page takes, in characters. */
const MAX_LINE = 64 * 1024 * 1024;

/** The gateway has refused a request. */
export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.name = "Refused";
    this.status = status;
  }
}

/** By which the tabs of one browser, which share the session, tell each other that it is another one. */
const TABS = new BroadcastChannel(`plugins ${BASE}`);

/** Tells whenever another tab has signed in or out. */
export function onSession(changed) {
  TABS.addEventListener("message", changed);
  return () => TABS.removeEventListener("message", changed);
}

export async function signIn(token) {
  await asked("/dashboard/session", { method: "POST", body: JSON.stringify({ token }), headers: { "content-type": "application/json" } });
  TABS.postMessage("signed in");
}

/** What whoever has signed in may do; `undefined` when nobody has. */
export async function readRole() {
  try {
    return (await (await asked("/dashboard/session")).json()).role;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) return undefined;
    throw error;
  }
}

export async function signOut() {
  await asked("/dashboard/session", { method: "DELETE" });
  TABS.postMessage("signed out");
}

export async function readStats() {
  return await (await asked("/stats")).json();
}

/** Loads, unloads, reloads, enables or disables a plugin, which takes an operator. */
export async function manage(plugin, action) {
  await asked(`/${encodeURIComponent(plugin)}/${action}`, { method: "POST" });
}

/** Gives a plugin a configuration, which takes an operator. */
export async function configure(plugin, configuration) {
  const [body, headers] = [JSON.stringify({ new_config: configuration }), { "content-type": "application/json" }];
  await asked(`/${encodeURIComponent(plugin)}/reconfigure`, { method: "POST", body, headers });
}

/** The forms of what a plugin takes. It is started for them. */
export async function readForms(plugin) {
  return await (await asked(`/dashboard/forms/${encodeURIComponent(plugin)}`)).json();
}

/** The frames of a call, one by one, each with the length of its text. */
export async function* call({ plugin, endpoint, args, kwargs, signal }) {
  const { body, headers } = callBody({ args, kwargs });
  const request = { method: "POST", body, headers: { accept: FRAMES, ...headers }, signal };
  const response = await asked(`/${encodeURIComponent(plugin)}/${endpoint}`, request);
  for await (const line of linesOf(response.body)) yield { frame: JSON.parse(line), length: line.length };
}

/** The lines of a stream, each without its end. What is long comes in many parts, which are put together once. */
async function* linesOf(body) {
  let [begun, length] = [[], 0];
  for await (const text of body.pipeThrough(new TextDecoderStream())) {
    const [first, ...others] = text.split("\n");
    begun.push(first);
    length += first.length;
    if (length > MAX_LINE) throw new Error("The result is too large for this page. Another program can take it, by the same address");
    if (others.length === 0) continue;
    yield begun.join("");
    const last = others.pop();
    yield* others;
    [begun, length] = [[last], last.length];
  }
}

/** How long the page waits before it asks again for what happens, in milliseconds. */
const AGAIN_MS = 3_000;

/**
 * What happens in the gateway, for as long as somebody looks. Each connection begins with what the gateway has kept. A browser has few connections to a
 * server, and so a page that is hidden has none.
 */
export function listen({ onBegin, onLine, onCall }) {
  let [source, timer] = [undefined, undefined];
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    if (document.hidden) return;
    source = new EventSource(`${BASE}/dashboard/events`);
    source.onopen = onBegin;
    source.addEventListener("log", ({ data }) => onLine(JSON.parse(data)));
    source.addEventListener("call", ({ data }) => onCall(JSON.parse(data)));
    // A browser does not ask again where it was refused, as by a gateway that is about to end.
    source.onerror = () => {
      if (source?.readyState === EventSource.CLOSED) timer = setTimeout(open, AGAIN_MS);
    };
  };
  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    close();
  };
}

async function asked(path, options) {
  const response = await fetch(BASE + path, { cache: "no-store", ...options });
  if (response.ok) return response;
  const { detail } = await response.json().catch(() => ({ detail: `The gateway answers with ${response.status}` }));
  throw new Refused(response.status, detail);
}

/** The page as a whole: who has signed in sees the plugins. */
import { html } from "./html.js";
import { useEffect, useRef, useState } from "preact/hooks";
import { keyOf, UsageHistory } from "./history.js";
import { readStats, Refused, signOut } from "./gateway.js";
import { Logs } from "./logs.js";
import { PluginList } from "./plugin_list.js";
import { Plugin } from "./plugin.js";
import { SignIn } from "./sign_in.js";

const INTERVAL_MS = 2_000;

export function App() {
  const [isSignedIn, setSignedIn] = useState(undefined);
  const { stats, problem, history } = useStats(isSignedIn, setSignedIn);
  if (isSignedIn === false) return html`<${SignIn} onSignedIn=${() => setSignedIn(true)} />`;
  if (stats === undefined) return html`<p class="notice" role="status">${problem ?? "Asking the gateway …"}</p>`;
  const leave = () => signOut().finally(() => setSignedIn(false));
  return html`<${Plugins} ...${{ stats, history, problem, leave }} />`;
}

/** Asks for figures for as long as somebody looks. A gateway that is gone is asked until it is back. */
function useStats(isSignedIn, setSignedIn) {
  const [seen, setSeen] = useState({});
  const history = useRef(new UsageHistory()).current;
  useEffect(() => {
    if (isSignedIn === false) return;
    let timer;
    const look = async () => {
      if (!document.hidden) await lookOnce({ history, setSeen, setSignedIn });
      timer = setTimeout(look, INTERVAL_MS);
    };
    look();
    return () => clearTimeout(timer);
  }, [isSignedIn]);
  return { ...seen, history };
}

async function lookOnce({ history, setSeen, setSignedIn }) {
  try {
    const stats = await readStats();
    history.add(Date.now() / 1_000, stats.plugins);
    setSeen({ stats });
    setSignedIn(true);
  } catch (error) {
    if (error instanceof Refused && error.status === 401) setSignedIn(false);
    else setSeen((before) => ({ ...before, problem: `The gateway does not answer: ${error.message}` }));
  }
}

function Plugins({ stats, history, problem, leave }) {
  const [chosen, choose] = useState(undefined);
  const plugin = stats.plugins.find((one) => keyOf(one) === chosen);
  return html`
    <header>
      <h1>Plugins</h1>
      <p role="status" class="problem">${problem}</p>
      <button type="button" class="quiet" onClick=${leave}>Sign out</button>
    </header>
    <div class="columns">
      <nav aria-label="Plugins">
        <${PluginList} plugins=${stats.plugins} chosen=${plugin && keyOf(plugin)} onChoose=${choose} />
      </nav>
      <main>
        ${plugin === undefined
          ? html`<p class="notice">${stats.plugins.length === 0 ? "There is no plugin here yet" : "Choose a plugin"}</p>`
          : html`
            <${Plugin} key=${keyOf(plugin)} plugin=${plugin} usage=${history.of(plugin)} />
          `}
        <${Logs} />
      </main>
    </div>
  `;
}

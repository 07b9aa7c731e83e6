/** The page as a whole: who has signed in sees the plugins. */
import { html } from "./html.js";
import { Activity } from "./activity.js";
import { useEffect, useRef, useState } from "preact/hooks";
import { onSession, readRole, readStats, Refused, signOut } from "./gateway.js";
import { keyOf, UsageHistory } from "./history.js";
import { Plugin } from "./plugin.js";
import { PluginList } from "./plugin_list.js";
import { SignIn } from "./sign_in.js";

const INTERVAL_MS = 2_000;

/** What is not known yet, and who is nobody. */
const UNKNOWN = Symbol("unknown");
const NOBODY = undefined;

export function App() {
  const [{ role, session }, setSeen] = useState({ role: UNKNOWN, session: 0 });
  const [problem, setProblem] = useState("");
  // Whoever signs in may be somebody else with the same role, and begins anew.
  const see = (role) => setSeen((before) => ({ role, session: before.session + 1 }));
  const look = () => readRole().then(see, (error) => setProblem(error.message));
  useEffect(() => {
    look();
    return onSession(look);
  }, []);
  if (role === NOBODY) return html`<${SignIn} key=${session} onSignedIn=${look} />`;
  if (role === UNKNOWN) return html`<p class="notice" role="status">${problem || "Asking the gateway …"}</p>`;
  return html`<${Plugins} key=${session} role=${role} onLeft=${() => see(NOBODY)} />`;
}

function Plugins({ role, onLeft }) {
  const { plugins, problem, history } = useStats(onLeft);
  const [chosen, choose] = useState(undefined);
  const plugin = plugins?.find((one) => keyOf(one) === chosen);
  const advice = plugins?.length === 0 ? "There is no plugin here yet" : "Choose a plugin";
  return html`
    <header>
      <h1>Plugins</h1>
      <p role="status" class="problem">${problem}</p>
      <button type="button" class="quiet" onClick=${() => signOut().finally(onLeft)}>Sign out</button>
    </header>
    <div class="columns">
      <nav aria-label="Plugins">
        <${PluginList} plugins=${plugins ?? []} chosen=${chosen} onChoose=${choose} />
      </nav>
      <main>
        ${plugin === undefined
          ? html`<p class="notice">${advice}</p>`
          : html`<${Plugin} key=${chosen} plugin=${plugin} usage=${history.of(plugin)} isOperator=${role === "operator"} />`}
        <${Activity} isOperator=${role === "operator"} />
      </main>
    </div>
  `;
}

/** Asks for figures for as long as somebody looks. A gateway that is gone is asked until it is back. */
function useStats(onLeft) {
  const [seen, setSeen] = useState({});
  const history = useRef(new UsageHistory()).current;
  useEffect(() => {
    let timer;
    const look = async () => {
      if (!document.hidden) await lookOnce({ history, setSeen, onLeft });
      timer = setTimeout(look, INTERVAL_MS);
    };
    look();
    return () => clearTimeout(timer);
  }, []);
  return { ...seen, history };
}

async function lookOnce({ history, setSeen, onLeft }) {
  try {
    const { plugins } = await readStats();
    history.add(Date.now() / 1_000, plugins);
    setSeen({ plugins });
  } catch (error) {
    // The token has ended.
    if (error instanceof Refused && error.status === 401) onLeft();
    else setSeen((before) => ({ ...before, problem: `The gateway does not answer: ${error.message}` }));
  }
}

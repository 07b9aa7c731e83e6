/** What happens in the gateway: calls as they come, and what plugins print. */
import { html } from "./html.js";
import { useEffect, useState } from "preact/hooks";
import { Calls } from "./calls.js";
import { listen } from "./gateway.js";
import { Logs } from "./logs.js";
import { shownLine } from "./shown_line.js";

/** The most lines, and the most calls, that are kept. */
const MAX_LINES = 1_000;
const MAX_CALLS = 100;

/** How often what has come is shown, in milliseconds: nobody reads faster. */
const SHOWN_MS = 250;

export function Activity({ isOperator }) {
  const [{ lines, calls }, show] = useState({ lines: [], calls: [] });
  useEffect(() => follow(show), []);
  return html`
    <${Calls} calls=${calls} isOperator=${isOperator} />
    ${isOperator && html`<${Logs} lines=${lines} />`}
  `;
}

function follow(show) {
  let [lines, calls, number, timer] = [[], new Map(), 0, undefined];
  const change = () =>
    timer ??= setTimeout(() => {
      timer = undefined;
      lines = lines.slice(-MAX_LINES);
      show({ lines, calls: [...calls.values()].reverse() });
    }, SHOWN_MS);
  const stop = listen({
    onBegin: () => {
      [lines, calls] = [[], new Map()];
      change();
    },
    onLine: (line) => {
      lines.push({ ...line, text: shownLine(line.text), number: number++ });
      change();
    },
    onCall: (call) => {
      calls.set(call.number, call);
      if (calls.size > MAX_CALLS) calls.delete(calls.keys().next().value);
      change();
    },
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

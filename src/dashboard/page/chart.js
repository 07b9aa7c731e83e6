/** A line over the last minutes. */
import { html } from "./html.js";
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

const HEIGHT = 140;

/** What the axis of time shows at least: one figure alone has no range. */
const LEAST_SECONDS = 60;

export function Chart({ title, times, values }) {
  const place = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    const element = place.current;
    plot.current = new uPlot(optionsFor(element), [times, values], element);
    const observer = new ResizeObserver(() => plot.current.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current.destroy();
    };
  }, []);
  useEffect(() => plot.current.setData([times, values]), [times, values]);
  const last = values.at(-1);
  return html`
    <figure>
      <figcaption>${title}${last === undefined ? "" : html`: <strong>${last.toFixed(last < 10 ? 1 : 0)}</strong>`}</figcaption>
      <div class="chart" ref=${place} role="img" aria-label=${title}></div>
    </figure>
  `;
}

function optionsFor(element) {
  const colour = (name) => () => colourOf(element, name);
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
  const times = { ...axis, space: 90, values: (_plot, seconds) => seconds.map(clockTime) };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: (_plot, first, last) => [Math.min(first, last - LEAST_SECONDS), last] },
      y: { range: (_plot, _least, most) => [0, Math.max(1, most ?? 1) * 1.1] },
    },
    axes: [times, { ...axis, size: 44 }],
    series: [{}, { stroke: colour("--accent"), width: 2, points: { show: false } }],
  };
}

/** What a variable of the style is, by day or by night. A canvas knows no variables. */
function colourOf(element, name) {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

function clockTime(seconds) {
  return new Date(1_000 * seconds).toTimeString().slice(0, 8);
}

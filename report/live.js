// Turns a picture into a live chart on demand: Vega draws it again, and each of its marks says its
// words, under the pointer and by arrow keys. Vega and the chart are loaded when they are asked for.
"use strict";

globalThis.liveCharts = {};

(() => {
  const vega = new URL("vega.js", document.currentScript.src).href;
  const phone = matchMedia("(max-width: 34rem)");
  const loaded = new Map();
  const opened = new Map(); // button -> what closes its chart
  const FONT = '"Bilan Labels"'; // Vega measures text to place it: in the font that the page shows
  const REACH = 40; // pixels from the pointer to the mark that it asks

  const load = (address) => {
    if (!loaded.has(address))
      loaded.set(
        address,
        new Promise((done, failed) => {
          const script = document.createElement("script");
          script.src = address;
          script.onload = done;
          script.onerror = () => {
            loaded.delete(address);
            script.remove();
            failed(new Error(address));
          };
          document.head.append(script);
        }),
      );
    return loaded.get(address);
  };

  const element = (name, attributes) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };

  async function open(button) {
    const label = button.dataset.figure;
    const name = phone.matches ? `${label}-narrow` : label;
    await Promise.all([
      load(vega),
      load(new URL(`charts/${name}.js`, document.baseURI).href),
      ...[400, 600].map((weight) => document.fonts.load(`${weight} 14px ${FONT}`)),
    ]);
    const pictures = [...document.querySelectorAll(`#${label} svg.chart`)];
    const picture = pictures.find((svg) => svg.classList.contains("narrow") === phone.matches) ?? pictures[0];
    const chart = element("div", { class: "live-chart", role: "application", tabindex: 0 });
    chart.setAttribute("aria-label", picture.getAttribute("aria-label"));
    chart.setAttribute("aria-describedby", `${label}-keys`);
    const drawing = element("div", { "aria-hidden": "true" });
    const ring = element("div", { class: "ring", hidden: "" });
    const tip = element("p", { class: "tip", role: "status" });
    const keys = element("p", { class: "keys", id: `${label}-keys` });
    keys.textContent = button.dataset.keys;
    chart.append(drawing, ring, tip);
    pictures.at(-1).after(chart, keys);
    const spec = liveCharts[name];
    const config = { ...spec.config, font: `${FONT}, sans-serif` };
    const { view } = await vegaEmbed(drawing, { ...spec, config }, {
      renderer: "svg",
      actions: false,
      ast: true, // expressions are walked through, not compiled: the content policy allows no eval
      defaultStyle: false,
      tooltip: () => {},
    });
    const svg = drawing.querySelector("svg");
    svg.classList.add("chart");
    svg.setAttribute("viewBox", picture.getAttribute("viewBox"));
    tell(chart, svg, ring, tip, button);
    opened.set(button, () => {
      view.finalize();
      chart.remove();
      keys.remove();
    });
    return chart;
  }

  /** Let the marks of a chart say their words: Vega leaves each item on its element. */
  function tell(chart, svg, ring, tip, button) {
    const marks = [...svg.querySelectorAll(".role-mark *")].filter((mark) => mark.__data__?.tooltip);
    const group = (mark) => mark.parentElement;
    let current = -1;

    const show = (at) => {
      current = at;
      const mark = marks[at];
      ring.hidden = !mark;
      tip.textContent = mark ? mark.__data__.tooltip : "";
      if (!mark) return;
      const frame = chart.getBoundingClientRect();
      const box = mark.getBoundingClientRect();
      const left = box.left - frame.left;
      const top = box.top - frame.top;
      const air = 7;
      Object.assign(ring.style, {
        left: `${left - air}px`,
        top: `${top - air}px`,
        width: `${box.width + 2 * air}px`,
        height: `${box.height + 2 * air}px`,
      });
      const middle = left + box.width / 2 - tip.offsetWidth / 2;
      const above = top - tip.offsetHeight - 2 * air;
      tip.style.left = `${Math.max(0, Math.min(middle, frame.width - tip.offsetWidth))}px`;
      tip.style.top = `${above >= -frame.top && above >= -tip.offsetHeight / 2 ? above : top + box.height + 2 * air}px`;
    };

    const gap = (value, low, high) => Math.max(low - value, 0, value - high);
    const point = (event) => {
      if (event.target === tip) return; // it can be read, and its words copied
      let best = -1;
      let least = REACH;
      marks.forEach((mark, at) => {
        const box = mark.getBoundingClientRect();
        const away = Math.hypot(gap(event.clientX, box.left, box.right), gap(event.clientY, box.top, box.bottom));
        const wide = box.width + box.height > 4 ? 12 : 0; // a point in a band is asked before the band
        if (away + wide < least) [least, best] = [away + wide, at];
      });
      if (best !== current) show(best);
    };
    chart.addEventListener("pointermove", point);
    chart.addEventListener("pointerdown", point);
    chart.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && show(-1));

    const last = marks.length - 1;
    const series = (step) => {
      let at = Math.max(current, 0);
      const from = group(marks[at]);
      while (marks[at] && group(marks[at]) === from) at += step;
      while (step < 0 && marks[at - 1] && group(marks[at - 1]) === group(marks[at])) at--;
      return at;
    };
    const moves = {
      ArrowRight: () => current + 1,
      ArrowDown: () => current + 1,
      ArrowLeft: () => current - 1,
      ArrowUp: () => current - 1,
      Home: () => 0,
      End: () => last,
      PageDown: () => series(1),
      PageUp: () => series(-1),
    };
    chart.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      if (event.key === "Escape") {
        close(button);
        button.focus();
      } else if (moves[event.key]) {
        show(Math.min(Math.max(moves[event.key](), 0), last));
        ring.scrollIntoView({ block: "nearest", behavior: "instant" });
      } else return;
      event.preventDefault();
    });
    chart.addEventListener("blur", () => show(-1));
  }

  function close(button) {
    opened.get(button)?.();
    opened.delete(button);
    button.textContent = button.dataset.explore;
  }

  async function start(button) {
    button.setAttribute("aria-busy", "true");
    try {
      const chart = await open(button);
      button.textContent = button.dataset.picture;
      return chart;
    } catch {
      button.textContent = button.dataset.unavailable;
    } finally {
      button.removeAttribute("aria-busy");
    }
  }

  for (const button of document.querySelectorAll("button.live")) {
    button.dataset.explore = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      if (button.hasAttribute("aria-busy")) return;
      if (opened.has(button)) close(button);
      else (await start(button))?.focus();
    });
  }

  // A chart is drawn for the width that it has: turned, a phone may need the other drawing.
  phone.addEventListener("change", async () => {
    for (const button of [...opened.keys()]) {
      close(button);
      await start(button);
    }
  });
})();

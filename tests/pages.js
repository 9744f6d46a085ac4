// What tests/test_pages.py asks of a page, as a reader's eye would. Each check returns faults as text.
"use strict";

window.look = (() => {
  // Chapters out of sight are looked at too.
  const whole = new CSSStyleSheet();
  whole.replaceSync("section.level1 { content-visibility: visible !important }");
  document.adoptedStyleSheets = [whole];

  const shown = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true, contentVisibilityAuto: true }) &&
    element.getClientRects().length > 0;
  const named = (element) => {
    const owner = element.closest("[id]");
    const words = element.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
    return `${element.tagName.toLowerCase()} in #${owner ? owner.id : "?"} “${words}”`;
  };
  const charts = () => [...document.querySelectorAll("svg.chart")].filter(shown);

  // ---- Room --------------------------------------------------------------------------------------
  const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
  const inScroller = (element) => {
    for (let box = element.parentElement; box; box = box.parentElement) if (scrolls(box)) return true;
    return false;
  };

  /** Nothing is wider than the window, and nothing hides a part of itself. */
  function cut() {
    const faults = [];
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth > width)
      faults.push(`the page is ${document.documentElement.scrollWidth} px wide in ${width}`);
    for (const element of document.body.querySelectorAll("*:not(svg *)")) {
      if (!shown(element) || element.matches(".skip")) continue;
      const box = element.getBoundingClientRect();
      const style = getComputedStyle(element);
      if (!inScroller(element) && (box.right > width + 1 || box.left < -1)) faults.push(`${named(element)} leaves the window`);
      const hides = ["hidden", "clip"].includes(style.overflowX) || ["hidden", "clip"].includes(style.overflowY);
      if (hides && (element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1))
        faults.push(`${named(element)} hides a part of itself`);
    }
    return faults;
  }

  /** The lines of text of the page, each with its box. */
  function lines() {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    const range = document.createRange();
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
      const owner = node.parentElement;
      if (!node.data.trim() || owner.closest("svg, script, .skip") || !shown(owner)) continue;
      range.selectNodeContents(node);
      for (const box of range.getClientRects()) if (box.width > 1 && box.height > 1) found.push({ owner, box });
    }
    return found;
  }

  /** No line of text lies over another, nor over a chart. */
  function overlaps() {
    const things = [...lines(), ...charts().map((owner) => ({ owner, box: owner.getBoundingClientRect() }))];
    things.sort((a, b) => a.box.top - b.box.top);
    const faults = [];
    things.forEach((one, at) => {
      for (let next = at + 1; next < things.length && things[next].box.top < one.box.bottom; next++) {
        const two = things[next];
        // A line's box is taller than its letters: what counts is half a line of them.
        const slack = 0.5 * Math.min(one.box.height, two.box.height);
        const across = Math.min(one.box.right, two.box.right) - Math.max(one.box.left, two.box.left);
        const down = Math.min(one.box.bottom, two.box.bottom) - two.box.top;
        if (across > 2 && down > slack) faults.push(`${named(one.owner)} and ${named(two.owner)} overlap`);
      }
    });
    return [...new Set(faults)];
  }

  // ---- Charts ------------------------------------------------------------------------------------
  /** Every label of a chart is whole: inside the picture. */
  function cutLabels() {
    const faults = [];
    for (const chart of charts()) {
      const frame = chart.getBoundingClientRect();
      for (const text of chart.querySelectorAll("text")) {
        const box = text.getBoundingClientRect();
        if (!box.width) continue;
        const air = 0.25 * box.height; // a line's box is taller than its letters
        if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - air || box.bottom > frame.bottom + air)
          faults.push(`${named(text)} leaves its chart`);
      }
    }
    return faults;
  }

  /** A label drawn in the colour of the paper lies under the same label, to set it off. */
  const isHalo = (text) => {
    const fill = paint(text, "fill");
    return fill[3] > 0 && fill.slice(0, 3).join() === paper().join();
  };

  /** No two labels of a chart lie over each other. */
  function crossedLabels() {
    const faults = [];
    for (const chart of charts()) {
      const texts = [...chart.querySelectorAll("text")].filter((text) => !isHalo(text)).map((text) => [text, text.getBoundingClientRect()]).filter(([, box]) => box.width);
      texts.forEach(([one, a], at) => {
        for (const [two, b] of texts.slice(at + 1)) {
          const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
          const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
          if (across > 2 && down > 0.4 * Math.min(a.height, b.height)) faults.push(`${named(one)} and ${named(two)} overlap`);
        }
      });
    }
    return faults;
  }

  /** The smallest size of a chart's text on the screen, in pixels. */
  const smallestLabel = () =>
    Math.min(...charts().flatMap((chart) => {
      const scale = chart.getBoundingClientRect().width / chart.viewBox.baseVal.width;
      return [...chart.querySelectorAll("text")].map((text) => parseFloat(getComputedStyle(text).fontSize) * scale);
    }));

  const parsed = (colour) => {
    const parts = (colour.match(/[\d.]+/g) || []).map(Number);
    return parts.length < 3 ? [0, 0, 0, 0] : [...parts.slice(0, 3), parts[3] ?? 1];
  };
  const over = (top, ground) => ground.map((value, at) => top[3] * top[at] + (1 - top[3]) * value);
  const luminance = (colour) => {
    const [r, g, b] = colour.map((c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ratio = (one, two) => {
    const [light, dark] = [luminance(one), luminance(two)].sort((a, b) => b - a);
    return (light + 0.05) / (dark + 0.05);
  };
  const paper = () => parsed(getComputedStyle(document.body).backgroundColor).slice(0, 3);
  /** A paint with all the opacities that apply to it. */
  function paint(shape, kind) {
    const style = getComputedStyle(shape);
    if (style[kind] === "none" || (kind === "stroke" && parseFloat(style.strokeWidth) === 0)) return [0, 0, 0, 0];
    const colour = parsed(style[kind]);
    colour[3] *= parseFloat(style[`${kind}Opacity`]);
    for (let at = shape; at && at.tagName !== "svg"; at = at.parentElement) colour[3] *= parseFloat(getComputedStyle(at).opacity);
    return colour;
  }
  const SHAPES = "path, rect, circle, line, polygon, polyline";

  /** What is painted under a point of a chart before an element. */
  function ground(chart, before, x, y) {
    let colour = paper();
    for (const shape of chart.querySelectorAll(SHAPES)) {
      if (!(shape.compareDocumentPosition(before) & Node.DOCUMENT_POSITION_FOLLOWING)) break;
      const fill = paint(shape, "fill");
      if (!fill[3] || shape.closest("clipPath, defs")) continue;
      const point = new DOMPoint(x, y).matrixTransform(shape.getScreenCTM().inverse());
      if (shape.isPointInFill(point)) colour = over(fill, colour);
    }
    return colour;
  }

  /** Text of a chart on what lies under it: at least 4.5. */
  function faintText() {
    const faults = [];
    for (const chart of charts()) {
      const halos = [...chart.querySelectorAll("text")].filter(isHalo);
      for (const text of chart.querySelectorAll("text")) {
        const box = text.getBoundingClientRect();
        const fill = paint(text, "fill");
        if (!box.width || !fill[3] || isHalo(text)) continue;
        const halo = halos.some((other) => other.textContent === text.textContent && Math.abs(other.getBoundingClientRect().left - box.left) < 1);
        for (const at of [0.1, 0.5, 0.9]) {
          const below = halo ? paper() : ground(chart, text, box.left + at * box.width, box.top + box.height / 2);
          const found = ratio(over(fill, below), below);
          if (found < 4.5) {
            faults.push(`${named(text)}: ${found.toFixed(2)}`);
            break;
          }
        }
      }
    }
    return faults;
  }

  /** Marks of a chart on paper: at least 3, by their fill or by their outline. Rulers and bands excepted. */
  function faintMarks() {
    const faults = new Set();
    const quiet = new Set(["--grid", "--forecast-50", "--forecast-80", "--forecast-95", "--paper"].map((name) =>
      parsed(resolved(name)).slice(0, 3).join()));
    for (const chart of charts())
      for (const shape of chart.querySelectorAll(`.role-mark :is(${SHAPES})`)) {
        const paints = [paint(shape, "fill"), paint(shape, "stroke")].filter((colour) => colour[3]);
        if (!paints.length || !shape.getBoundingClientRect().width) continue;
        if (paints.every((colour) => quiet.has(colour.slice(0, 3).join()))) continue;
        const best = Math.max(...paints.map((colour) => ratio(over(colour, paper()), paper())));
        if (best < 3) faults.add(`${shape.parentElement.getAttribute("class")} in #${chart.closest("[id]").id}: ${best.toFixed(2)}`);
      }
    return [...faults];
  }
  function resolved(name) {
    const probe = document.body.appendChild(document.createElement("i"));
    probe.style.color = `var(${name})`;
    const colour = getComputedStyle(probe).color;
    probe.remove();
    return colour;
  }

  /** Colours of a chart that the style sheet does not know: they would not follow the dark theme. */
  function strayColours() {
    const known = new Set();
    for (const sheet of document.styleSheets)
      for (const rule of sheet.cssRules) {
        const match = /svg\.chart \[(?:fill|stroke)="(#[0-9a-f]+)"\]/.exec(rule.selectorText || "");
        if (match) known.add(match[1]);
      }
    const faults = new Set();
    for (const shape of document.querySelectorAll("svg.chart [fill], svg.chart [stroke]"))
      for (const kind of ["fill", "stroke"]) {
        const colour = shape.getAttribute(kind);
        if (colour && !["none", "transparent"].includes(colour) && !known.has(colour.toLowerCase()))
          faults.add(`${colour} in #${shape.closest("[id]").id}`);
      }
    return [...faults];
  }

  /** In each figure exactly one drawing of a chart is shown; returns how many wide and narrow ones. */
  function drawings() {
    const counts = { wide: 0, narrow: 0, faults: [] };
    for (const figure of document.querySelectorAll("figure:has(svg.chart)")) {
      const seen = [...figure.querySelectorAll("svg.chart")].filter(shown);
      if (seen.length !== 1) counts.faults.push(`${figure.closest("[id]").id}: ${seen.length} drawings are shown`);
      else if (figure.querySelectorAll("svg.chart").length > 1) counts[seen[0].classList.contains("narrow") ? "narrow" : "wide"]++;
    }
    return counts;
  }

  // ---- Structure ---------------------------------------------------------------------------------
  /** Headings that nothing follows but another heading of the same or of a higher level. */
  function emptySections() {
    const faults = [];
    const headings = [...document.querySelectorAll("main :is(h1, h2, h3, h4, h5, h6)")];
    headings.forEach((heading, at) => {
      const next = headings[at + 1];
      if (next && next.tagName > heading.tagName) return;
      const range = document.createRange();
      range.setStartAfter(heading);
      if (next) range.setEndBefore(next);
      else range.setEndAfter(document.querySelector("main").lastChild);
      const held = range.cloneContents();
      if (!held.textContent.trim() && !held.querySelector("svg, img")) faults.push(named(heading));
    });
    return faults;
  }

  function repeatedIds() {
    const seen = new Map();
    for (const element of document.querySelectorAll("[id]")) seen.set(element.id, (seen.get(element.id) || 0) + 1);
    return [...seen].filter(([, count]) => count > 1).map(([id, count]) => `${id}: ${count} times`);
  }

  /** The ring around the focused element: its width, its contrast with the paper, and whether one can see it. */
  function focused() {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    const ring = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth);
    return {
      name: element === document.body ? "" : named(element) + (element.getAttribute("href") || ""),
      order: focusable().indexOf(element),
      ring,
      contrast: ratio(parsed(style.outlineColor).slice(0, 3), paper()),
      inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
  }
  const focusable = () =>
    [...document.querySelectorAll("a[href], summary, button, input, select, textarea, [tabindex='0']")].filter(
      (element) => element.matches(".skip") || shown(element),
    );

  // ---- Live charts -------------------------------------------------------------------------------
  const live = (name) => document.querySelector(`#${name} .live-chart`);
  const tellers = (name) =>
    [...live(name).querySelectorAll(".role-mark *")].filter((mark) => mark.__data__?.tooltip);
  /** What the marks of a live chart tell, in their order. */
  const marks = (name) => tellers(name).map((mark) => mark.__data__.tooltip);
  /** The middle of a mark of a live chart. */
  function place(name, at) {
    const box = tellers(name)[at].getBoundingClientRect();
    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };
  }
  /** The ring around the mark that the keyboard is at. */
  function ringed(name) {
    const ring = live(name).querySelector(".ring");
    const style = getComputedStyle(ring);
    const box = ring.getBoundingClientRect();
    return {
      ring: parseFloat(style.borderTopWidth),
      contrast: ratio(parsed(style.borderTopColor).slice(0, 3), paper()),
      inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
  }

  return {
    charts, crossedLabels, cut, cutLabels, drawings, emptySections, faintMarks, faintText, focusable, focused,
    marks, overlaps, place, repeatedIds, ringed, smallestLabel, strayColours,
  };
})();

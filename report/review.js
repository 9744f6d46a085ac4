// Five conveniences; the page works without any.
"use strict";

// A browser only waits for optional fonts that are announced early. It refuses to announce a file of a
// local folder: there they are loaded as they come, and take the room that the fallback kept for them.
const fonts = [
  ["Bilan Serif", "serif", { weight: "400 600" }],
  ["Bilan Serif", "serif-italic", { style: "italic" }],
  ["Bilan Sans", "sans", { weight: "400 700" }],
];
for (const [family, name, traits] of fonts) {
  const url = new URL(`fonts/${name}.woff2`, document.currentScript.src).href;
  if (location.protocol === "file:") {
    document.fonts.add(new FontFace(family, `url("${url}")`, { ...traits, display: "swap" }));
  } else if (name !== "serif-italic") {
    const link = document.createElement("link");
    link.rel = "preload";
    link.as = "font";
    link.type = "font/woff2";
    link.crossOrigin = "anonymous";
    link.href = url;
    document.head.append(link);
  }
}

// Chapters out of sight are laid out once the first view stands: then every anchor is where it stays.
addEventListener("load", () => {
  let moved = false;
  for (const act of ["wheel", "touchmove", "pointerdown", "keydown"])
    addEventListener(act, () => (moved = true), { once: true, passive: true });
  const later = window.requestIdleCallback ?? ((work) => setTimeout(work, 50));
  later(
    () => {
      document.documentElement.classList.add("whole");
      if (location.hash && !moved) document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    },
    { timeout: 500 },
  );
});

// Says which chapter is being read, to the eye and to assistive technology.
document.addEventListener("DOMContentLoaded", () => {
  const links = new Map(
    [...document.querySelectorAll("#TOC details > ul > li > a[href^='#']")].map((a) => [a.hash.slice(1), a]),
  );
  const sections = [...links.keys()].map((id) => document.getElementById(id)).filter(Boolean);
  if (!sections.length || !("IntersectionObserver" in window)) return;
  const seen = new Set();
  const mark = () => {
    const current = sections.filter((section) => seen.has(section)).pop();
    for (const link of links.values()) link.removeAttribute("aria-current");
    if (current) links.get(current.id).setAttribute("aria-current", "location");
  };
  const watch = new IntersectionObserver(
    (entries) => {
      for (const entry of entries) {
        if (entry.isIntersecting) seen.add(entry.target);
        else seen.delete(entry.target);
      }
      mark();
    },
    { rootMargin: "-20% 0px -79% 0px" },
  );
  for (const section of sections) watch.observe(section);
});

// A table that is wider than its place is a stop for the keyboard, which scrolls it. Browsers that
// make it one by themselves give it no name.
document.addEventListener("DOMContentLoaded", () => {
  const fit = (box) => {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      const caption = box.closest("figure")?.querySelector("figcaption") ?? box.querySelector("caption");
      if (caption) box.setAttribute("aria-label", caption.textContent.trim());
    } else for (const name of ["tabindex", "role", "aria-label"]) box.removeAttribute(name);
  };
  const watch = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target.parentElement)));
  for (const table of document.querySelectorAll("div > table")) watch.observe(table);
});

// A word of the glossary says what it means where it is met, to the pointer and to the keyboard.
document.addEventListener("DOMContentLoaded", () => {
  const note = document.createElement("span");
  note.className = "term-note";
  note.id = "term-note";
  note.setAttribute("role", "tooltip");
  note.hidden = true;
  let term = null;
  const hide = () => {
    note.hidden = true;
    term?.removeAttribute("aria-describedby");
    term = null;
  };
  const show = (link) => {
    const meaning = document.querySelector(link.hash)?.closest("dt")?.nextElementSibling?.cloneNode(true);
    if (!meaning || term === link) return;
    hide();
    for (const source of meaning.querySelectorAll(".citation")) source.remove();
    note.textContent = meaning.textContent.trim();
    term = link;
    link.after(note);
    note.hidden = false;
    note.style.setProperty("--shift", "0px");
    const { left, right } = note.getBoundingClientRect();
    const over = Math.max(0, right + 8 - document.documentElement.clientWidth);
    note.style.setProperty("--shift", `${left < 8 ? 8 - left : -over}px`);
    link.setAttribute("aria-describedby", note.id);
  };
  const links = "a.term[href^='#']";
  for (const start of ["pointerover", "focusin"])
    document.addEventListener(start, (event) => {
      const link = event.target.closest(links);
      if (link) show(link);
      else if (event.target !== note) hide(); // one may rest on the note itself
    });
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
});

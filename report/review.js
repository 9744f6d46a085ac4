// Says which chapter is being read, where the style sheet alone can't. The page works without it.
"use strict";
(() => {
  const links = new Map(
    [...document.querySelectorAll("#TOC a[href^='#']")].map((a) => [a.hash.slice(1), a]),
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
})();

"""Weigh the pages and time their first view on a slow machine; weigh the PDFs.

A local server compresses as a host would. Largest paint and layout shift are Chromium's own, at a
quarter of this machine's speed and with an empty cache: the median paint of five visits on a desk
or on a phone, whichever is worse, and the worst shift.
"""

import gzip
import http.server
import os
import shutil
import statistics
import sys
import threading
from pathlib import Path

import brotli
from playwright.sync_api import Browser, sync_playwright

SITE = Path(__file__).parents[1] / "site"
WANTED = {"weight": 350_000, "paint": 1.0, "shift": 0.02, "live": 1_500_000, "pdf": 1_500_000}
VISITS = 5
#: What a reader without scripts loads: the page, its style and the fonts it uses.
SHARED = (
    *("review.css", "icon.svg"),
    *("fonts/serif.woff2", "fonts/serif-italic.woff2", "fonts/sans.woff2"),
)
OBSERVE = """
window.seen = {paint: 0, shift: 0};
new PerformanceObserver(list => { for (const entry of list.getEntries())
  seen.paint = entry.startTime }).observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => { for (const entry of list.getEntries())
  if (!entry.hadRecentInput) seen.shift += entry.value
}).observe({type: "layout-shift", buffered: true});
"""


class Server(http.server.SimpleHTTPRequestHandler):
    """Serves the site, text compressed."""

    def __init__(self, *given: object):
        super().__init__(*given, directory=str(SITE))

    def do_GET(self) -> None:
        path = Path(self.translate_path(self.path))
        if path.suffix not in (".html", ".css", ".js", ".svg") or not path.is_file():
            return super().do_GET()
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *about: object) -> None:
        pass


def weight(page: Path, squeeze) -> int:
    """Bytes of a first visit without scripts."""
    return sum(
        path.stat().st_size if path.suffix == ".woff2" else len(squeeze(path.read_bytes()))
        for path in (page, *(SITE / name for name in SHARED))
    )


def live_weight(page: Path, squeeze=bytes) -> int:
    """Bytes of Vega and of all charts of a page made live, on a desk or a phone if that is more."""
    charts = list((page.parent / "charts").glob("*.js"))
    halves = [[p for p in charts if p.stem.endswith("-narrow") == phone] for phone in (True, False)]
    sizes = [
        sum(len(squeeze(p.read_bytes())) for p in [SITE / "vega.js", *half]) for half in halves
    ]
    return max(sizes) if charts else 0


def visit(browser: Browser, address: str, width: int) -> tuple[float, float]:
    """Seconds until the largest paint, and the layout shift, of one first visit."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
    page.add_init_script(OBSERVE)
    page.goto(address, wait_until="networkidle")
    page.wait_for_timeout(500)
    seen = page.evaluate("seen")
    context.close()
    return seen["paint"] / 1000, seen["shift"]


def timed(pages: list[Path]) -> dict[Path, tuple[float, float]]:
    """Largest paint and shift of each page: the worse of desk and phone."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("Chromium is not installed: no times")
        return {}
    found = {}
    with (
        http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as server,
        sync_playwright() as playwright,
    ):
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = playwright.chromium.launch(executable_path=chromium)
        for page in pages:
            address = f"http://127.0.0.1:{server.server_port}/{page.relative_to(SITE).as_posix()}"
            seen = [visit(browser, address, width) for width in (1440, 360) for _ in range(VISITS)]
            halves = seen[:VISITS], seen[VISITS:]
            paint = max(statistics.median(paint for paint, _ in half) for half in halves)
            found[page] = (paint, max(s[1] for s in seen))
        browser.close()
        server.shutdown()
    return found


def verdict(value: float, wanted: float) -> str:
    return " " if value <= wanted else "!"


def main() -> None:
    """Print the table."""
    if not (SITE / "index.html").exists():
        sys.exit("no site to weigh: make review")
    pages = [SITE / "index.html", *sorted(SITE.glob("20*/*/index.html"))]
    times = timed(pages)
    print(
        f"wanted (! where missed): {WANTED['weight'] // 1000} kB, {WANTED['paint']} s, "
        f"shift {WANTED['shift']}, live charts {WANTED['live'] / 1e6} MB as they are, "
        f"PDF {WANTED['pdf'] / 1e6} MB; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    print(
        f"{'page':<10} {'gzip':>8} {'brotli':>8} {'largest paint':>14} {'shift':>7} "
        f"{'live':>10} {'gzip':>8} {'PDF':>9}"
    )
    for page in pages:
        packed, tight = weight(page, gzip.compress), weight(page, brotli.compress)
        name = page.parent.relative_to(SITE).as_posix()
        name = "index" if name == "." else name
        line = f"{name:<10} {packed / 1000:>5.0f} kB{verdict(packed, WANTED['weight'])}"
        line += f" {tight / 1000:>5.0f} kB"
        if page in times:
            paint, shift = times[page]
            line += f" {paint:>11.2f} s{verdict(paint, WANTED['paint'])}"
            line += f" {shift:>6.3f}{verdict(shift, WANTED['shift'])}"
        if live := live_weight(page):
            line += f" {live / 1e6:>6.2f} MB{verdict(live, WANTED['live'])}"
            line += f" {live_weight(page, gzip.compress) / 1000:>5.0f} kB"
        for pdf in page.parent.glob("*.pdf"):
            size = pdf.stat().st_size
            line += f" {size / 1e6:>6.2f} MB{verdict(size, WANTED['pdf'])}"
        print(line)


if __name__ == "__main__":
    main()

"""Turn Vega-Lite into SVG, here or in a process where vl-convert has already started.

vl-convert carries a JavaScript engine. It takes half a second to start, and it has threads, so
that no warm fork can inherit it. Beside the warm process of a build (:mod:`bilan.forkserver`)
stand a few *drawers*, whose engine starts once. Without them a chart is drawn where it is made.
"""

import json
import os
import resource
import signal
import socket
from contextlib import suppress
from functools import cache
from multiprocessing.connection import Client, Connection
from typing import NoReturn

import vl_convert

from bilan import warm
from bilan.charts.theme import locale
from bilan.fonts import cached_fonts

_VEGALITE = "6.4"  # the version whose schema Altair 6 writes and vl-convert carries
#: What one chart may take of a drawer: seconds, and bytes beside the 2 GiB of address space that
#: the engine reserves. A drawer that goes beyond ends, and the chart's own kernel draws.
SECONDS, MEMORY = 60, 4 << 30


def svg(spec: dict, lang: str) -> str:
    """Draw a Vega-Lite chart with the review's fonts, in a language's way of writing numbers."""
    return _ask_drawer(spec, lang, _fonts()) or _draw(spec, lang, _fonts())


@cache
def _fonts() -> str:
    return str(cached_fonts() / "static")


def _draw(spec: dict, lang: str, fonts: str) -> str:
    _register(fonts)
    words = locale(lang)
    return vl_convert.vegalite_to_svg(
        spec,
        vl_version=_VEGALITE,
        allowed_base_urls=[],
        format_locale=words["number"],
        time_format_locale=words["time"],
    )


@cache
def _register(fonts: str) -> None:
    """Give vl-convert the review's fonts, so that text is measured as it is drawn."""
    vl_convert.register_font_directory(fonts)


def _ask_drawer(*request: object) -> str | None:
    if not address():
        return None
    with suppress(OSError, EOFError), Client(address(), "AF_UNIX") as drawer:
        drawer.send_bytes(json.dumps(request).encode())
        return drawer.recv_bytes().decode()
    return None


def address() -> str:
    """Return where the drawers of this build listen; nothing outside a build."""
    found = os.environ.get(warm.WARM)
    return f"{found}-draw" if found else ""


def serve(listener: socket.socket) -> NoReturn:
    """Be a drawer: draw for whoever asks, one chart after the other."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    while True:
        with Connection(listener.accept()[0].detach()) as asker:
            signal.alarm(SECONDS)
            # No answer: the asker draws by itself, and meets the fault where its reader sees it.
            with suppress(Exception):
                asker.send_bytes(_draw(*json.loads(asker.recv_bytes())).encode())
            signal.alarm(0)

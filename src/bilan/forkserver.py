"""The warm process: what a step or a kernel imports is imported once, then forked.

:func:`started` is a context: within it there is a warm process, whose address
:mod:`bilan.warm` finds in the environment. Each program it is asked for runs in a fork, in the
asker's folder and environment, with the asker's stdin, stdout and stderr, as if the asker
had started it. Two things make that safe:

- the warm process has one thread. A fork copies only the thread that forks; what another
  one held locked would stay so. Event loops, ZeroMQ and thread pools begin in the forks.
- nothing outlives what it serves. A fork ends with its connection and with the warm process,
  the warm process with the one that started it, and each clears its temporary folder.

Linux only (``pidfd_open``, ``PR_SET_PDEATHSIG``); elsewhere every program starts as usual.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bilan import warm

#: What can be asked for: name → the function that a fork calls, as ``module:function``.
PROGRAMS = {
    "bilan": "bilan.cli:app",
    "kernel": "bilan.kernels:launch_kernel",
}
#: What is imported beforehand, beside :mod:`bilan` itself. A module that is missing here only
#: costs its users time.
MODULES = (
    *("numpy.random", "pandas", "pyarrow.parquet", "scipy.optimize", "scipy.stats"),
    *("altair", "vl_convert", "pandera.pandas", "jinja2", "yaml", "typer", "rich.console"),
    *(
        "papermill",
        "papermill.translators",
        "nbclient",
        "nbformat.v4",
        "jupyter_client.asynchronous",
    ),
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.debugger"),
    *("ipykernel.kernelspec", "IPython.core.completerlib", "IPython.core.debugger"),
    *("IPython.core.oinspect", "IPython.extensions.storemagic", "faulthandler", "sqlite3"),
)
#: Settings that must stand before the imports, so that no library starts a thread (OpenBLAS a
#: pool, Arrow's jemalloc a sweeper) and none complains.
SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",  # paths and words pass through it, whatever the locale
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # debugpy's word about frozen modules
    "TZ": "UTC",  # drawers keep it, and Vega sets dates by the local clock
}
#: A socket's path has at most 107 bytes, and the sockets of a kernel add 49 to this folder.
LONGEST_PLACE = 58
PR_SET_PDEATHSIG = 1
#: Each takes some 100 MB. A notebook draws for half of its time at most.
MOST_DRAWERS = 8


@dataclass(frozen=True)
class Request:
    """What a fork is asked to become."""

    program: str
    arguments: list[str]
    cwd: str
    env: dict[str, str]
    files: list[int]


@dataclass(frozen=True)
class Fork:
    """A running fork, seen from the warm process."""

    pid: int
    pidfd: int
    connection: socket.socket

    def signal(self, signum: int) -> None:
        """Send a signal to the fork and to what it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signum)

    def obey(self) -> bool:
        """Pass on the signal that the asker sends; tell whether the asker is still there."""
        try:
            signum = int(self.connection.recv(64))
        except (OSError, ValueError):
            self.signal(signal.SIGKILL)
            return False
        self.signal(signum)
        return True

    def end(self) -> None:
        """End the fork and what it started, clear its folder and report its exit status."""
        self.signal(signal.SIGKILL)
        _, status = os.waitpid(self.pid, 0)
        shutil.rmtree(folder_of(self.pid), ignore_errors=True)
        with contextlib.suppress(OSError):
            self.connection.send(b"%d" % os.waitstatus_to_exitcode(status))
        self.close()

    def close(self) -> None:
        """Let go of the files by which the warm process follows the fork."""
        os.close(self.pidfd)
        self.connection.close()


def folder_of(pid: int) -> Path:
    """Return the temporary folder of a fork, inside that of the warm process."""
    return Path(os.environ[warm.WARM]).parent / str(pid)


# ------------------------------------------------------------------ starting and stopping


@contextlib.contextmanager
def started(log: IO[str] | None = None) -> Iterator[dict[str, str]]:
    """Keep a warm process, whose imports go on in the background.

    Parameters
    ----------
    log : file, optional
        Where it may complain.

    Yields
    ------
    dict of str to str
        What to add to the environment of those who may use it. They can ask at once; they
        are answered when the imports are done.
    """
    if sys.platform != "linux":
        yield {}
        return
    temporary = tempfile.gettempdir()
    place = temporary if len(os.fsencode(temporary)) <= LONGEST_PLACE else "/tmp"
    folder = tempfile.mkdtemp(prefix="bilan-warm-", dir=place)
    address = {warm.WARM: f"{folder}/warm"}
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(address[warm.WARM])
            listener.listen(64)
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "bilan.forkserver", str(listener.fileno())],
                env={**os.environ, **SETTINGS, **address},
                stdin=subprocess.PIPE,
                stderr=log,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        try:
            yield address
        finally:
            os.unlink(address[warm.WARM])  # tells those who wait for an answer that it is over
            process.stdin.close()
            process.terminate()
            process.wait()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep() -> None:
    """Keep a warm process for what this process starts, until it ends; start no second one.

    A job of a cluster does so: its steps can't reach the warm process of the machine that
    submitted it.
    """
    if not os.environ.get(warm.WARM):
        kept = contextlib.ExitStack()
        os.environ.update(kept.enter_context(started()))
        atexit.register(kept.close)


def die_with_parent() -> None:
    """Have the system end this process when the one that started it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


# ------------------------------------------------------------------ the warm process


def main() -> None:
    """Warm up and serve; in a fork, become what was asked for."""
    outcome = {"status": 0}
    atexit.register(_leave, outcome)  # registered first, so called last
    listener = socket.socket(fileno=int(sys.argv[1]))
    import_all()
    if threads := len(os.listdir("/proc/self/task")) - 1:
        sys.exit(f"bilan: the imports started {threads} threads, so no warm process can be forked")
    gc.freeze()
    own = os.getpid()
    drawers = start_drawers(listener)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # from here on, the end of stdin ends it
    request = serve(listener)
    if request is None:
        for pid in drawers:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        shutil.rmtree(Path(os.environ[warm.WARM]).parent, ignore_errors=True)
        return
    outcome["status"] = 1
    try:
        become(request, own)()
        outcome["status"] = 0
    except SystemExit as end:
        outcome["status"] = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise


def start_drawers(listener: socket.socket) -> list[int]:
    """Fork the processes that draw charts, one for each processor.

    They have threads of their own soon, the warm process still has none, and they end with it.
    """
    drawing = importlib.import_module("bilan.charts.drawing")
    own, drawers = os.getpid(), []
    with socket.socket(socket.AF_UNIX) as charts:
        charts.bind(drawing.address())
        charts.listen(64)
        while len(drawers) < min(os.cpu_count() or 1, MOST_DRAWERS):
            if pid := os.fork():
                drawers.append(pid)
                continue
            listener.close()
            try:
                die_with(own)
                drawing.serve(charts)
            finally:
                os._exit(1)
    return drawers


def die_with(parent: int) -> None:
    """Have the system kill this fork when the process that made it ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)  # it ended before this process could ask to be told


def _leave(outcome: dict[str, int]) -> None:
    """End at once, after everything registered for the end has run.

    Python would go on to take the imported modules apart. In a fork that copies every page
    they stand on: 0.1 s.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(outcome["status"])


def import_all() -> None:
    """Import what the forks will need.

    A module that can't be imported says so where it is used.
    """
    # jsonschema takes this one if it is there, to judge IRIs, which no notebook holds. Its
    # grammars are compiled at import: two seconds, half of all that is imported here.
    sys.modules["rfc3987_syntax"] = None
    package = importlib.import_module("bilan")
    found = pkgutil.walk_packages(package.__path__, "bilan.", onerror=lambda name: None)
    ours = [module.name for module in found]
    for name in (*MODULES, *ours):
        if not name.endswith(("__main__", "forkserver")):
            with contextlib.suppress(Exception):
                importlib.import_module(name)
    del sys.modules["rfc3987_syntax"]
    with contextlib.suppress(Exception):
        nbformat = importlib.import_module("nbformat")
        nbformat.validate(nbformat.v4.new_notebook())  # compiles the schema: 0.1 s


def serve(listener: socket.socket) -> Request | None:
    """Fork for every request.

    Returns
    -------
    Request or None
        In each fork, what it is to become; in the warm process ``None``, once the process
        that started it has ended.
    """
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            key, _ = selector.select()[0]
            if key.fileobj is listener:
                new = _accept(listener)
                if isinstance(new, Request):
                    _forget(_forks(selector), listener)
                    return new
                for file in (new.connection, new.pidfd) if new else ():
                    selector.register(file, selectors.EVENT_READ, new)
            elif key.fileobj is sys.stdin:
                for fork in _forks(selector):
                    fork.end()
                return None
            elif key.fileobj is key.data.connection:
                if not key.data.obey():
                    selector.unregister(key.fileobj)
            else:
                for file in (key.data.pidfd, key.data.connection):
                    with contextlib.suppress(KeyError):
                        selector.unregister(file)
                key.data.end()


def _accept(listener: socket.socket) -> Request | Fork | None:
    """Read a request and fork: a `Request` in the fork, a `Fork` in the warm process."""
    connection, _ = listener.accept()
    connection.settimeout(5)
    try:
        message, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
        request = Request(**json.loads(message), files=files)
        pid = os.fork()
    except (OSError, ValueError, TypeError):
        connection.close()
        return None
    if not pid:
        connection.close()
        return request
    for file in files:
        os.close(file)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)  # the fork does so too: whoever comes first
    with contextlib.suppress(OSError):
        connection.send(b"%d" % pid)
    return Fork(pid, os.pidfd_open(pid), connection)


def _forks(selector: selectors.BaseSelector) -> set[Fork]:
    return {key.data for key in selector.get_map().values() if key.data}


def _forget(forks: set[Fork], listener: socket.socket) -> None:
    """Close in a new fork what belongs to the warm process."""
    listener.close()
    for fork in forks:
        fork.close()


# ------------------------------------------------------------------ a fork


def become(request: Request, parent: int) -> Callable[[], object]:
    """Give a fork its own group, files, folder, environment and chance.

    Returns
    -------
    callable
        The program that was asked for.
    """
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    die_with(parent)
    folder = folder_of(os.getpid())
    folder.mkdir(mode=0o700)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for file, number in zip(request.files, (0, 1, 2), strict=True):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(request.env)
    os.environ.update(TMPDIR=str(folder), JUPYTER_RUNTIME_DIR=str(folder))
    tempfile.tempdir = None
    os.chdir(request.cwd)
    importlib.import_module("numpy").random.seed()  # `random` does so by itself
    sys.argv = [request.program, *request.arguments]
    module, function = PROGRAMS[request.program].split(":")
    return getattr(importlib.import_module(module), function)


if __name__ == "__main__":
    main()

"""Ask the warm process to run a program, when there is one.

The workflow keeps one process in which pandas, Altair, SciPy, Papermill and IPython are
already imported (:mod:`bilan.forkserver`). A step or a kernel becomes a fork of it
and starts at once. This is the asking side. It imports the standard library only, and
little of that, because every step of the workflow pays for it.

Each program has one connection, and lives no longer than it: the messages are the request
with the asker's stdin, stdout and stderr, then its process id, then its exit status. What
the asker sends meanwhile are signals. A connection that closes ends the program.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping, Sequence

#: Names the environment variable that holds the address of the warm process.
WARM = "BILAN_WARM"
#: Longest answer to a request: the imports may still be under way. In seconds.
PATIENCE = 60


class Process:
    """A program in a fork of the warm process, used as one uses ``subprocess.Popen``.

    Attributes
    ----------
    pid : int
    returncode : int or None
        Exit status, negative for a signal, ``None`` while it runs.
    """

    stdin = stdout = stderr = None

    def __init__(self, connection: socket.socket, pid: int, returncode: int | None = None):
        self._connection, self.pid, self.returncode = connection, pid, returncode

    def poll(self) -> int | None:
        """Return the exit status, or ``None`` if it still runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end and return the exit status."""
        if self._ended(timeout) is None:
            raise TimeoutError(f"process {self.pid} still runs after {timeout} s")
        return self.returncode

    def send_signal(self, signum: int) -> None:
        """Send a signal to the program and to what it started."""
        if self.poll() is None:
            self._connection.settimeout(None)
            self._connection.send(b"%d" % signum)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(15)

    def kill(self) -> None:
        """End it."""
        self.send_signal(9)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._connection.settimeout(timeout)
            try:
                # No status: the warm process was killed, and all its forks with it.
                self.returncode = int(self._connection.recv(64) or -9)
            except (BlockingIOError, TimeoutError):
                return None
            except ConnectionError:
                self.returncode = -9
            self._connection.close()
        return self.returncode


def start(
    program: str,
    arguments: Sequence[str],
    cwd: str | os.PathLike | None = None,
    env: Mapping[str, str] | None = None,
) -> Process | None:
    """Start a program in a fork of the warm process.

    Parameters
    ----------
    program : str
        A name in :data:`bilan.forkserver.PROGRAMS`.
    arguments : sequence of str
        Its command line.
    cwd, env
        Its folder and environment; those of this process by default.

    Returns
    -------
    Process or None
        ``None`` if there is no warm process, or it does not answer: the caller then does
        what it would have done without.
    """
    address = os.environ.get(WARM)
    if not address:
        return None
    request = {
        "program": program,
        "arguments": list(arguments),
        "cwd": os.fspath(cwd or os.getcwd()),
        "env": dict(os.environ if env is None else env),
    }
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        connection.settimeout(PATIENCE)
        connection.connect(address)
    except OSError:
        connection.close()
        return None
    try:
        socket.send_fds(connection, [json.dumps(request).encode()], [0, 1, 2])
        pid = int(connection.recv(64))
    except (OSError, ValueError):
        connection.close()
        if os.path.exists(address):
            return None  # it can't warm up
        return Process(connection, 0, returncode=-9)  # the workflow has ended, and so does this
    return Process(connection, pid)


def run(program: str, arguments: Sequence[str]) -> int | None:
    """Run a program in a fork of the warm process and wait for it.

    Returns
    -------
    int or None
        Its exit status as a shell gives it, or ``None`` if there is no warm process.
    """
    process = start(program, arguments)
    if process is None:
        return None
    try:
        status = process.wait()
    except KeyboardInterrupt:  # the connection closes with this process, and ends the program
        return 130
    if status < 0:
        print(f"{program} {' '.join(arguments)}: killed by signal {-status}", file=sys.stderr)
    return status if status >= 0 else 128 - status

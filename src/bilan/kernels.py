"""A Papermill engine whose kernels are forked from the warm process.

``papermill --engine warm`` runs a notebook as plain Papermill does, in an ordinary IPython
kernel of its own; only the kernel's start differs. Without a warm process it *is* plain
Papermill.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import sys
import time
import uuid
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from jupyter_core.paths import jupyter_runtime_dir
from papermill.engines import NBClientEngine

from bilan import warm

#: How a kernel spec starts Python's kernel: ``python -m ipykernel_launcher …``.
LAUNCHER = "ipykernel_launcher"
#: A kernel follows its parent's life by this setting; 1 means that it need not.
UNWATCHED = "--IPKernelApp.parent_handle=1"
#: How often to look, every 10 ms, whether a kernel that was asked to end has done so.
CLOSE_LOOKS = 30
#: A socket's path has at most 107 bytes.
LONGEST_FILE = 104


class WarmProvisioner(LocalProvisioner):
    """Provide a kernel by a fork of the warm process, or else by a new process."""

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> dict:
        """Launch a kernel."""
        process = None
        if cmd[0] == sys.executable and LAUNCHER in cmd:
            arguments = cmd[cmd.index(LAUNCHER) + 1 :]
            process = warm.start(
                "kernel", [*arguments, UNWATCHED], kwargs.get("cwd"), kwargs.get("env")
            )
        if process is None:
            return await super().launch_kernel(cmd, **kwargs)
        self.process, self.pid, self.cwd = process, process.pid, kwargs.get("cwd")
        return self.connection_info

    async def shutdown_requested(self, restart: bool = False) -> None:
        """Watch for the end, which comes at once; jupyter_client looks every 0.1 s."""
        for _ in range(CLOSE_LOOKS):
            if await self.poll() is not None:
                return
            await asyncio.sleep(0.01)

    async def send_signal(self, signum: int) -> None:
        """Send a signal, but no interrupt to a kernel that is about to end anyway.

        jupyter_client interrupts before it asks for the shutdown. That races with the end of
        the last message in ipykernel, whose event loop can be left hanging.
        """
        if signum != signal.SIGINT or not self.parent.shutting_down:
            await super().send_signal(signum)


class WarmClient(AsyncKernelClient):
    """Talk to a kernel, ready as soon as both of its channels have answered.

    The usual client then waits another 0.2 s for what may still come; nbclient, which takes
    messages by the cell they belong to, needs no such silence.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, at most `timeout` seconds."""
        last = time.monotonic() + (timeout or float("inf"))
        while time.monotonic() < last:
            request = self.kernel_info()
            with suppress(Empty):
                await self.get_shell_msg(timeout=1)
                while not _idle_after(request, await self.get_iopub_msg(timeout=0.2)):
                    pass
                return
            if not await self.is_alive():
                raise RuntimeError("Kernel died before it answered")
        raise RuntimeError(f"Kernel did not answer in {timeout} s")


def _idle_after(request: str, message: dict) -> bool:
    """Tell whether a message says that the kernel is done with a request."""
    state = message["content"].get("execution_state")
    return state == "idle" and message["parent_header"].get("msg_id") == request


class WarmKernelManager(AsyncKernelManager):
    """Manage a warm kernel through sockets in a private folder, so that no ports collide."""

    def __init__(self, **kwargs: Any):
        folder = Path(jupyter_runtime_dir())
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = str(folder / f"k-{uuid.uuid4().hex[:12]}.json")  # the sockets are named after it
        transport = "ipc" if len(os.fsencode(file)) < LONGEST_FILE else "tcp"
        super().__init__(
            connection_file=file, transport=transport, client_factory=WarmClient, **kwargs
        )
        self.provisioner = WarmProvisioner(kernel_spec=self.kernel_spec, parent=self)


class WarmEngine(NBClientEngine):
    """Papermill's own engine with warm kernels."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **kwargs: Any) -> Any:
        """Execute a notebook, and write its copy once, at the end or when it is cut short.

        Papermill would check and write all of it before and after every cell.
        """
        save, nb_man.save = nb_man.save, lambda **_: None
        try:
            return super().execute_managed_notebook(
                nb_man, kernel_name, kernel_manager_class=WarmKernelManager, **kwargs
            )
        except Exception:
            save()
            raise


def launch_kernel() -> None:
    """Be a kernel: what the warm process calls in a fork."""
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize()
    # At the end, first the thread that says so. In ipykernel's own order the thread through
    # which it speaks may be gone by then, and it waits ten seconds for that one's answer.
    atexit.register(_stop, app.control_thread)
    app.start()


def _stop(thread: Any) -> None:
    if thread.is_alive():
        thread.stop()
        thread.join()

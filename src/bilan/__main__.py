"""Run the command line with ``python -m bilan``, in the warm process where there is one."""

import sys

from bilan import warm

if (status := warm.run("bilan", sys.argv[1:])) is None:
    from bilan.cli import app

    app()
sys.exit(status)

"""Run the command line with ``python -m bilan``."""

from bilan.cli import app

app()

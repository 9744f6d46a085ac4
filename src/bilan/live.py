"""What makes a page's charts live: Vega, once for the whole site, and what each chart draws.

Both are scripts that define one thing: a page opened from a folder may load scripts, not JSON.
"""

from __future__ import annotations

import json
from pathlib import Path

#: The specification of a chart among a notebook's outputs.
VEGALITE_MIME = "application/vnd.vegalite.v6+json"
LICENCE = """\
/*! Vega {vega}, Vega-Lite {lite} and Vega-Embed {embed}, bundled by vl-convert {convert}.
Copyright (c) 2015-2026, University of Washington Interactive Data Lab and contributors.
Redistribution and use in source and binary forms, with or without modification, are permitted under
the terms of the BSD 3-Clause Licence, https://opensource.org/license/bsd-3-clause. THIS SOFTWARE IS
PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED WARRANTIES ARE
DISCLAIMED. IN NO EVENT SHALL THEY BE LIABLE FOR ANY DAMAGES ARISING IN ANY WAY OUT OF ITS USE. */
"""


def make_vega(path: Path) -> Path:
    """Write the bundle that vl-convert carries: it defines ``vegaEmbed`` and nothing else."""
    import vl_convert

    licence = LICENCE.format(
        vega=vl_convert.get_vega_version(),
        lite=vl_convert.get_vegalite_versions()[-1],
        embed=vl_convert.get_vega_embed_version(),
        convert=vl_convert.__version__,
    )
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{licence}(() => {{\n{bundle}\n}})();\n", "utf-8", newline="\n")
    return path


def charts(notebooks: Path) -> dict[str, str]:
    """Return by name the scripts that define the charts of an edition.

    ``fig-x`` is the chart of a wide page, ``fig-x-narrow`` that of a phone.
    """
    scripts = {}
    for path in sorted(notebooks.glob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                about = output.get("metadata", {}).get("bilan", {})
                if "narrow_spec" in about:
                    wide, narrow = about["label"], f"{about['label']}-narrow"
                    scripts[wide] = _define(wide, output["data"][VEGALITE_MIME])
                    scripts[narrow] = _define(narrow, about["narrow_spec"])
    return scripts


def _define(name: str, spec: dict) -> str:
    value = json.dumps(spec, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return f"liveCharts[{json.dumps(name)}]={value};\n"

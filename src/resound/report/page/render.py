"""Page as one file: text, data, scripts, pictures and sound, within its budget."""

import base64
import gzip
import json
import os
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml
from jinja2 import Environment, StrictUndefined, select_autoescape
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from resound import store
from resound.errors import ReportError
from resound.report.page import sounds
from resound.report.page.clips import Clips
from resound.report.page.contents import Contents, gather
from resound.report.page.results import Results

MEGABYTE = 1_000_000
# In the order in which they are read: each may use what stands before it.
SCRIPTS = (
    "dom.js",
    "theme.js",
    "audio.js",
    "clips.js",
    "table.js",
    "charts.js",
    "overview.js",
    "map.js",
    "explorer.js",
    "mistakes.js",
    "classes.js",
    "main.js",
)
# What other pages of the package share stands first.
STYLES = ("base.css", "page.css")
ASSETS = resources.files("resound.report.page") / "assets"
# Bytes kept free for the sentence that says how many clips have sound.
MARGIN = 200


def write_page(
    path: store.AnyPath,
    results: Results,
    options: Mapping[str, Any],
    *,
    data_root: store.AnyPath,
    n_threads: int = 1,
) -> None:
    """Write the page of a run, and as much of its sound as the budget allows.

    Parameters
    ----------
    path : path
        The HTML file.
    results : Results
        What it shows.
    options : mapping
        The config's block ``report``.
    data_root : path
        The folder of the clips, which ``audio: link`` refers to relative to the page.
    n_threads : int
        Threads that encode sound.

    Raises
    ------
    ReportError
        When the page without any sound is larger than its budget.
    """
    contents = gather(results, options)
    if options["audio"] == "link":
        contents.data["links"] = _links(path, data_root, contents.clips)
    html = _html(contents, results, options, {})
    budget = _budget(html, options)
    if options["audio"] == "embed":
        found = sounds.within(
            budget,
            contents.sound_order,
            contents.clips,
            store.open_array(results.waveforms, verify=False),
            options["kbps"],
            n_threads=n_threads,
        )
        html = _html(contents, results, options, found)
    store.write_text(path, html)


def _budget(html: str, options: Mapping[str, Any]) -> int:
    """Return how many bytes are left for sound beside a page without any."""
    size = len(html.encode())
    left = int(options["max_mb"] * MEGABYTE) - size - MARGIN
    if left < 0:
        raise ReportError(
            f"the page without any sound takes {size / MEGABYTE:.1f} MB, more than "
            f"report.max_mb: {options['max_mb']}; raise it in config.yaml, or lower "
            "report.queries_per_class, report.top_k or report.mistakes"
        )
    return left


def _html(
    contents: Contents, results: Results, options: Mapping[str, Any], found: Mapping[int, str]
) -> str:
    environment = Environment(
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    template = environment.from_string(_asset("page.html.j2"))
    return template.render(
        **contents.view,
        options=options,
        config=yaml.safe_dump(dict(results.config), sort_keys=False, allow_unicode=True),
        dataset=results.config["dataset"],
        style=Markup("\n".join(map(_asset, STYLES))),
        script=Markup("\n".join(map(_asset, SCRIPTS))),
        data=Markup(script_json(contents.data)),
        sheets=contents.sheets,
        plotly=Markup(plotly_bundle()),
        n_sounds=len(found),
        sounds=Markup("".join(found.values())),
    )


def script_json(data: Any) -> str:
    r"""Return data as JSON that may stand inside a script element, whatever its texts hold.

    Examples
    --------
    >>> script_json({"text": "</script>"})
    '{"text":"\\u003c/script\\u003e"}'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def plotly_bundle() -> str:
    """Return plotly's script, packed with gzip, in base64: 2 MB instead of 4.8."""
    packed = gzip.compress(get_plotlyjs().encode(), mtime=0)
    return base64.b64encode(packed).decode("ascii")


def _links(path: store.AnyPath, data_root: store.AnyPath, clips: Clips) -> list[str]:
    """Return the clips' own files as addresses relative to the page."""
    folder = Path(os.path.relpath(data_root, Path(path).parent))
    return [quote((folder / file).as_posix()) for file in clips.frame["file"]]


def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")

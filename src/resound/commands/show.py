"""``resound show``: the page of an experiment."""

import argparse
import webbrowser
from pathlib import Path

from resound.commands.configs import add_config, making, read_config
from resound.errors import ReportError

PAGE = "report/index.html"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    parser.add_argument(
        "--print", action="store_true", help="say where the page is, and open no browser"
    )
    add_config(parser)


def run(arguments: argparse.Namespace) -> int:
    """Open the page in the browser, and say where it is."""
    config = read_config(arguments)
    page = Path(config["results_dir"], PAGE)
    if not page.is_file():
        command = making(page.parent, arguments)
        raise ReportError(f"{page}: there is no page yet; `{command}` makes it")
    print(page)
    if not arguments.print and not webbrowser.open(page.resolve().as_uri()):
        print("No browser can be opened here: open the file in one yourself.")
    return 0

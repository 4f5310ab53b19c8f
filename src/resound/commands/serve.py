"""``resound serve``: a page to search one's own recordings, mark hits and teach by them."""

import argparse

from resound.commands.sounds import add_index, add_method, opened, threads_of, told

ANY_PORT = 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command can be told."""
    add_index(parser)
    parser.add_argument(
        "--port", type=int, default=ANY_PORT, metavar="N", help="of 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="say where the page is, and open no browser"
    )
    add_method(parser)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until it is interrupted."""
    from resound.serving.server import serve

    index, method = opened(arguments)

    def ready(address: str) -> None:
        print(address, flush=True)
        told("Only this machine can reach the page. Press Ctrl+C to end.")

    serve(
        index,
        method,
        port=arguments.port,
        browser=not arguments.no_browser,
        n_threads=threads_of(arguments),
        ready=ready,
    )
    return 0

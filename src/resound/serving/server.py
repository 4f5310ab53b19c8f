"""Server: the page on a port of the loopback address, until it is interrupted."""

import socket
import threading
import webbrowser
from collections.abc import Callable

import uvicorn

from resound.errors import ParameterError, RunError
from resound.searching.index import Index
from resound.searching.methods import Method
from resound.serving.app import make_app
from resound.serving.service import Service

LOOPBACK = "127.0.0.1"
PORTS = range(65_536)
# Answers that are under way when it is interrupted have so many seconds.
GRACE_SECONDS = 2


def serve(
    index: Index,
    method: Method,
    *,
    port: int,
    browser: bool,
    n_threads: int,
    ready: Callable[[str], None],
) -> None:
    """Serve the page of an index, to this machine alone, until it is interrupted.

    Parameters
    ----------
    index : Index
        Which is searched.
    method : Method
        That of the index.
    port : int
        0: one that is free.
    browser : bool
        Whether to open the page in the browser.
    n_threads : int
        Threads to compute on, for each request.
    ready : callable
        Is told the page's address once it can be asked for.

    Raises
    ------
    ParameterError
        When there can be no such port.
    RunError
        When the port is taken, or not to be had.
    """
    with _listening(port) as listener:
        port = listener.getsockname()[1]
        service = Service(index, method, n_threads=n_threads)
        config = uvicorn.Config(
            make_app(service, port),
            lifespan="off",
            ws="none",
            access_log=False,
            log_level="warning",
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        address = f"http://{LOOPBACK}:{port}/"
        ready(address)
        threading.Thread(target=service.prepare, daemon=True).start()
        if browser:
            # A browser of the terminal would keep the server waiting.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()
        try:
            uvicorn.Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            return


def _listening(port: int) -> socket.socket:
    """Return a socket that requests wait at from now on."""
    if port not in PORTS:
        raise ParameterError(f"port={port} must be from 0, a free one, to {PORTS.stop - 1}")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((LOOPBACK, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise RunError(
            f"{LOOPBACK}:{port}: {error.strerror}; name another port: --port <number>"
        ) from error
    return listener

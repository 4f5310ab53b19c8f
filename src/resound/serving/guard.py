"""Guard: which requests the page's server answers at all, and what every answer carries.

The server listens on the loopback address, which any page that is open in a browser of this
machine can make requests to. So a request is refused

- whose ``Host`` is not this server by the name of this machine: a name of somebody's that was made
  to point here gets nothing;
- that a browser sends for another page: by ``Sec-Fetch-Site``, and by ``Origin`` where it changes
  something;
- whose body is larger than it may be, before it is read where its length is told.

What is answered may load nothing but what this server holds, and may stand in no frame.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HOSTS = ("127.0.0.1", "localhost", "[::1]")
HTTP_PORT = 80
MEGABYTE = 2**20
UPLOAD = "/api/search"
MOST_UPLOADED = 64 * MEGABYTE
MOST_OTHERWISE = 64 * 2**10
SAFE_METHODS = ("GET", "HEAD")
SAME_SITE = ("same-origin", "none")
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; form-action 'none'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}


class Guard:
    """Middleware that refuses what is not the page's own.

    Parameters
    ----------
    app : ASGIApp
        Which answers the rest.
    port : int
        On which this machine's browsers find the server.
    """

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._hosts = {f"{host}:{port}" for host in HOSTS}
        if port == HTTP_PORT:
            self._hosts |= {*HOSTS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            raise RuntimeError(f"the server speaks HTTP alone, not {scope['type']}")
        limit = MOST_UPLOADED if scope["path"] == UPLOAD else MOST_OTHERWISE
        refusal = self._refusal(scope, limit)
        app = self._app if refusal is None else refusal
        await app(scope, _counted(receive, limit), _with_headers(send))

    def _refusal(self, scope: Scope, limit: int) -> JSONResponse | None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return _refused(421, "this server answers to 127.0.0.1 and its own port alone")
        page = scope["method"] == "GET" and scope["path"] == "/"
        site = headers.get("sec-fetch-site", "none")
        if site not in SAME_SITE and not page:
            return _refused(403, "another page asked; open this server's own page")
        origin = headers.get("origin")
        changes = scope["method"] not in SAFE_METHODS
        if changes and origin is not None and origin.lower() != f"http://{hosts[0].lower()}":
            return _refused(403, "another page asked; open this server's own page")
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length) > limit:
            return _refused(413, too_large(limit))
        return None


def too_large(limit: int) -> str:
    """Say that a body is too large, and what to do.

    >>> too_large(64 * MEGABYTE)
    'more than 64 MB; cut out the stretch that counts, or index the sound and search from there'
    """
    size = f"{limit // MEGABYTE} MB" if limit >= MEGABYTE else f"{limit // 2**10} kB"
    hint = "cut out the stretch that counts, or index the sound and search from there"
    return f"more than {size}; {hint}"


def _refused(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status, headers={"Connection": "close"})


def _counted(receive: Receive, limit: int) -> Receive:
    """Return what receives a body and ends where it grows too large, whatever length was told."""
    total = 0

    async def receive_some() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            raise HTTPException(413, too_large(limit), {"Connection": "close"})
        return message

    return receive_some


def _with_headers(send: Send) -> Send:
    async def send_some(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return send_some

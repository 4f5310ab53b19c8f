"""App: the addresses of the page's server, and what answers to them.

============================================ ======================================================
``GET /``, ``/assets/<name>``                the page and what it is made of
``GET /api/about``, ``/api/names``           the index; the names that have marks, and the heads
``POST /api/search?name&from&to&head&k``     hits of the recording that is the body
``POST /api/place``                          hits of a place of a sound of the index
``POST /api/words``, ``/api/more``           hits of words; more hits of a query
``GET /api/query/<query>.png``               the spectrogram of a query
``GET /api/sound/<number>.wav?from&to``      a stretch of a sound of the index
``GET /api/sound/<number>.png?from&to``      its spectrogram
``POST /api/mark``, ``/api/forget``          a mark, and none any more under a name
``POST /api/rank``, ``/api/head``            the order that marks teach; a head, saved
``GET /api/marks.csv?head``                  the marks under a name
============================================ ======================================================

What is asked for wrongly is answered by JSON with one sentence, `error`.
"""

import json
import math
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from importlib import resources
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from resound.audio.reading import UnreadableAudio
from resound.errors import ParameterError, ResoundError
from resound.serving.guard import Guard
from resound.serving.service import HITS, UNNAMED, Service
from resound.serving.sounds import NotFound, file_of, heard, reason, seen

Answer = Callable[[Request], Awaitable[Response]]

PAGE = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# The theme is that of the page of an experiment.
ASSETS = ("resound.serving", "resound.report.page")
SHARED = ("base.css",)
LONGEST_TITLE = 120


def make_app(service: Service, port: int) -> ASGIApp:
    """Return the app of a service that is found on a port of this machine."""
    assets = _assets()

    async def page(_: Request) -> Response:
        return assets[PAGE]

    async def asset(request: Request) -> Response:
        found = assets.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "there is no such file")
        return found

    routes = [
        Route("/", page),
        Route("/assets/{name}", asset),
        *(Route(path, answer, methods=[method]) for method, path, answer in _answers(service)),
    ]
    handlers: dict[Any, Any] = {
        ResoundError: _told,
        HTTPException: _refused,
    }
    return Guard(Starlette(routes=routes, exception_handlers=handlers), port)


def _answers(service: Service) -> list[tuple[str, str, Answer]]:
    posts: dict[str, Callable[[dict[str, Any]], Any]] = {
        "/api/place": lambda asked: service.search_place(
            _whole(asked, "number"),
            start=_seconds(asked, "start"),
            stop=_seconds(asked, "end"),
            head=_text(asked, "head"),
            k=_whole(asked, "k"),
        ),
        "/api/words": lambda asked: service.search_words(
            _text(asked, "text"), head=_text(asked, "head"), k=_whole(asked, "k")
        ),
        "/api/more": lambda asked: service.more(
            _text(asked, "query"), head=_text(asked, "head"), k=_whole(asked, "k")
        ),
        "/api/mark": lambda asked: service.mark(
            _text(asked, "head"),
            _whole(asked, "number"),
            _seconds(asked, "start"),
            _seconds(asked, "end"),
            _text(asked, "mark"),
        ),
        "/api/forget": lambda asked: service.forget(_text(asked, "head")),
        "/api/rank": lambda asked: service.rank(
            _text(asked, "head"), _query(asked), k=_whole(asked, "k")
        ),
        "/api/head": lambda asked: service.save(
            _text(asked, "head"), _text(asked, "name"), _query(asked)
        ),
    }
    return [
        ("POST", "/api/search", _search(service)),
        *(("POST", path, _post(verb)) for path, verb in posts.items()),
        ("GET", "/api/about", _get(lambda _: JSONResponse(service.about()))),
        ("GET", "/api/names", _get(lambda _: JSONResponse(service.names()))),
        ("GET", "/api/query/{query}.png", _get(lambda request: _picture_of(service, request))),
        ("GET", "/api/sound/{number:int}.wav", _get(lambda request: _heard(service, request))),
        ("GET", "/api/sound/{number:int}.png", _get(lambda request: _seen(service, request))),
        ("GET", "/api/marks.csv", _get(lambda request: _marks(service, request))),
    ]


def _search(service: Service) -> Answer:
    async def answer(request: Request) -> Response:
        given = request.query_params
        title = PurePath(given.get("name", "")).name[:LONGEST_TITLE] or "the sound"
        times = {key: _number(given[key]) for key in ("from", "to") if key in given}
        start = _seconds(times, "from") if "from" in times else 0.0
        stop = _seconds(times, "to") if "to" in times else None
        head, k = given.get("head", UNNAMED), _whole({"k": _number(given.get("k", HITS))}, "k")

        def verb(path: str) -> dict[str, Any]:
            return service.search_file(path, title, start=start, stop=stop, head=head, k=k)

        async with _received(request) as path:
            return JSONResponse(await run_in_threadpool(verb, path))

    return answer


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[str]:
    """Write the body to a file, piece by piece, which goes with the request."""
    with tempfile.NamedTemporaryFile(prefix="resound-") as file:
        async for piece in request.stream():
            file.write(piece)
        file.flush()
        yield file.name


def _post(verb: Callable[[dict[str, Any]], Any]) -> Answer:
    async def answer(request: Request) -> Response:
        body = await request.body()
        try:
            asked = json.loads(body)
        except ValueError as error:
            raise ParameterError("the body must be JSON") from error
        if not isinstance(asked, dict):
            raise ParameterError("the body must be an object of JSON")
        return JSONResponse(await run_in_threadpool(verb, asked))

    return answer


def _get(verb: Callable[[Request], Response]) -> Answer:
    async def answer(request: Request) -> Response:
        return await run_in_threadpool(verb, request)

    return answer


def _picture_of(service: Service, request: Request) -> Response:
    picture = service.picture_of(request.path_params["query"])
    if picture is None:
        raise NotFound("this query has no picture")
    return Response(picture, media_type="image/png")


def _heard(service: Service, request: Request) -> Response:
    path = file_of(service.index, request.path_params["number"])
    return Response(heard(path, *_stretch(request)), media_type="audio/wav")


def _seen(service: Service, request: Request) -> Response:
    path = file_of(service.index, request.path_params["number"])
    return Response(seen(path, *_stretch(request)), media_type="image/png")


def _marks(service: Service, request: Request) -> Response:
    head = request.query_params.get("head", UNNAMED)
    return Response(
        service.marks_table(head),
        media_type="text/csv",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(head)}.csv"},
    )


def _stretch(request: Request) -> tuple[float, float]:
    given = {key: _number(value) for key, value in request.query_params.items()}
    return _seconds(given, "from"), _seconds(given, "to")


def _number(text: Any) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise ParameterError(f"{name}={value!r} must be a text")
    return value


def _query(asked: dict[str, Any]) -> str | None:
    return None if asked.get("query") is None else _text(asked, "query")


def _seconds(asked: dict[str, Any], name: str) -> float:
    value = asked.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < math.inf:
        raise ParameterError(f"{name}={value!r} must be a number of seconds")
    return float(value)


def _whole(asked: dict[str, Any], name: str) -> int:
    value = asked.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or value % 1 != 0:
        raise ParameterError(f"{name}={value!r} must be a whole number")
    return int(value)


async def _told(_: Request, error: Exception) -> Response:
    status = 404 if isinstance(error, NotFound) else 422
    told = reason(error) if isinstance(error, UnreadableAudio) else str(error)
    return JSONResponse({"error": told}, status)


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=error.headers)


def _assets() -> dict[str, Response]:
    """Return the page's files by name; what is asked for is looked up, and never a path."""
    own, shared = (resources.files(room) / "assets" for room in ASSETS)
    files = [*own.iterdir(), *(shared / name for name in SHARED)]
    return {
        file.name: Response(file.read_bytes(), media_type=TYPES[PurePath(file.name).suffix])
        for file in files
        if PurePath(file.name).suffix in TYPES
    }

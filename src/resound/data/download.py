"""The download of one large file over HTTP, which goes on where it was broken off.

By hand, since pooch does not resume: its downloader, given a ``Range``, does not tell whether the
server heeded it, and with one of our own pooch would only call it and move its file.
"""

import http.client
import logging
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from resound.errors import DataError, ParameterError
from resound.jobs.progress import bar

ATTEMPTS = 5
PAUSE_SECONDS = 1.0
TIMEOUT_SECONDS = 60
BLOCK_BYTES = 2**18
HTTP_PARTIAL_CONTENT = 206
HTTP_RANGE_NOT_SATISFIABLE = 416
# An archive that is made anew may grow, but not without end.
LARGEST_GROWTH = 2

log = logging.getLogger(__name__)


def download(url: str, path: Path, *, size: int, pause: float = PAUSE_SECONDS) -> Path:
    """Download `url` to `path`, going on where an earlier attempt was cut off.

    What has arrived is kept in ``<name>.part``, with the server's validator (ETag or date) in
    ``<name>.part.tag``: only the same version of the file is resumed, by HTTP ``Range`` and
    ``If-Range``; a server that knows neither sends the whole file again.

    Parameters
    ----------
    url : str
        An ``http`` or ``https`` address.
    path : pathlib.Path
        Where the file goes when it is complete.
    size : int
        Bytes it is expected to have; more than twice as many end the download.
    pause : float
        Seconds before the second of five attempts; doubled for each further one.

    Returns
    -------
    pathlib.Path
        `path`.

    Raises
    ------
    DataError
        When no attempt got the whole file; what arrived stays for the next run.
    """
    if not url.startswith(("http://", "https://")):
        raise ParameterError(f"url={url!r} must start with http:// or https://")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    reason = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            log.warning("%s: %s; trying again", url, reason)
            time.sleep(pause * 2 ** (attempt - 1))
        try:
            _continue(url, part, size)
        except urllib.error.HTTPError as error:
            reason = f"the server answers {error.code} {error.reason}"
            if error.code == HTTP_RANGE_NOT_SATISFIABLE:
                part.unlink(missing_ok=True)
            elif error.code < http.client.INTERNAL_SERVER_ERROR:
                break
        except urllib.error.URLError as error:
            reason = str(error.reason)
            if not part.exists():
                break
        except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
            reason = f"the connection broke ({error or type(error).__name__})"
        else:
            part.replace(path)
            _tag(part).unlink(missing_ok=True)
            return path
    raise DataError(f"{url}: cannot be downloaded: {reason}")


def _continue(url: str, part: Path, size: int) -> None:
    """Fetch what `part` still lacks; raise ConnectionError when less arrives than announced."""
    request = urllib.request.Request(url, headers={"User-Agent": "resound"})
    start = part.stat().st_size if part.exists() and _tag(part).exists() else 0
    if start:
        request.add_header("Range", f"bytes={start}-")
        request.add_header("If-Range", _tag(part).read_text())
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        if not _resumes(answer, start):
            start = 0
            _keep_tag(answer, part)
        announced = answer.headers.get("Content-Length")
        end = start + int(announced) if announced else None
        with part.open("ab" if start else "wb") as file:
            _receive(answer, file, start, end, size)


def _resumes(answer: Any, start: int) -> bool:
    content_range: str = answer.headers.get("Content-Range", "")
    return bool(answer.status == HTTP_PARTIAL_CONTENT) and content_range.startswith(
        f"bytes {start}-"
    )


def _receive(answer: Any, file: Any, start: int, end: int | None, size: int) -> None:
    done, limit = start, LARGEST_GROWTH * size
    with bar(end or size, "download", "B") as advance:
        advance(start)
        while block := answer.read(BLOCK_BYTES):
            done += len(block)
            if done > limit:
                raise DataError(f"{answer.url}: sends more than {limit} bytes; expected {size}")
            file.write(block)
            advance(len(block))
    # http.client reports the missing rest of a body of known length as a normal end.
    if end is not None and done != end:
        raise ConnectionError(f"{done} of {end} bytes arrived")


def _keep_tag(answer: Any, part: Path) -> None:
    etag = answer.headers.get("ETag", "")
    validator = etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified")
    if validator:
        _tag(part).write_text(validator)
    else:
        _tag(part).unlink(missing_ok=True)


def _tag(part: Path) -> Path:
    return part.with_name(f"{part.name}.tag")

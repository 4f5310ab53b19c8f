"""Queries that the page has asked, kept so that it can ask for more by a name."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from resound.searching.asking import Query
from resound.serving.sounds import NotFound

KEPT = 64


@dataclass(frozen=True)
class Asked:
    """A query with what the page shows of it.

    Attributes
    ----------
    title : str
        The name of the file, or the words.
    query : Query
        Its vectors.
    is_sound : bool
        Whether it is a recording: words are like windows, but no window.
    picture : bytes or None
        A PNG file.
    """

    title: str
    query: Query
    is_sound: bool
    picture: bytes | None = None


class Queries:
    """The last few queries by names that cannot be guessed; safe to be used by several threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Asked] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, asked: Asked) -> str:
        """Keep a query, let go of the oldest, and return its name."""
        name = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[name] = asked
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return name

    def get(self, name: str) -> Asked:
        """Return a query; NotFound when it was let go of, or never was."""
        with self._lock:
            asked = self._kept.get(name)
            if asked is None:
                raise NotFound("this query is not known any more; ask for the sound again")
            self._kept.move_to_end(name)
            return asked

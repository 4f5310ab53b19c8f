"""Service: what the page asks for, and what it gets, as plain built-ins; knows nothing of HTTP."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from resound.audio.reading import UnreadableAudio
from resound.errors import AudioError, ParameterError
from resound.files import AnyPath
from resound.searching import heads
from resound.searching.asking import ask, of_words, read_query
from resound.searching.index import Index
from resound.searching.marks import NONE, RIGHT, WRONG, Mark, Marks, check_name
from resound.searching.methods import Method
from resound.searching.places import Place
from resound.searching.refining import FIRST_HITS, refined
from resound.serving.asked import Asked, Queries
from resound.serving.guard import MOST_UPLOADED
from resound.serving.sounds import file_of, path_of, reason, seen
from resound.serving.teaching import Teacher

Json = dict[str, Any]

HITS, MOST_HITS = 24, 480
# Marks that were given no name yet.
UNNAMED = "unnamed"


class Service:
    """An index with its method, the queries of the page, and the marks.

    Every verb may be called by several threads at once.

    Parameters
    ----------
    index : Index
        Which is searched.
    method : Method
        That of the index.
    n_threads : int
        Threads to compute on.
    """

    def __init__(self, index: Index, method: Method, *, n_threads: int = 1) -> None:
        self.index, self._method, self._threads = index, method, n_threads
        self._queries, self._marks = Queries(), Marks(index.folder)
        self._teacher = Teacher(index, method, self._marks, n_threads=n_threads)

    def about(self) -> Json:
        """Return what the page says of the index, and the names that have marks."""
        return {
            "folder": str(self.index.sounds),
            "index": str(self.index.folder),
            "windows": self.index.count(),
            "sounds": self.index.n_sounds(),
            "window": self.index.grid.window,
            "method": self._method.title,
            "words": self._method.reads_words,
            "most_bytes": MOST_UPLOADED,
            "hits": HITS,
            "most_hits": MOST_HITS,
            "unnamed": UNNAMED,
            **self.names(),
        }

    def names(self) -> Json:
        """Return the names that have marks, with how many, and those of the heads."""
        counts = self._marks.names()
        marked = [{"name": name, RIGHT: a, WRONG: b} for name, (a, b) in counts.items()]
        return {"marked": marked, "heads": heads.names(self.index)}

    def search_file(
        self, path: AnyPath, title: str, *, start: float, stop: float | None, head: str, k: int
    ) -> Json:
        """Return the hits of a recording, which is read now and not again.

        Parameters
        ----------
        path : path
            The recording; `title` is what the person calls it.
        title : str
            Its name.
        start, stop : float
            The stretch of it that counts, in seconds; to its end where `stop` is None.
        head : str
            The name under which marks are shown.
        k : int
            Hits.

        Raises
        ------
        AudioError
            When it cannot be read, or tells nothing; without its path.
        """
        query = self._read(path, title, start, stop)
        asked = Asked(title, query, is_sound=True, picture=seen(path, start, stop))
        return self._found(asked, head, k)

    def search_place(self, number: int, *, start: float, stop: float, head: str, k: int) -> Json:
        """Return the hits of a place of a sound of the index; see `search_file`."""
        path = file_of(self.index, number)
        return self.search_file(path, path.name, start=start, stop=stop, head=head, k=k)

    def search_words(self, text: str, *, head: str, k: int) -> Json:
        """Return the hits of words; see `search_file`."""
        return self._found(Asked(text, of_words(text, self._method), is_sound=False), head, k)

    def more(self, query: str, *, head: str, k: int) -> Json:
        """Return more hits of a query that was asked."""
        return self._hits(query, self._queries.get(query), head, k)

    def picture_of(self, query: str) -> bytes | None:
        """Return the picture of a query, where it has one."""
        return self._queries.get(query).picture

    def rank(self, head: str, query: str | None, *, k: int) -> Json:
        """Return the windows of the index in the order of what is learned of the marks."""
        asked = None if query is None else self._queries.get(query)
        found, unread = self._teacher.learn(check_name(head), asked, threshold=False)
        hits = self._teacher.rank(found, _checked(k))
        listed = self._listed(hits, head, "probability")
        return {"query": query, "unread": unread, **_learned(found), "hits": listed}

    def mark(self, head: str, number: int, start: float, end: float, mark: str) -> Json:
        """Mark a place, or take a mark back; returns `names`."""
        place = Place(path_of(self.index, number), round(start, 3), round(end, 3))
        if not 0 <= start < end:
            raise ParameterError(f"from {start:g} to {end:g} s is no place of a sound")
        self._marks.put(head, [place], mark)
        if mark != NONE:
            self._teacher.vectors([place])
        return self.names()

    def forget(self, head: str) -> Json:
        """Take all marks under a name back; returns `names`."""
        self._marks.put(head, [mark.place for mark in self._marks.of(head)], NONE)
        return self.names()

    def save(self, head: str, name: str, query: str | None) -> Json:
        """Save what is learned of the marks under a name, which marks without a name then get."""
        check_name(name)
        if name == UNNAMED:
            raise ParameterError(f"name={name!r} stands for marks without a name; choose another")
        if head not in (UNNAMED, name):
            raise ParameterError(f"the marks are those of {head!r}; save them by this name")
        asked = None if query is None else self._queries.get(query)
        if head == UNNAMED:
            # Nothing gets a name that nothing can be learned of.
            self._teacher.learn(UNNAMED, asked, threshold=False)
            self._marks.rename(UNNAMED, name)
        found, unread = self._teacher.learn(name, asked, threshold=True)
        path = heads.save(self.index, name, found)
        told = {"file": str(path), "unread": unread, "threshold": found.threshold}
        return {**told, **_learned(found), **self.names()}

    def marks_table(self, head: str) -> str:
        """Return the marks under a name as CSV."""
        return self._marks.table(check_name(head), self.index.sounds)

    def prepare(self) -> None:
        """Read the windows before they are asked for."""
        self._teacher.prepare()

    def _read(self, path: AnyPath, title: str, start: float, stop: float | None) -> Any:
        def told(text: str) -> str:
            # ffmpeg writes a protocol before the path.
            for words in (f"file:{path}", str(path), Path(path).name):
                text = text.replace(words, title)
            return text

        try:
            return read_query(path, self._method, self.index.grid, start=start, stop=stop)
        except UnreadableAudio as error:
            raise AudioError(told(reason(error))) from error
        except (AudioError, ParameterError) as error:
            raise type(error)(told(str(error))) from error

    def _found(self, asked: Asked, head: str, k: int) -> Json:
        return self._hits(self._queries.put(asked), asked, head, k)

    def _hits(self, name: str, asked: Asked, head: str, k: int) -> Json:
        hits = ask(self.index, asked.query, k=max(FIRST_HITS, _checked(k)))
        if asked.is_sound and len(hits):
            grid, threads = self.index.grid, self._threads
            hits = refined(hits, asked.query, self._method, grid, n_threads=threads)
        listed = self._listed(hits.head(k), head, "similarity")
        about = {"title": asked.title, "picture": asked.picture is not None}
        return {"query": name, **about, "hits": listed}

    def _listed(self, hits: pd.DataFrame, head: str, score: str) -> list[Json]:
        marks: dict[str, list[Mark]] = {}
        for mark in self._marks.of(check_name(head)):
            marks.setdefault(mark.place.path, []).append(mark)
        listed = []
        for row in hits.to_dict("records"):
            path = PurePosixPath(Path(row["file"]).relative_to(self.index.sounds)).as_posix()
            hit = {"number": int(row["number"]), "path": path, "score": float(row[score])}
            place = Place(path, float(row["start"]), float(row["end"]))
            times = {"rank": int(row["rank"]), "start": place.start, "end": place.end}
            listed.append({**hit, **times, "mark": _mark_of(place, marks.get(path, []))})
        return listed


def _mark_of(place: Place, marks: Sequence[Mark]) -> Json | None:
    """Return the mark of a place: that of the nearest place that shares half of it or more."""
    shared = [
        (min(place.end, mark.place.end) - max(place.start, mark.place.start), mark)
        for mark in marks
    ]
    near = [pair for pair in shared if pair[0] >= (place.end - place.start) / 2]
    if not near:
        return None
    _, mark = max(near, key=lambda pair: pair[0])
    return {"mark": mark.mark, "start": mark.place.start, "end": mark.place.end}


def _learned(head: heads.Head) -> Json:
    return {RIGHT: head.right, WRONG: head.wrong, "presumed": head.presumed}


def _checked(k: int) -> int:
    if not 1 <= k <= MOST_HITS:
        raise ParameterError(f"k={k!r} must be from 1 to {MOST_HITS} hits")
    return k

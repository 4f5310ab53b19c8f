"""Refining: the first hits at the places between windows where they are most like the query.

Windows begin at multiples of the hop, and what is looked for somewhere between. So the sound around
each of the first hits is read again and its vectors are made at steps of a quarter of the hop, up
to half a hop before and after; the hit moves to the best of them. Its similarity is that of the
place where it is shown, and never smaller than before.
"""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pandas as pd

from resound.audio.reading import UnreadableAudio, count_samples
from resound.searching.asking import Query
from resound.searching.decoding import open_sound, whole
from resound.searching.methods import Method
from resound.searching.places import MARGIN
from resound.searching.windows import Grid

Float32 = npt.NDArray[np.float32]

FIRST_HITS = 20
STEPS = (-0.5, -0.25, 0.25, 0.5)  # of a hop


def refined(
    hits: pd.DataFrame,
    query: Query,
    method: Method,
    grid: Grid,
    *,
    n_threads: int = 1,
) -> pd.DataFrame:
    """Return hits at their best places, in the order of their similarities there.

    Parameters
    ----------
    hits : DataFrame
        As `resound.searching.asking.ask` returns them; the first 20 are looked at.
    query : Query
        As `resound.searching.asking.read_query` returns it.
    method : Method
        That of the index.
    grid : Grid
        Of the index.
    n_threads : int
        Threads, each of which decodes and makes vectors.

    Returns
    -------
    DataFrame
        `hits` with other places and similarities, ranked anew. A hit stays where it was when its
        sound is not there any more, or is shorter than a window and what is around it.
    """

    def best(row: tuple[str, float, float, int]) -> tuple[float, float]:
        file, start, similarity, asked = row
        found = _around(file, start, method, grid)
        better = (similarity, start)
        for place, vector in found:
            cosine = float(vector.astype(float) @ query.vectors[asked])
            better = max(better, ((1 + cosine) / 2, place), key=lambda pair: pair[0])
        return better

    rows = [*hits[["file", "start", "similarity", "asked"]].itertuples(index=False, name=None)]
    with ThreadPoolExecutor(n_threads) as pool:
        moved = [*pool.map(best, rows[:FIRST_HITS])]
    rest = [(row[2], row[1]) for row in rows[FIRST_HITS:]]
    similarity, start = (np.array(column) for column in zip(*moved, *rest, strict=True))
    # A hit that ends with its sound ends where it did.
    end = np.where(start == hits["start"], hits["end"], start + grid.window)
    ordered = hits.assign(similarity=similarity, start=start, end=end).sort_values(
        "similarity", ascending=False, kind="stable", ignore_index=True
    )
    return ordered.assign(rank=np.arange(1, len(ordered) + 1))


def _around(file: str, start: float, method: Method, grid: Grid) -> list[tuple[float, Float32]]:
    """Return places around a hit, as far as the sound goes, and the vectors (dimension,) there."""
    places = [start + step * grid.hop for step in STEPS]
    first = max(0.0, places[0])
    try:
        # A little more: a stream that is resampled may be a sample shorter than it should.
        with open_sound(file, start=first, stop=places[-1] + grid.window + MARGIN) as stream:
            waveform = whole(stream, method.sample_rate)
    except (UnreadableAudio, OSError):
        return []
    length = count_samples(grid.window, method.sample_rate)
    begins = [(place, round((place - first) * method.sample_rate)) for place in places]
    inside = [(p, b) for p, b in begins if p >= first and b + length <= len(waveform)]
    if not inside:
        return []
    vectors = method.vectors(np.stack([waveform[b : b + length] for _, b in inside]))
    return [(place, vector) for (place, _), vector in zip(inside, vectors, strict=True)]

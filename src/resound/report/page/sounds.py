"""Clips as compressed sound inside the page, as many as its budget allows."""

import base64
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from resound.jobs.progress import track
from resound.report.page.clips import Clips
from resound.report.page.hits import Hits
from resound.store import StoredArray

OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
HIGHEST_RATE = 24_000  # Hz; at the bitrates of a page more is not heard
# libsndfile turns its compression level into kilobits a second: 256 at 0, 6 at 1.
MOST_KBPS, LEAST_KBPS = 256, 6
CLIPS_AT_ONCE = 64
ELEMENT = '<script type="text/plain" class="sound" data-clip="{}">{}</script>\n'


def order(
    queries: Sequence[int], methods: Sequence[Hits], mistakes: Sequence[Sequence[int]], clips: Clips
) -> list[int]:
    """Return all clips in the order in which they get sound, while the budget lasts.

    First the shown queries, their hits by the best method, and the mistakes of the best classifier:
    what the page shows when it is opened. Then the first hits of the other methods, the other
    classifiers' mistakes, further hits rank by rank, and at last all other clips.

    Parameters
    ----------
    queries : sequence of int
        The queries that are shown.
    methods : sequence of Hits
        The best first.
    mistakes : sequence of sequence of int
        Misclassified clips of each classifier, of the best first.
    """
    shown = [_of_queries(hits, queries) for hits in methods]
    deepest = max((int(hits.rank.max(initial=0)) for hits in shown), default=0)
    by_rank = [_at_rank(shown, rank) for rank in range(1, deepest + 1)]
    best = [hits.hit.tolist() for hits in shown[:1]]
    opened, others = [queries, *best, *mistakes[:1]], [*by_rank[:1], *mistakes[1:], *by_rank[1:]]
    listed = [*opened, *others, range(len(clips.ids))]
    return list(dict.fromkeys(clip for part in listed for clip in part))


def _of_queries(hits: Hits, queries: Sequence[int]) -> Hits:
    asked = np.isin(hits.query, queries)
    return Hits(hits.query[asked], hits.hit[asked], hits.rank[asked], hits.score[asked])


def _at_rank(methods: Sequence[Hits], rank: int) -> list[int]:
    return [clip for hits in methods for clip in hits.hit[hits.rank == rank].tolist()]


def encode(waveform: npt.NDArray[np.float32], sample_rate: int, kbps: float) -> bytes:
    """Return a mono waveform as an Ogg file with Opus.

    Parameters
    ----------
    waveform : ndarray, shape (samples,)
        In [-1, 1]; what is beyond is clipped.
    sample_rate : int
        In Hz; `opus_rate` says what it becomes.
    kbps : float
        Kilobits a second, about: 6 to 256.

    Examples
    --------
    >>> encode(np.zeros(24_000, np.float32), sample_rate=24_000, kbps=24)[:4]
    b'OggS'
    """
    rate = opus_rate(sample_rate)
    samples = waveform if rate == sample_rate else soxr.resample(waveform, sample_rate, rate)
    level = (MOST_KBPS - kbps) / (MOST_KBPS - LEAST_KBPS)
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", rate, 1, format="OGG", subtype="OPUS", compression_level=level
    ) as sound:
        sound.write(np.clip(samples, -1, 1))
    return file.getvalue()


def opus_rate(sample_rate: int) -> int:
    """Return the rate in Hz at which Opus keeps a sound: the lowest that is not below its own.

    It is 24 kHz at most: at the bitrates of a page more is not heard.

    Examples
    --------
    >>> opus_rate(11_025), opus_rate(44_100)
    (12000, 24000)
    """
    return next((r for r in OPUS_RATES if sample_rate <= r < HIGHEST_RATE), HIGHEST_RATE)


def within(
    budget: int,
    wanted: Iterable[int],
    clips: Clips,
    waveforms: StoredArray,
    kbps: float,
    *,
    n_threads: int,
) -> dict[int, str]:
    """Encode clips in the order wanted until the next one would pass the budget.

    Parameters
    ----------
    budget : int
        Bytes of the page that all sounds together may take.
    wanted : iterable of int
        Positions of clips.

    Returns
    -------
    dict of int to str
        By position the element of the page that holds the clip's sound.
    """
    sample_rate = waveforms.spec["sample_rate"]

    def element(clip: int) -> str:
        (waveform,) = waveforms.rows([clips.ids[clip]])
        sound = base64.b64encode(encode(np.asarray(waveform), sample_rate, kbps)).decode("ascii")
        return ELEMENT.format(clip, sound)

    sounds: dict[int, str] = {}
    with ThreadPoolExecutor(n_threads) as pool:
        for clip, sound in _in_batches(pool, element, wanted):
            budget -= len(sound)
            if budget < 0:
                break
            sounds[clip] = sound
    return sounds


def _in_batches(
    pool: ThreadPoolExecutor, function: Callable[[int], str], wanted: Iterable[int]
) -> Iterator[tuple[int, str]]:
    """Yield clips with their sounds; no more than one batch is encoded in vain."""
    remaining = iter(track(list(wanted), "encode sounds", unit="clip"))
    while batch := list(islice(remaining, CLIPS_AT_ONCE)):
        yield from zip(batch, pool.map(function, batch), strict=True)

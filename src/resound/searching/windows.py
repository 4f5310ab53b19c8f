"""Windows of a sound: stretches of one length, a hop apart, of a stream that is never held whole.

Window n begins at n times the hop. The last one is the first that reaches the sound's end, or lacks
less than a hundredth of a window of it; what it is longer than the sound are zeros at its end, as
in `resound.audio.reading.load`. A sound shorter than a window is one, and so is a clip of five
seconds that a lossy format has made a few milliseconds longer.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from resound.audio.reading import count_samples, fit_length
from resound.errors import ParameterError

Float32 = npt.NDArray[np.float32]

IGNORED = 0.01  # of a window: what a sound may be longer than its last one


class Grid(NamedTuple):
    """Length of windows, and distance between the beginnings of two, in seconds."""

    window: float
    hop: float

    def checked(self) -> "Grid":
        """Return the same; raise ParameterError where a length makes no sense.

        Examples
        --------
        >>> Grid(5.0, 2.5).checked()
        Grid(window=5.0, hop=2.5)
        """
        if not (np.isfinite(self).all() and self.window > 0):
            raise ParameterError(f"window={self.window!r} must be a positive number of seconds")
        if not 0 < self.hop <= self.window:
            raise ParameterError(
                f"hop={self.hop!r} must be more than 0 and at most window={self.window!r} s, or "
                "some of each sound would lie in no window"
            )
        return self

    def start(self, position: int) -> float:
        """Return where a window begins, in seconds."""
        return position * self.hop


class Window(NamedTuple):
    """A window of a sound.

    Attributes
    ----------
    position : int
        Its number, from 0.
    waveform : ndarray of float32, shape (samples,)
        In [-1, 1].
    end : float
        Where the sound ends or, before that, the window; seconds from the sound's beginning.
    """

    position: int
    waveform: Float32
    end: float


def cut(blocks: Iterable[Float32], grid: Grid, *, sample_rate: int) -> Iterator[Window]:
    """Yield the windows of a waveform that comes in blocks.

    Parameters
    ----------
    blocks : iterable of ndarray, each of shape (samples,)
        One after the other.
    grid : Grid
        Length and hop.
    sample_rate : int
        Of the blocks, Hz.

    Yields
    ------
    Window

    Examples
    --------
    >>> blocks = [np.ones(3, np.float32), np.ones(4, np.float32)]
    >>> for window in cut(blocks, Grid(4.0, 2.0), sample_rate=1):
    ...     print(window.position, window.waveform, window.end)
    0 [1. 1. 1. 1.] 4.0
    1 [1. 1. 1. 1.] 6.0
    2 [1. 1. 1. 0.] 7.0
    """
    length = count_samples(grid.window, sample_rate)
    held, before, position, start = np.zeros(0, np.float32), 0, 0, 0
    for block in blocks:
        # What lies before the next window is let go of; `before` samples have been.
        gone = min(start - before, len(held))
        held, before = np.concatenate([held[gone:], block]), before + gone
        while before + len(held) >= start + length:
            yield Window(
                position, held[start - before :][:length].copy(), (start + length) / sample_rate
            )
            position += 1
            start = round(grid.start(position) * sample_rate)
    total = before + len(held)
    covered = round(grid.start(position - 1) * sample_rate) + length if position else 0
    if position == 0 < total or total - covered >= IGNORED * length:
        yield Window(position, fit_length(held[start - before :], length), total / sample_rate)

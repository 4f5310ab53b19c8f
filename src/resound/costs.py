"""What an experiment costs before anything of it has run: pairs, cells, bytes and jobs.

Counts follow from the config and the number of clips alone; seconds are counts over a rate that was
measured. The rules ask a cluster for time by it, and `docs/scaling.md` plans by it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

FLOAT32_BYTES = 4


def n_frames(duration: float, setting: Mapping[str, Any]) -> int:
    """Return the frames of a clip of `duration` seconds; 1 for a setting without frames.

    Clips are padded by half a frame on both sides, so they have ``1 + samples // hop_length``
    frames for an even `n_fft`.
    """
    if "hop_length" not in setting:
        return 1
    hop_length: int = setting["hop_length"]
    samples: int = round(duration * setting["sample_rate"]) - setting["n_fft"] % 2
    return 1 + samples // hop_length


class Workload(NamedTuple):
    """The comparison of queries with a gallery by one feature.

    Attributes
    ----------
    queries, gallery : int
        Clips on either side.
    frames, dims : int
        Of the feature of a clip.
    """

    queries: int
    gallery: int
    frames: int
    dims: int

    @property
    def clips(self) -> int:
        """Clips in the bank, when none stands on both sides."""
        return self.queries + self.gallery

    @property
    def pairs(self) -> int:
        """Pairs of a query and a gallery clip."""
        return self.queries * self.gallery

    @property
    def cells(self) -> int:
        """Cells of the DTW matrices of all pairs, without a band."""
        return self.pairs * self.frames**2

    @property
    def bank_bytes(self) -> int:
        """Size of the bank of all clips."""
        return self.clips * self.frames * self.dims * FLOAT32_BYTES

    @property
    def distance_bytes(self) -> int:
        """Size of all distances, as DTW stores them."""
        return self.pairs * FLOAT32_BYTES

    def jobs(self, *, queries: int, gallery: int) -> int:
        """Return how many tiles of so many clips a side cover all pairs."""
        return -(-self.queries // queries) * -(-self.gallery // gallery)

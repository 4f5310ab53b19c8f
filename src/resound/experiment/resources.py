"""What an experiment costs before anything of it has run: pairs, cells, bytes, jobs and time.

Counts follow from the config and the number of clips alone; seconds are counts over a rate that was
measured. The rules ask a cluster for time by it, a dry run says by it how long all will take, and
`docs/scaling.md` plans by it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

FLOAT32_BYTES = 4
CLIPS = {"esc50": 2000, "esc10": 400}
CLASSES_AND_FOLDS = 10 * 5  # of the generated data set, in each of which its recordings stand
# On two cores, as measured on ESC-50's clips of 5 s. Clips that pass through a network in training,
# a second, at a hop of 1024 and 64 bins: ResNet-18, and any of the smaller networks.
CLIPS_A_SECOND = {"resnet18": 50.0}
CLIPS_A_SECOND_OF_SMALL = 100.0
# The two retrieval tables of 2000 clips, 90 jobs, took 196 s; a job that compares what a network
# made of clips costs little but its start.
SECONDS_OF_START = 1.0
SECONDS_A_CLIP = 0.0006


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


class Outlook(NamedTuple):
    """About how long the jobs of a run take on two cores.

    Attributes
    ----------
    trainings, others : sequence of float
        Seconds of each training of a network, and of each other job.
    n_unknown : int
        Jobs whose time depends on an encoder and is not foretold.
    """

    trainings: Sequence[float]
    others: Sequence[float]
    n_unknown: int = 0

    def __str__(self) -> str:
        total = sum(self.trainings) + sum(self.others)
        parts = [
            f"{duration(sum(seconds))} for {counted(len(seconds), what)}"
            for what, seconds in (("training", self.trainings), ("other job", self.others))
            if seconds
        ]
        told = f"On two cores about {duration(total)}: {', '.join(parts)}." if parts else ""
        if self.n_unknown:
            told += f" Not counted: {counted(self.n_unknown, 'job')} of pretrained encoders."
        return told.strip()


def expected_clips(config: Mapping[str, Any]) -> int:
    """Return how many clips a data set that is not there yet will have; 0 for one's own folder."""
    made: int = CLASSES_AND_FOLDS * config["synthetic"]["recordings"] * config["synthetic"]["takes"]
    return {**CLIPS, "synthetic": made}.get(config["dataset"], 0)


def training_seconds(network: str, clips: float, epochs: int) -> float:
    """Return about how long `network` is trained on so many clips, so many times, on two cores."""
    return clips * epochs / CLIPS_A_SECOND.get(network, CLIPS_A_SECOND_OF_SMALL)


def job_seconds(clips: int, of_network: bool) -> float:
    """Return what another job adds to a run on two cores, by a network's embeddings or not."""
    return SECONDS_OF_START + (0 if of_network else SECONDS_A_CLIP * clips)


def duration(seconds: float) -> str:
    """Return a time in words that claim no more than two digits: ``9 min``, ``2.5 h``, ``11 h``."""
    if seconds < 90:
        return f"{max(1, round(seconds / 10)) * 10} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 10 else f"{round(hours)} h"


def counted(n: int, what: str) -> str:
    """Return a number of things, in the plural where there are several."""
    return f"{n} {what}{'' if n == 1 else 's'}"

"""The cost of an experiment before anything of it has run: pairs, cells, bytes, jobs and time.

Counts follow from the config and the number of clips alone; seconds are counts over a rate that was
measured. The rules ask a cluster for time by it, a dry run says by it how long all will take, and
`docs/scaling.md` plans by it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from resound.experiment.config_types import Config
from resound.experiment.coordinates import Classifier, HeadTraining, NetworkTraining, Run
from resound.experiment.plan import Plan, own_recipe, recipe
from resound.experiment.specs import hardware

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
# Less than a tenth of what one thread computes: docs/scaling.md.
CELLS_A_MINUTE = 6e9
# Windows of 5 s a second and core, decoding and writing included: docs/search.md. Other encoders
# are many times as large.
WINDOWS_A_SECOND = {"efficientat": 87.0}
WINDOWS_A_SECOND_OF_FEATURES, WINDOWS_A_SECOND_OF_ENCODERS = 553.0, 1.0
# Of sound: fewer than most formats have, so that a job is not foretold too short.
BYTES_A_SECOND_OF_SOUND = 16_000
# The rules that train a network on a feature.
TRAINS = ("train_classifier", "train_autoencoder")
WITHOUT_TRAININGS = (
    "Without trainings: `classification: {features: []}` and `autoencoder: {code_sizes: []}` "
    "in a file that is laid over config.yaml with --configfile."
)


def n_frames(duration: float, setting: Mapping[str, Any]) -> int:
    """Return the frames of a clip of `duration` seconds; 1 for a setting without frames.

    Clips are padded by half a frame on both sides, so they have ``1 + samples // hop_length``
    frames for an even `n_fft`.

    Examples
    --------
    >>> n_frames(5.0, {"sample_rate": 44_100, "n_fft": 4096, "hop_length": 1024})
    216
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

    def told(self, *, with_hint: bool) -> str:
        """Say how long it takes and, with a hint, how to leave trainings out if there are any."""
        return f"{self}\n{WITHOUT_TRAININGS}" if with_hint and self.trainings else str(self)


Job = tuple[str, Mapping[str, str], str]


def outlook(plan: Plan, jobs: Iterable[Job], n_clips: int) -> Outlook:
    """Foretell some jobs, each given by its rule, its wildcards and its first output.

    With `n_clips` of 0, the data set is not there yet, and as large as it is known to become.
    """
    n_clips = n_clips or expected_clips(plan.config)
    trainings, others, n_unknown = [], [], 0
    for rule, wildcards, output in jobs:
        training = plan.trainings.get(wildcards.get("training", ""))
        if "encoder" in wildcards or isinstance(training, HeadTraining):
            n_unknown += 1
        elif rule in TRAINS and isinstance(training, NetworkTraining):
            clips = n_clips * (1 - len(training.split.query_folds) / len(plan.facts.folds))
            length, kind = recipe(plan.config, training.block), training.network
            if isinstance(training, Classifier):
                length, kind = own_recipe(plan.config, training.block, kind), training.kind
            asked = (length["steps"] or 0) * length["batch_size"]
            seen = asked or clips * length["epochs"]
            trainings.append(training_seconds(kind, seen))
        else:
            others.append(job_seconds(n_clips, "seed" in output))
    return Outlook(trainings, others, n_unknown)


def tile_minutes(config: Config, run: Run, tile: Mapping[str, int], attempt: int) -> int:
    """Return the minutes that a tile's job may take: 20, and more the more cells of DTW it has."""
    frames = n_frames(config["audio"]["duration"], run.bank.setting.spec)
    cells = Workload(**tile, frames=frames, dims=1).cells
    return math.ceil(attempt * (20 + cells / CELLS_A_MINUTE))


def shard_minutes(
    family: str | None, n_bytes: int, *, hop: float, threads: int, attempt: int
) -> int:
    """Return the minutes that the job of a shard of a corpus may take.

    Parameters
    ----------
    family : str or None
        The family of the encoder that makes vectors; None for a feature.
    n_bytes : int
        Of the shard's sounds.
    hop : float
        Seconds from one window to the next.
    threads : int
        That compute.
    attempt : int
        How often the job is tried, from 1.

    Examples
    --------
    >>> shard_minutes("efficientat", 16_000 * 3600 * 100, hop=2.5, threads=4, attempt=1)
    27
    """
    rate = WINDOWS_A_SECOND_OF_FEATURES
    if family is not None:
        rate = WINDOWS_A_SECOND.get(family, WINDOWS_A_SECOND_OF_ENCODERS)
    windows = n_bytes / BYTES_A_SECOND_OF_SOUND / hop
    return math.ceil(attempt * (20 + windows / (rate * threads) / 60))


def n_gpus(config: Config, run: Run) -> int:
    """Return how many GPUs a job of a run's distances takes."""
    return int("cuda" in hardware(config, run).values())


def n_threads(config: Config, block: str) -> int:
    """Return how many threads of torch a block of the config trains with."""
    return int(recipe(config, block)["threads"])


def n_training_gpus(config: Config, block: str) -> int:
    """Return how many GPUs a training of a block of the config insists on."""
    return int(recipe(config, block)["accelerator"] == "gpu")


def expected_clips(config: Config) -> int:
    """Return how many clips a data set that is not there yet will have; 0 for one's own folder."""
    made: int = CLASSES_AND_FOLDS * config["synthetic"]["recordings"] * config["synthetic"]["takes"]
    return {**CLIPS, "synthetic": made}.get(config["dataset"], 0)


def training_seconds(network: str, clips: float) -> float:
    """Return about how long `network` takes to train on so many clips, on two cores.

    A clip counts as often as it is seen.
    """
    return clips / CLIPS_A_SECOND.get(network, CLIPS_A_SECOND_OF_SMALL)


def job_seconds(clips: int, of_network: bool) -> float:
    """Return what another job adds to a run on two cores, by a network's embeddings or not."""
    return SECONDS_OF_START + (0 if of_network else SECONDS_A_CLIP * clips)


def duration(seconds: float) -> str:
    """Return a time in words that claim no more than two digits: ``9 min``, ``2.5 h``, ``11 h``.

    Examples
    --------
    >>> duration(540), duration(9000)
    ('9 min', '2.5 h')
    """
    if seconds < 90:
        return f"{max(1, round(seconds / 10)) * 10} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 10 else f"{round(hours)} h"


def counted(n: int, what: str) -> str:
    """Return a number of things, in the plural where there are several."""
    return f"{n} {what}{'' if n == 1 else 's'}"

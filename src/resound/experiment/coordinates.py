"""The coordinates of an experiment: its splits, settings, trainings and runs, and their paths."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

ESC50_FOLDS = (1, 2, 3, 4, 5)
AUTOENCODER = "autoencoder"
# What stands for the feature of what hears waveforms, and the split of which every clip is a query.
WAVEFORM = "waveform"
ALL_CLIPS = "all"
# The key by which a feature of the config, under a name of its own, says which one it is.
VARIANT_OF = "feature"
# How a classifier may be trained; of all but the first, the name stands in the network's.
LOSSES = ("cross_entropy", "supcon")
# What a network starts from where no weights are named.
RANDOM = "random"


class Split(NamedTuple):
    """Which folds ask and which answer; without folds, every clip asks all others."""

    name: str
    query_folds: tuple[int, ...]


class Cell(NamedTuple):
    """One training; its fields are wildcards of the paths.

    The network is ``cnn`` or, with another loss than the first, ``cnn_supcon``; an autoencoder
    has its code size in its name, ``autoencoder_128``.
    """

    network: str
    feature: str
    setting: str
    split: str
    seed: str

    @property
    def code_size(self) -> int:
        """Numbers a code frame of an autoencoder; 0 for a classifier."""
        name, _, size = self.network.rpartition("_")
        return int(size) if name == AUTOENCODER else 0

    @property
    def loss(self) -> str:
        """One of `LOSSES`, by which a classifier is trained."""
        _, _, last = self.network.rpartition("_")
        return last if last in LOSSES[1:] else LOSSES[0]

    @property
    def classifier(self) -> str:
        """The name under which a classifier's network is registered."""
        return self.network.removesuffix(f"_{self.loss}")

    @property
    def path(self) -> str:
        """Where it stands below ``models`` and ``embeddings``."""
        return "/".join([*self[:-1], f"seed{self.seed}"])


class Run(NamedTuple):
    """One row of a retrieval table on one split: a distance between the rows of a bank.

    The bank is a feature's, or holds what a network makes of that feature: the network that was
    trained for this very split. What a pretrained encoder makes of waveforms has the name of its
    encoding for a network, and no seed where nothing was trained.
    """

    distance: str
    feature: str
    setting: str
    split: str
    network: str = ""
    seed: str = ""

    @property
    def cell(self) -> Cell | None:
        """The training of a feature's network that its bank comes from; None for other banks."""
        if not self.network or self.feature == WAVEFORM:
            return None
        return Cell(self.network, self.feature, self.setting, self.split, self.seed)

    @property
    def source(self) -> str:
        """Name its bank in a path.

        ``mfcc/sr44100_...``, ``cnn/mel/sr44100_.../seed0`` or ``clap_embedding/waveform/sr48000``.
        """
        parts = [self.network, self.feature, self.setting, self.seed and f"seed{self.seed}"]
        return "/".join(filter(None, parts))

    @property
    def path(self) -> str:
        """Where it stands below ``distances``, ``rankings`` and ``scores/retrieval``."""
        return f"{self.distance}/{self.source}/{self.split}"

    @property
    def bank(self) -> str:
        """The folder below the results of a feature's bank, or of its network's embeddings."""
        cell = self.cell
        return f"embeddings/{cell.path}" if cell else f"features/{self.source}"

    @property
    def about(self) -> dict[str, str]:
        """What names it in a table, without its split and seed."""
        network = {"network": self.network} if self.network else {}
        return {
            "method": self.distance,
            **network,
            "feature": self.feature,
            "setting": self.setting,
        }

    @classmethod
    def at(cls, distance: str, source: str, split: str) -> "Run":
        """Return the run of a path's three parts."""
        parts = source.split("/")
        if len(parts) == 2:
            return cls(distance, parts[0], parts[1], split)
        network, feature, setting, *seed = parts
        return cls(distance, feature, setting, split, network, "".join(seed).removeprefix("seed"))


def setting_name(stft: Mapping[str, Any], framed: bool = True) -> str:
    """Write a short-time setting out: ``sr44100_nfft4096_hop1024``, or ``sr44100`` unframed.

    The matrix engine adds ``_matrix``. Its values are the FFT's but for rounding, yet a path names
    what made a file: so both may stand in one table, and the one never replaces the other's banks.
    """
    rate = f"sr{stft['sample_rate']}"
    if not framed:
        return rate
    engine = "_matrix" if stft.get("engine") == "matrix" else ""
    return f"{rate}_nfft{stft['n_fft']}_hop{stft['hop_length']}{engine}"


def splits(protocol: str, query_folds: Sequence[int]) -> list[Split]:
    """Return the splits of a protocol.

    ``holdout`` asks all `query_folds` at once and answers from the other folds; ``cv`` asks each
    of ESC-50's five folds in turn; ``leave_one_out`` asks every clip and answers from all others.
    """
    if protocol == "leave_one_out":
        return [Split(ALL_CLIPS, ())]
    groups = [(fold,) for fold in ESC50_FOLDS] if protocol == "cv" else [tuple(sorted(query_folds))]
    return [Split("fold" + "-".join(map(str, folds)), folds) for folds in groups]

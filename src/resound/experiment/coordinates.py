"""The coordinates of an experiment: what each of its parts is, and where its files stand.

A *bank* holds one array a clip, and is one of three types: a `Feature`, the `Embedding` that a
trained network makes of a feature, or the `Encoding` that a pretrained encoder makes of waveforms.
A `Fusion` and a `TwoStage` search stand in its place where several distances make one ranking, and
a `Part` where parts of clips ask.
A *training* is a `Classifier`, an `Autoencoder`, or a `HeadTraining`, which learns on an encoder;
an `Ensemble` of classifiers stands beside them. A `Run` compares the clips of a bank by a distance,
on one split.

All are frozen and compare by value. Each knows its folder, the names under which tables list it,
the module that makes it and the training behind it; none is ever read back from a path or a name.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, NamedTuple

from resound.registry import AUTOENCODERS, DISTANCES, ENCODERS, FEATURES, LOSSES, NETWORKS

ESC50_FOLDS = (1, 2, 3, 4, 5)
# What stands in a path in the place of a feature or a setting, where there are several.
SEVERAL = "several"
# The protocol that leaves out each two folds at once.
PAIRS: Final = "pairs"
# The split of which every clip is a query, and the protocol that has no other.
ALL_CLIPS = "all"
LEAVE_ONE_OUT: Final = "leave_one_out"
# What stands in a path in the place of a feature, where an encoder hears waveforms.
WAVEFORM = "waveform"
# The loss whose networks carry no other name than their own.
PLAIN_LOSS = "cross_entropy"
# What a network starts from where no weights are named.
RANDOM = "random"
# The folder of the seeds of what is computed and not drawn.
NO_SEED = "0"
# How the classes are told from what an encoder makes of a clip.
ZERO_SHOT: Final = "zero_shot"
LINEAR, KNN, FINETUNED = "linear", "knn", "finetuned"
# The vectors of a clip: of the encoder as published, from all of it or from each of its windows; of
# the fine-tuned network, in one pass over all clips; of the same, from a part of each clip.
FROZEN = "frozen"
WINDOWS: Final = "windows"
# The logits of AudioSet's classes, of the encoder as published.
TAGS: Final = "tags"
FINETUNED_VECTORS = ("embedding", "hidden", "probabilities", "classes")
MASKED = "masked"
# Of the encoder as published: nothing was learned for them.
PUBLISHED_VECTORS = (FROZEN, WINDOWS, TAGS)
VECTORS = (*PUBLISHED_VECTORS, ZERO_SHOT, *FINETUNED_VECTORS, MASKED)
# What classes are named by where nothing is trained, with the trait of encoders that it takes; what
# stands first is taken of several.
WORDS: Final = "words"
NAMES_BY = {WORDS: "text", TAGS: "tags"}
# What stands in the path of a run in the place of a distance, where several are one.
FUSION: Final = "fusion"
TWO_STAGE: Final = "two_stage"


class Split(NamedTuple):
    """Which folds ask and which answer; without folds, every clip asks all others.

    `within` its gallery the clips that answer are those that ask, too.
    """

    name: str
    query_folds: tuple[int, ...]
    within: bool = False

    @property
    def gallery(self) -> "Split":
        """The same gallery, whose clips ask one another."""
        return self._replace(name=f"{self.name}_within", within=True) if self.query_folds else self


class Setting(NamedTuple):
    """How a waveform is read: its sample rate in Hz and, in frames, their samples and engine."""

    sample_rate: int
    n_fft: int = 0
    hop_length: int = 0
    engine: str = "fft"

    @property
    def is_framed(self) -> bool:
        """Whether the waveform is cut into frames."""
        return bool(self.n_fft)

    @property
    def unframed(self) -> "Setting":
        """The same sample rate without frames."""
        return Setting(self.sample_rate)

    @property
    def name(self) -> str:
        """Its written form: ``sr44100_nfft4096_hop1024``, or ``sr44100`` without frames.

        The matrix engine adds ``_matrix``. Its values are the FFT's but for rounding, yet a path
        names what made a file: both may stand in one table.

        Examples
        --------
        >>> Setting(44_100, 4096, 1024).name, Setting(44_100).name
        ('sr44100_nfft4096_hop1024', 'sr44100')
        """
        rate = f"sr{self.sample_rate}"
        if not self.is_framed:
            return rate
        engine = "_matrix" if self.engine == "matrix" else ""
        return f"{rate}_nfft{self.n_fft}_hop{self.hop_length}{engine}"

    @property
    def spec(self) -> dict[str, Any]:
        """Its values as plain built-ins, without those of frames where there are none."""
        return self._asdict() if self.is_framed else {"sample_rate": self.sample_rate}


class RunRow(NamedTuple):
    """The names of a run, as a spec holds them and a table lists them."""

    distance: str
    feature: str
    setting: str
    split: str
    network: str = ""
    seed: str = ""

    @property
    def about(self) -> dict[str, str]:
        """The names of its method, without split and seed."""
        network = {"network": self.network} if self.network else {}
        return {
            "method": self.distance,
            **network,
            "feature": self.feature,
            "setting": self.setting,
        }


class TrainingRow(NamedTuple):
    """The names of a training, as a spec holds them and a table lists them."""

    network: str
    feature: str
    setting: str
    split: str
    seed: str

    @property
    def about(self) -> dict[str, str]:
        """The names of its method, without split and seed."""
        return {"network": self.network, "feature": self.feature, "setting": self.setting}


class Panel(NamedTuple):
    """Where a training curve is drawn: a panel's title, and a line's label, often a feature's."""

    title: str
    line: str
    by_feature: bool = True


@dataclass(frozen=True)
class Feature:
    """A feature at a setting; `kind` is the name under which it is registered.

    `normalise` lists what is done to its clips before they are compared, see
    `resound.retrieval.normalisation`.
    """

    name: str
    setting: Setting
    kind: str
    normalise: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The module that computes it."""
        return FEATURES.entry(self.kind).module

    @property
    def source(self) -> str:
        """Its name in the path of a run: ``mfcc/sr44100_nfft4096_hop1024``."""
        return f"{self.name}/{self.setting.name}"

    @property
    def folder(self) -> str:
        """The folder of its bank below the results."""
        return f"features/{self.source}"

    @property
    def training(self) -> None:
        """Nothing is trained for it."""
        return None

    def row(self, distance: str, split: str) -> RunRow:
        """Return the names of a run that compares it."""
        return RunRow(distance, self.name, self.setting.name, split)


@dataclass(frozen=True)
class _OnFeature:
    """A network that is trained on a feature, for one split, from one seed."""

    feature: Feature
    split: Split
    seed: str

    has_history = True

    @property
    def name(self) -> str:
        """The name in tables and paths."""
        raise NotImplementedError

    @property
    def modules(self) -> list[str]:
        """The modules that its training runs: of its network and of its feature."""
        return [self.module, self.feature.module]

    @property
    def module(self) -> str:
        """The module of its network."""
        raise NotImplementedError

    @property
    def row(self) -> TrainingRow:
        """Its names."""
        setting = self.feature.setting.name
        return TrainingRow(self.name, self.feature.name, setting, self.split.name, self.seed)

    @property
    def path(self) -> str:
        """Its folder below ``models`` and ``embeddings``."""
        return path_of(self.row)


@dataclass(frozen=True)
class Classifier(_OnFeature):
    """A network that learns the classes from a feature, by a loss.

    `network` is its name in the config, `kind` the name under which it is registered.
    """

    network: str
    loss: str
    kind: str

    block = "classification"

    @property
    def name(self) -> str:
        """The name in tables and paths: the network's and, of another loss, that of the loss."""
        return self.network if self.loss == PLAIN_LOSS else f"{self.network}_{self.loss}"

    @property
    def panel(self) -> Panel:
        """Where its training curve is drawn."""
        return Panel(self.name, self.feature.name)

    @property
    def modules(self) -> list[str]:
        """The modules that its training runs: of its network, its feature and its loss."""
        return [*super().modules, LOSSES.entry(self.loss).module]

    @property
    def module(self) -> str:
        """The module of its network."""
        return NETWORKS.entry(self.kind).module


@dataclass(frozen=True)
class Ensemble:
    """Networks that answer together: the mean of their answers to several views of each clip.

    `members` are tested on the same split; of several seeds where `seed` stands for all of them.
    """

    name: str
    members: tuple[Classifier, ...]
    split: Split
    views: int
    seed: str

    has_history = False

    @property
    def modules(self) -> list[str]:
        """The modules of its members' networks."""
        return sorted({of.module for of in self.members})

    @property
    def panel(self) -> Panel:
        """It has no training curve."""
        raise NotImplementedError

    @property
    def row(self) -> TrainingRow:
        """Its names; of members on several features or settings, `SEVERAL`."""
        features = {of.feature.name for of in self.members}
        settings = {of.feature.setting.name for of in self.members}
        feature, setting = (n.pop() if len(n) == 1 else SEVERAL for n in (features, settings))
        return TrainingRow(self.name, feature, setting, self.split.name, self.seed)

    @property
    def path(self) -> str:
        """Its folder below ``models``."""
        return path_of(self.row)


@dataclass(frozen=True)
class Autoencoder(_OnFeature):
    """An autoencoder of a feature, whose code frames have `code_size` numbers."""

    code_size: int

    block = network = "autoencoder"

    @property
    def name(self) -> str:
        """The name in tables and paths."""
        return f"{self.network}_{self.code_size}"

    @property
    def panel(self) -> Panel:
        """Where its training curve is drawn: with those of all code sizes."""
        line = f"{self.feature.name}, code {self.code_size}"
        return Panel(self.network, line, by_feature=False)

    @property
    def module(self) -> str:
        """The module of its network."""
        return AUTOENCODERS.entry(self.network).module


@dataclass(frozen=True)
class Pretrained:
    """An encoder of the config: its name there, its family, and the sample rate it hears at, Hz."""

    name: str
    family: str
    sample_rate: int

    @property
    def setting(self) -> Setting:
        """The setting at which it hears: its sample rate, without frames."""
        return Setting(self.sample_rate)

    @property
    def module(self) -> str:
        """The module of its family."""
        return ENCODERS.entry(self.family).module

    @property
    def names_by(self) -> str:
        """What it names classes by: ``words`` where it reads them, else ``tags``, or nothing."""
        traits = ENCODERS.entry(self.family).traits
        return next((by for by, trait in NAMES_BY.items() if traits.get(trait)), "")


@dataclass(frozen=True)
class HeadTraining:
    """Classes told from what an encoder hears: by words or tags, a probe, or a network on it.

    `kind` is ``zero_shot``, ``linear``, ``knn`` or ``finetuned``.
    """

    encoder: Pretrained
    kind: str
    split: Split
    seed: str = NO_SEED

    @property
    def name(self) -> str:
        """The name in tables and paths."""
        return f"{self.encoder.name}_{self.kind}"

    @property
    def setting(self) -> Setting:
        """The setting at which the encoder hears."""
        return self.encoder.setting

    @property
    def has_history(self) -> bool:
        """Whether it is trained in epochs."""
        return self.kind == FINETUNED

    @property
    def panel(self) -> Panel:
        """Where its training curve is drawn."""
        return Panel(self.name, WAVEFORM)

    @property
    def row(self) -> TrainingRow:
        """Its names."""
        return TrainingRow(self.name, WAVEFORM, self.setting.name, self.split.name, self.seed)

    @property
    def path(self) -> str:
        """Its folder below ``models``."""
        return path_of(self.row)


NetworkTraining = Classifier | Autoencoder
# What classifies clips, a row of the classification table each.
Tested = Classifier | Ensemble | HeadTraining
Training = NetworkTraining | Ensemble | HeadTraining


@dataclass(frozen=True)
class Embedding:
    """What a network trained here makes of the feature that it was trained on."""

    training: NetworkTraining

    @property
    def setting(self) -> Setting:
        """The setting of the feature that it is made of."""
        return self.training.feature.setting

    @property
    def source(self) -> str:
        """Its name in the path of a run: ``cnn/mel/sr44100_nfft2048_hop1024/seed0``."""
        return f"{self.training.name}/{self.training.feature.source}/seed{self.training.seed}"

    @property
    def folder(self) -> str:
        """The folder of its bank below the results."""
        return f"embeddings/{self.training.path}"

    def row(self, distance: str, split: str) -> RunRow:
        """Return the names of a run that compares it."""
        of = self.training.row
        return RunRow(distance, of.feature, of.setting, split, of.network, of.seed)


@dataclass(frozen=True)
class Encoding:
    """One vector of every clip that an encoder, or what was trained on it, makes of its waveform.

    Of windows there are several, in their order. `training` is None for the encoder as it was
    published. Before clips are compared, `pooling` makes one vector of their windows, see
    `resound.features.pooling`, and `normalise` lists what is done to vectors then, see
    `resound.retrieval.normalisation`.
    """

    name: str
    encoder: Pretrained
    vector: str
    training: HeadTraining | None
    normalise: tuple[str, ...] = ()
    pooling: str | None = None

    @property
    def setting(self) -> Setting:
        """The setting at which the encoder hears."""
        return self.encoder.setting

    @property
    def seed(self) -> str:
        """The seed of its training; empty where there is none."""
        return self.training.seed if self.training else ""

    @property
    def source(self) -> str:
        """Its name in the path of a run: ``clap_mlp/waveform/sr48000/seed0``."""
        parts = [self.name, WAVEFORM, self.setting.name, self.seed and f"seed{self.seed}"]
        return "/".join(filter(None, parts))

    @property
    def folder(self) -> str:
        """The folder of its bank below the results."""
        name = f"{self.encoder.name}_{self.vector}"
        if self.training is None:
            return f"embeddings/{name}/{WAVEFORM}/{self.setting.name}"
        return f"embeddings/{path_of(self.training.row._replace(network=name))}"

    def row(self, distance: str, split: str) -> RunRow:
        """Return the names of a run that compares it."""
        return RunRow(distance, WAVEFORM, self.setting.name, split, self.name, self.seed)


@dataclass(frozen=True)
class _Combined:
    """Several distances that make one ranking, in a way that is chosen within the gallery.

    `parts` are the distances, each with the bank whose clips it compares.
    """

    name: str
    parts: tuple[tuple[str, Feature | Encoding], ...]

    # In the place of a distance in paths; the block of the config; the module that combines them.
    kind = block = module = ""
    between = " + "

    @property
    def setting(self) -> Setting:
        """The setting of its first part."""
        return self.parts[0][1].setting

    @property
    def source(self) -> str:
        """Its name in the path of a run."""
        return self.name

    @property
    def folder(self) -> str:
        """The folder below the results in which its choices stand."""
        return f"{self.block}/{self.name}"

    @property
    def training(self) -> None:
        """Nothing is trained for it."""
        return None

    def asked(self, split: Split) -> "list[Run]":
        """Return the runs of its parts."""
        return [Run(distance, bank, split) for distance, bank in self.parts]

    def within(self, split: Split) -> "list[Run]":
        """Return the runs of its parts among the clips of the gallery."""
        return self.asked(split.gallery)

    def row(self, distance: str, split: str) -> RunRow:
        """Return the names of a run by it: of each part the distance and what it compares."""
        of = self.between.join(f"{part} {bank.name}" for part, bank in self.parts)
        return RunRow(self.name, of, self.setting.name, split)


@dataclass(frozen=True)
class Fusion(_Combined):
    """Several distances as one, scaled, added and spread: see `resound.retrieval.fusion`."""

    kind = FUSION
    block = "fusions"
    module = "resound.retrieval.fusion"


@dataclass(frozen=True)
class TwoStage(_Combined):
    """A distance that proposes clips, and one that orders them: `resound.retrieval.two_stage`.

    The first of its two `parts` proposes, the second decides.
    """

    kind = block = TWO_STAGE
    module = "resound.retrieval.two_stage"
    between = ", then "


@dataclass(frozen=True)
class _Changed:
    """Changed clips, which ask the clips of a bank as they are.

    They are made into what the bank holds just as those are.
    """

    bank: Feature | Embedding | Encoding

    # The folder below the results in which all that is made of them stands.
    changed = ""

    @property
    def setting(self) -> Setting:
        """The setting of the bank."""
        return self.bank.setting

    @property
    def name(self) -> str:
        """Its name in paths."""
        raise NotImplementedError

    @property
    def source(self) -> str:
        """Its name in the path of a run: ``mfcc/sr44100_nfft4096_hop1024/500ms``."""
        return f"{self.bank.source}/{self.name}"

    @property
    def folder(self) -> str:
        """The folder of the bank that answers."""
        return self.bank.folder

    @property
    def asking(self) -> str:
        """The folder of the bank that asks."""
        return f"{self.changed}/{self.name}/{self.bank.folder}"

    @property
    def audio(self) -> str:
        """The folder of the changed waveforms."""
        return f"{self.changed}/{self.name}/audio/sr{self.setting.sample_rate}"

    @property
    def training(self) -> Training | None:
        """What is trained for the bank: clips as they are."""
        return self.bank.training

    def row(self, distance: str, split: str) -> RunRow:
        """Return the names of a run by it, which are those of the clips as they are."""
        return self.bank.row(distance, split)


@dataclass(frozen=True)
class Part(_Changed):
    """The first seconds of every clip that sound."""

    seconds: float

    changed = "parts"

    @property
    def name(self) -> str:
        """Its name in paths: ``500ms``."""
        return f"{round(1000 * self.seconds)}ms"


@dataclass(frozen=True)
class Disturbed(_Changed):
    """Every clip, disturbed as a condition of the config says."""

    condition: str

    changed = "disturbed"

    @property
    def name(self) -> str:
        """Its name in paths: that of the condition."""
        return self.condition


Changed = Part | Disturbed
Combined = Fusion | TwoStage
Bank = Feature | Embedding | Encoding | Combined | Changed


@dataclass(frozen=True)
class Run:
    """A distance between the clips of a bank: on each split of its table, one."""

    distance: str
    bank: Bank
    split: Split

    @property
    def path(self) -> str:
        """Its folder below ``distances``, ``rankings`` and ``scores/retrieval``."""
        return f"{self.distance}/{self.bank.source}/{self.split.name}"

    @property
    def module(self) -> str:
        """The module that computes its distance."""
        if isinstance(self.bank, Combined):
            return self.bank.module
        return DISTANCES.entry(self.distance).module

    @property
    def row(self) -> RunRow:
        """Its names."""
        return self.bank.row(self.distance, self.split.name)


def path_of(row: TrainingRow) -> str:
    """Return the folder of a training: its names, one below the other."""
    return "/".join([*row[:-1], f"seed{row.seed}"])


def setting_of(stft: Mapping[str, Any]) -> Setting:
    """Return a short-time setting of the config."""
    return Setting(**stft)


def splits(
    protocol: str, query_folds: Sequence[int], folds: Sequence[int] = ESC50_FOLDS
) -> list[Split]:
    """Return the splits of a protocol.

    ``holdout`` asks all `query_folds` at once and answers from the other folds; ``cv`` asks each
    of the `folds` that there are in turn; ``pairs`` asks each two of them at once;
    ``leave_one_out`` asks every clip and answers from all others.

    Examples
    --------
    >>> splits("holdout", [5])
    [Split(name='fold5', query_folds=(5,), within=False)]
    """
    if protocol == LEAVE_ONE_OUT:
        return [Split(ALL_CLIPS, ())]
    groups: dict[str, list[tuple[int, ...]]] = {
        "holdout": [tuple(sorted(query_folds))],
        "cv": [(fold,) for fold in folds],
        PAIRS: [*combinations(folds, 2)],
    }
    return [Split("fold" + "-".join(map(str, folds)), folds) for folds in groups[protocol]]

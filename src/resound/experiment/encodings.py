"""What an experiment asks of pretrained encoders: cells, vectors, and the specs of their jobs.

An encoder makes one *embedding* of a clip's waveform. Four kinds of cells of the classification
table are made with it, each a network's name: ``clap_zero_shot``, ``clap_linear``, ``clap_knn`` and
``clap_finetuned``. An *encoding* is a row of a retrieval table: one of the vectors that an encoder,
or what was trained on it, makes of every clip.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from resound.errors import ConfigError
from resound.experiment.coordinates import ALL_CLIPS, WAVEFORM, Cell, Run, Split, setting_name
from resound.experiment.weights import Weights, find
from resound.provenance import TRAINING_LIBRARIES
from resound.registry import ENCODERS

Spec = dict[str, Any]

ZERO_SHOT, LINEAR, KNN, FINETUNED = "zero_shot", "linear", "knn", "finetuned"
KINDS = (ZERO_SHOT, LINEAR, KNN, FINETUNED)
# The one vector that no fold decides; of the others, those that a fine-tuned network makes in one
# pass, and the one that it makes of a part of each clip.
FROZEN = "frozen"
FINETUNED_VECTORS = ("embedding", "hidden", "probabilities", "classes")
MASKED = "masked"
VECTORS = (FROZEN, ZERO_SHOT, *FINETUNED_VECTORS, MASKED)
# What an encoder's registration must say of it for the vector to exist.
NEEDED_TRAITS = {ZERO_SHOT: "text", MASKED: "masked"}
# Keys of every encoder's block in the config; the others are its options.
ENCODER_KEYS = ("weights", "optional", "threads")
# What is not trained from a seed stands in a path under this one.
NO_SEED = "0"
# Options that are part of a fine-tuning's spec as they stand.
FINETUNE_OPTIONS = (
    "selection",
    "epochs",
    "batch_size",
    "accumulate",
    "learning_rate",
    "encoder_learning_rate",
    "layer_decay",
    "weight_decay",
    "warmup_epochs",
    "label_smoothing",
    "gradient_clip",
    "augmentation",
    "accelerator",
    "precision",
)


@dataclass(frozen=True)
class WeightsAt:
    """Where an encoder's weights are: apart from the specs, so that moving them re-runs nothing.

    Snakemake compares params that are built-ins and no others; what the weights are is the digest
    in the spec.
    """

    block: Mapping[str, Any]


class Basis(Protocol):
    """What the specs of encoders take from the experiment that they are part of."""

    config: Mapping[str, Any]
    splits: dict[str, Split]
    test_splits: dict[str, Split]

    def audio(self, sample_rate: int) -> Spec:
        """Decide the decoded waveforms."""

    def split(self, name: str) -> Spec:
        """Decide which clips ask."""

    def versions(self, libraries: Sequence[str] = ...) -> Spec:
        """Return the versions that are part of a spec."""


class Encoding(NamedTuple):
    """A row of a retrieval table by its encoder and the vector that it compares."""

    encoder: str
    vector: str


class Encodings:
    """The part of an experiment that stands on pretrained encoders."""

    def __init__(self, experiment: Basis) -> None:
        self.experiment, self.config = experiment, experiment.config

    # What is asked for

    def used(self) -> list[str]:
        """Return the encoders that one of the blocks lists, in the order of the config."""
        blocks = (self.config[name]["encoders"] for name in (ZERO_SHOT, "probe", "finetune"))
        listed = {name for block in blocks for name in block}
        return [name for name in self.config["encoders"] if name in listed]

    def setting(self, encoder: str) -> str:
        """Return the setting at which an encoder hears: ``sr48000``."""
        return setting_name(self.heard(encoder), framed=False)

    def heard(self, encoder: str) -> Spec:
        """Return the sample rate of an encoder as a setting's spec."""
        return {"sample_rate": ENCODERS.entry(encoder).traits["sample_rate"]}

    def settings(self) -> dict[str, Spec]:
        """Return the settings of all encoders by name."""
        return {self.setting(name): self.heard(name) for name in self.config["encoders"]}

    def cells(self) -> list[Cell]:
        """Return the rows of the classification table, by kind; none where there are no folds."""
        probe, tested = self.config["probe"], self.experiment.test_splits
        everything = () if len(tested) > 1 else (ALL_CLIPS,)
        asked: list[tuple[str, list[str], list[str], list[Any]]] = [
            (ZERO_SHOT, self.config[ZERO_SHOT]["encoders"], [*tested, *everything], [NO_SEED]),
            *((head, probe["encoders"], [*tested], [NO_SEED]) for head in probe["heads"]),
            (FINETUNED, self.config["finetune"]["encoders"], [*tested], self._seeds(FINETUNED)),
        ]
        cells = (
            self.cell_of(encoder, kind, split, str(seed))
            for kind, encoders, splits, seeds in asked
            for encoder in encoders
            for split in splits
            for seed in seeds
        )
        return list(dict.fromkeys(cells)) if tested else []

    def cell_of(self, encoder: str, kind: str, split: str, seed: str = NO_SEED) -> Cell:
        """Return the cell of one kind that an encoder makes."""
        return Cell(f"{encoder}_{kind}", WAVEFORM, self.setting(encoder), split, seed)

    def runs(self, distance: str, names: list[str]) -> Iterator[Run]:
        """Yield the runs of the encodings that can be had from the encoders in use."""
        for name in names:
            encoder, vector = self.encoding(name)
            kind = self._kind(vector)
            allowed = self.config["finetune" if kind == FINETUNED else kind or "encoders"]
            listed = allowed["encoders"] if kind else self.used()
            if encoder not in listed:
                continue
            for split in self.experiment.splits.values():
                if kind == FINETUNED and not split.query_folds:
                    continue
                for seed in self._seeds(kind):
                    yield Run(distance, WAVEFORM, self.setting(encoder), split.name, name, seed)

    @staticmethod
    def has_history(cell: Cell) -> bool:
        """Say whether a row was trained in epochs."""
        return cell.network.endswith(f"_{FINETUNED}")

    def encoding(self, name: str) -> Encoding:
        """Return the encoding of a name."""
        return Encoding(**self.config["encodings"][name])

    def encoder_of(self, row: Cell | Run) -> str:
        """Return the encoder behind a row of either table."""
        if isinstance(row, Run):
            return self.encoding(row.network).encoder
        kind = next(kind for kind in KINDS if row.network.endswith(f"_{kind}"))
        return row.network.removesuffix(f"_{kind}")

    @staticmethod
    def _kind(vector: str) -> str:
        """Return the kind of cell that makes a vector; none for a frozen encoder's."""
        return {FROZEN: "", ZERO_SHOT: ZERO_SHOT}.get(vector, FINETUNED)

    def _seeds(self, kind: str) -> list[str]:
        trained = [str(seed) for seed in self.config["finetune"]["seeds"]]
        return {"": [""], ZERO_SHOT: [NO_SEED]}.get(kind, trained)

    # Whether it can be had

    def weights(self, encoder: str) -> Weights:
        """Return what the config names as the weights of an encoder."""
        return Weights.of(self.weights_at(encoder).block)

    def weights_at(self, encoder: str) -> WeightsAt:
        """Return the same as a script takes it."""
        return WeightsAt(self.config["encoders"][encoder]["weights"])

    @functools.cached_property
    def absent(self) -> list[str]:
        """The encoders in use whose weights are not on this machine."""
        return [name for name in self.used() if find(self.weights(name)) is None]

    def check_weights(self) -> None:
        """Raise ConfigError when weights are absent of encoders that are not optional."""
        required = [n for n in self.absent if not self.config["encoders"][n]["optional"]]
        if required:
            lines = "\n".join(f"  {self._lacking(name)}" for name in required)
            raise ConfigError(
                f"weights that the config asks for are not on this machine:\n{lines}\n"
                "`resound weights` tells where to get them; with optional: true in their block of "
                "encoders their rows are left without numbers"
            )

    def _lacking(self, name: str) -> str:
        weights = self.weights(name)
        at = f" at revision {weights.revision}" if weights.revision else ""
        file = f", file {weights.published.file}" if weights.published else ""
        return (
            f"encoders.{name}.weights.source: {weights.source}{at}{file}, sha256 {weights.digest}"
        )

    def lacking(self, row: Cell | Run) -> bool:
        """Say whether a row stands on an encoder whose weights are absent."""
        return row.feature == WAVEFORM and self.encoder_of(row) in self.absent

    def sources(self, rows: Sequence[Cell] | Sequence[Run]) -> Spec:
        """Tell of each encoder behind some rows which they are, and whether they can be had."""
        told: Spec = {}
        for row in rows:
            if row.feature == WAVEFORM:
                name = self.encoder_of(row)
                # Where weights are is told of those that are not: moving them re-runs nothing.
                lacking = {"source": self.weights(name).source} if name in self.absent else {}
                about = {"absent": bool(lacking), **lacking, "rows": []}
                names = told.setdefault(name, about)["rows"]
                names += [] if row.network in names else [row.network]
        return told

    def vectors_of(self, rows: Sequence[Run]) -> dict[str, str]:
        """Tell which vector each row of an encoder compares."""
        return {r.network: self.encoding(r.network).vector for r in rows if r.feature == WAVEFORM}

    # Where it stands

    def cell(self, run: Run) -> Cell | None:
        """Return the cell that made the vectors of a run; None for a frozen encoder's."""
        encoder, vector = self.encoding(run.network)
        kind = self._kind(vector)
        return self.cell_of(encoder, kind, run.split, run.seed) if kind else None

    def folder(self, run: Run) -> str:
        """Return the folder of a run's bank below the results."""
        encoder, vector = self.encoding(run.network)
        cell = Cell(f"{encoder}_{vector}", run.feature, run.setting, run.split, run.seed)
        whole = f"embeddings/{cell.network}/{cell.feature}/{cell.setting}"
        return f"embeddings/{cell.path}" if run.seed else whole

    # What decides each job

    def encoder(self, name: str) -> Spec:
        """Decide what an encoder makes of clips: its weights and the options that do."""
        block, texts = self.config["encoders"][name], self._text_options(name)
        options = {k: v for k, v in block.items() if k not in (*ENCODER_KEYS, *texts)}
        sha256, threads = self.weights(name).digest, self.threads(name)
        return {"name": name, "sha256": sha256, "threads": threads, "options": options}

    def threads(self, name: str) -> int:
        """Return how many threads torch computes an encoder with."""
        return int(self.config["encoders"][name]["threads"])

    def _text_options(self, name: str) -> tuple[str, ...]:
        return tuple(ENCODERS.entry(name).traits.get("text_options", ()))

    def frozen(self, name: str) -> Spec:
        """Decide the embeddings of all clips by an encoder as it was published."""
        return {
            "audio": self.experiment.audio(self.heard(name)["sample_rate"]),
            "encoder": self.encoder(name),
            **self.experiment.versions(TRAINING_LIBRARIES),
        }

    def words(self, name: str) -> Spec:
        """Decide the embeddings of the classes' names."""
        block, encoder = self.config["encoders"][name], self.encoder(name)
        texts = {key: block[key] for key in self._text_options(name) if key in block}
        return {"encoder": {**encoder, "options": {**encoder["options"], **texts}}}

    def training(self, cell: Cell) -> Spec:
        """Decide one cell of the classification table."""
        name = self.encoder_of(cell)
        kind = cell.network.removeprefix(f"{name}_")
        about = {"network": cell.network, "weights": self.encoder(name)["sha256"]}
        made = {ZERO_SHOT: self._zero_shot, FINETUNED: self._finetuned}.get(kind, self._probe)
        return {**about, "split": self.experiment.split(cell.split), **made(name, kind, cell)}

    def _zero_shot(self, name: str, kind: str, cell: Cell) -> Spec:
        return {"frozen": self.frozen(name), "words": self.words(name)}

    def _probe(self, name: str, kind: str, cell: Cell) -> Spec:
        grid = self.config["probe"][{LINEAR: "regularisation", KNN: "neighbours"}[kind]]
        return {"frozen": self.frozen(name), "head": kind, "grid": sorted(grid)}

    def _finetuned(self, name: str, kind: str, cell: Cell) -> Spec:
        block = self.config["finetune"]
        return {
            **self.frozen(name),
            "head": {key: block[key] for key in ("width", "dropout")}
            | {"name": block["heads"][name]},
            "seed": int(cell.seed),
            **{key: block[key] for key in FINETUNE_OPTIONS},
        }

    def bank(self, run: Run) -> Spec:
        """Decide the bank that a run compares."""
        encoder, vector = self.encoding(run.network)
        cell = self.cell(run)
        if cell is None:
            return self.frozen(encoder)
        return self.masked(cell) if vector == MASKED else self.vectors(cell, vector)

    def vectors(self, cell: Cell, vector: str) -> Spec:
        """Decide one of the vectors that a cell makes of all clips."""
        return {"training": self.training(cell), "vector": vector}

    def masked(self, cell: Cell) -> Spec:
        """Decide the hidden vectors of all clips of which a share is masked."""
        return {**self.vectors(cell, MASKED), "masked": dict(self.config["finetune"]["masked"])}

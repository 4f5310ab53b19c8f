"""The plan of an experiment: the lists of all that its config asks for.

A `Plan` names runs, trainings, tables and figures; what decides each of them is told by
`resound.experiment.specs`, and what of it is there by `resound.experiment.inventory`.
"""

import difflib
import functools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeVar, cast

from resound.errors import ConfigError, ParameterError, unknown
from resound.experiment.config_types import Config
from resound.experiment.coordinates import (
    ALL_CLIPS,
    FINETUNED,
    LEAVE_ONE_OUT,
    NO_SEED,
    PUBLISHED_VECTORS,
    VECTORS,
    ZERO_SHOT,
    Autoencoder,
    Bank,
    Classifier,
    Combined,
    Embedding,
    Encoding,
    Ensemble,
    Feature,
    Fusion,
    HeadTraining,
    NetworkTraining,
    Pretrained,
    Run,
    Setting,
    Split,
    Tested,
    Training,
    TwoStage,
    setting_of,
    splits,
)
from resound.experiment.facts import Facts
from resound.registry import ENCODERS, FEATURES

# The key by which a feature of the config, under a name of its own, says which one it is.
VARIANT_OF = "feature"
# The same of a network.
NETWORK_OF = "network"
# The key by which a feature says what is done to its clips before they are compared.
NORMALISE = "normalise"
# The key of an ensemble's members that are the same on every split.
EVERY_SPLIT = "every"
CLASSIFICATION: Final = "classification"
_OF_ESC50 = Facts()
Part = TypeVar("Part", Run, Training)
Coordinate = TypeVar("Coordinate", Feature, Run, Training)


class Plan:
    """All that a config asks for.

    Parameters
    ----------
    config : mapping
        The config as `resound.experiment.config.check` accepts it.
    facts : Facts
        What is known of its clips.
    left_out : iterable of str
        Encoders that are planned without, though blocks list them: see `Plan.listed`.
    """

    def __init__(
        self, config: Config, facts: Facts = _OF_ESC50, left_out: Iterable[str] = ()
    ) -> None:
        self.config, self.facts, self.left_out = config, facts, frozenset(left_out)
        retrieval = config["retrieval"]
        self.protocol: str = retrieval["protocol"]
        folds = retrieval["query_folds"]
        self.splits = splits(self.protocol, folds, facts.folds)
        tests = self.protocol != LEAVE_ONE_OUT and facts.has_classes
        self.tested_by: str = config[CLASSIFICATION]["protocol"]
        self.test_splits = splits(self.tested_by, folds, facts.folds) if tests else []

    # Features and what is made of them

    def setting(self, stft: str) -> Setting:
        """Return a short-time setting of the config by its name there."""
        return setting_of(self.config["stft"][stft])

    def feature(self, name: str, stft: str) -> Feature:
        """Return a feature of the config at a short-time setting of it."""
        block = self.config["features"].get(name, {})
        kind = block.get(VARIANT_OF, name)
        framed = FEATURES.entry(kind).traits.get("framed", True)
        setting = self.setting(stft) if framed else self.setting(stft).unframed
        return Feature(name, setting, kind, tuple(block.get(NORMALISE, ())))

    def feature_at(self, path: str) -> Feature:
        """Return the feature of a path below ``features``, or say that there is none."""
        names = {**dict.fromkeys(FEATURES), **self.config["features"]}
        known = (self.feature(name, stft) for name in names for stft in self.config["stft"])
        return _looked_up("feature", path, {feature.source: feature for feature in known})

    def features(self, block: Mapping[str, Any]) -> list[Feature]:
        """Return the features that a block lists, each at every setting that it lists."""
        found = (self.feature(name, stft) for name in block["features"] for stft in block["stft"])
        return list(dict.fromkeys(found))

    def validations(self) -> list[Feature]:
        """Return the features that are compared with librosa's."""
        return self.features(self.config["validation"])

    # Pretrained encoders

    def encoder(self, name: str) -> Pretrained:
        """Return an encoder of the config, or say that there is none of this name."""
        encoders = self.config["encoders"]
        if name not in encoders:
            raise ParameterError(f"encoder {name!r} {unknown(name, encoders)}")
        family = encoders[name]["family"]
        rate = ENCODERS.entry(family).traits.get("sample_rate")
        return Pretrained(name, family, rate or encoders[name]["sample_rate"])

    def listed(self, block: str) -> list[str]:
        """Return the encoders that a block lists, without those that are left out."""
        encoders: list[str] = block_of(self.config, block)["encoders"]
        return [name for name in encoders if name not in self.left_out]

    # Trainings

    def seeds(self, block: str) -> list[int]:
        """Return the seeds of a block's trainings: its own, or those of the common recipe."""
        own: list[int] = recipe(self.config, block)["seeds"]
        return own

    @functools.cached_property
    def classifiers(self) -> list[Classifier]:
        """All trainings of networks, in the order of the classification table's rows."""
        block = self.config[CLASSIFICATION]
        return [
            Classifier(feature, split, str(seed), network, loss, network_kind(self.config, network))
            for network in block["networks"]
            for loss in block["losses"]
            for feature in self.features(block)
            for split in self.test_splits
            for seed in self.seeds(Classifier.block)
        ]

    @functools.cached_property
    def autoencoders(self) -> list[Autoencoder]:
        """All trainings of autoencoders; none, where every clip is a query."""
        block = self.config["autoencoder"]
        return [
            Autoencoder(feature, split, str(seed), size)
            for size in block["code_sizes"]
            for feature in self.features(block)
            for split in self.splits
            if split.query_folds
            for seed in self.seeds(Autoencoder.block)
        ]

    @functools.cached_property
    def head_trainings(self) -> list[HeadTraining]:
        """All that is learned on encoders, by kind; nothing where there are no folds."""
        if not self.test_splits:
            return []
        probe, tested = self.config["probe"], self.test_splits
        everything = [] if len(tested) > 1 else [Split(ALL_CLIPS, ())]
        asked: list[tuple[str, list[str], list[Split], list[Any]]] = [
            (ZERO_SHOT, self.listed(ZERO_SHOT), [*tested, *everything], [NO_SEED]),
            *((head, self.listed("probe"), tested, [NO_SEED]) for head in probe["heads"]),
            (FINETUNED, self.listed("finetune"), tested, self.seeds("finetune")),
        ]
        found = (
            HeadTraining(self.encoder(encoder), kind, split, str(seed))
            for kind, encoders, of_kind, seeds in asked
            for encoder in encoders
            for split in of_kind
            for seed in seeds
        )
        return list(dict.fromkeys(found))

    @functools.cached_property
    def ensembles(self) -> list[Ensemble]:
        """All networks that answer together, of each seed by itself or of all seeds as one."""
        found = []
        for name, block in self.config[CLASSIFICATION]["ensembles"].items():
            for split in self.test_splits:
                members = self._members(block, split)
                seeds = dict.fromkeys(of.seed for of in members)
                apart = [[of for of in members if of.seed == seed] for seed in seeds]
                groups = apart if block["seeds"] == "each" else [members]
                names = seeds if block["seeds"] == "each" else [NO_SEED]
                found += [
                    Ensemble(name, tuple(group), split, block["views"], seed)
                    for seed, group in zip(names, groups, strict=True)
                    if group
                ]
        return found

    def _members(self, block: Mapping[str, Any], split: Split) -> list[Classifier]:
        """Return the networks on a split that an ensemble names for it."""
        named = [(of["network"], of["feature"]) for of in block["of"].get(split.name, [])]
        named += [(of["network"], of["feature"]) for of in block["of"].get(EVERY_SPLIT, [])]
        on_split = (of for of in self.classifiers if of.split == split)
        return [of for of in on_split if (of.name, of.feature.name) in named]

    @property
    def classified(self) -> list[Tested]:
        """All rows of the classification table: networks on features, ensembles, encoders."""
        return [*self.classifiers, *self.ensembles, *self.head_trainings]

    @functools.cached_property
    def trainings(self) -> dict[str, Training]:
        """All trainings by their path, those that only a retrieval table needs included."""
        of_encodings = (run.bank.training for run in self.runs.values() if run.bank.training)
        listed: list[Training] = [*self.classified, *self.autoencoders]
        return _by_path([*listed, *of_encodings])

    def training(self, path: str) -> Training:
        """Return the training of a path below ``models``, or say that none is asked for there."""
        return _looked_up("training", path, self.trainings)

    # Retrieval

    def runs_of(self, table: str) -> list[Run]:
        """Return the runs of one retrieval table, in the order of its rows."""
        block = self.config["retrieval"]["tables"][table]
        named = block.get("distance", [])
        distances = [named] if isinstance(named, str) else named
        banks = [*self._banks(block)] if distances else []
        plain = [Run(d, bank, split) for d in distances for bank, split in banks]
        combined: list[Combined] = [self.fusion(name) for name in block.get("fusions", [])]
        combined += [self.two_stage(name) for name in block.get("two_stage", [])]
        runs = [*plain, *(Run(of.kind, of, split) for of in combined for split in self.splits)]
        return list(dict.fromkeys(runs))

    def fusion(self, name: str) -> Fusion:
        """Return a fusion of the config."""
        parts = self.config["retrieval"]["fusions"][name]["parts"]
        return Fusion(name, tuple(map(self._part, parts)))

    def two_stage(self, name: str) -> TwoStage:
        """Return a two-stage search of the config."""
        block = self.config["retrieval"]["two_stage"][name]
        return TwoStage(name, (self._part(block["proposes"]), self._part(block["decides"])))

    def _part(self, part: Mapping[str, Any]) -> tuple[str, Feature | Encoding]:
        """Return a distance among several that make one ranking, and what it compares."""
        if "encoding" not in part:
            return part["distance"], self.feature(part["feature"], part["stft"])
        encoder, vector, steps, pooling = encodings(self.config)[part["encoding"]]
        of = Encoding(part["encoding"], self.encoder(encoder), vector, None, steps, pooling)
        return part["distance"], of

    @functools.cached_property
    def _parts(self) -> dict[str, Run]:
        """What fusions add, by path: runs of their parts and of these within the gallery."""
        runs = self.runs.values()
        fused = ((run.bank, run.split) for run in runs if isinstance(run.bank, Fusion))
        return _by_path(
            part for of, split in fused for part in (*of.asked(split), *of.within(split))
        )

    def _banks(self, block: Mapping[str, Any]) -> Iterable[tuple[Bank, Split]]:
        if "encodings" in block:
            return [part for name in block["encodings"] for part in self._encodings(name)]
        if "embeddings" in block:
            return [(Embedding(of), of.split) for of in self._embedded(block["embeddings"])]
        return [(feature, split) for feature in self.features(block) for split in self.splits]

    def _embedded(self, block: str) -> Sequence[NetworkTraining]:
        return self.classifiers if block == Classifier.block else self.autoencoders

    def _encodings(self, name: str) -> Iterable[tuple[Encoding, Split]]:
        """Yield an encoding of the config on each split; nothing where its encoder is not used."""
        encoder, vector, steps, pooling = encodings(self.config)[name]
        published = dict.fromkeys(PUBLISHED_VECTORS, "")
        kind = {**published, ZERO_SHOT: ZERO_SHOT}.get(vector, FINETUNED)
        listed = {FINETUNED: self.listed("finetune"), ZERO_SHOT: self.listed(ZERO_SHOT)}
        used = [name for name in used_encoders(self.config) if name not in self.left_out]
        if encoder not in listed.get(kind, used):
            return
        seeds = self.seeds("finetune") if kind == FINETUNED else [NO_SEED]
        of = self.encoder(encoder)
        for split in self.splits:
            if not kind:
                yield Encoding(name, of, vector, None, steps, pooling), split
            elif split.query_folds or kind == ZERO_SHOT:
                for seed in seeds:
                    training = HeadTraining(of, kind, split, str(seed))
                    yield Encoding(name, of, vector, training, steps), split

    def retrieval_tables(self) -> list[str]:
        """Return the names of the retrieval tables that have rows, scored or not.

        Networks whose epoch the test folds chose have seen their queries: they have no table.
        """
        tables = self.config["retrieval"]["tables"]
        chosen = self.config[CLASSIFICATION]["selection"] == "test"
        seen = {name for name in tables if chosen and _is_of_classifiers(tables[name])}
        return [name for name in tables if name not in seen and self.runs_of(name)]

    def scored_tables(self) -> list[str]:
        """Return the retrieval tables that are made: none, where clips have no classes."""
        return self.retrieval_tables() if self.facts.has_classes else []

    def protocol_of(self, table: str) -> str:
        """Return the protocol of a retrieval table: of embeddings, that of their training."""
        if _is_of_classifiers(self.config["retrieval"]["tables"][table]):
            return self.tested_by
        return self.protocol

    @functools.cached_property
    def runs(self) -> dict[str, Run]:
        """The runs of all retrieval tables by their path."""
        return _by_path(run for table in self.retrieval_tables() for run in self.runs_of(table))

    def run(self, path: str) -> Run:
        """Return the run of a path below ``distances``, or say that none is asked for there."""
        return _looked_up("run", path, {**self._parts, **self.runs})

    def maps(self, runs: Iterable[Run] | None = None) -> dict[str, Run]:
        """Return the banks that are mapped, by their path: of each network one split and seed.

        Where no network makes anything of the clips, the features are mapped that
        ``figures.tsne.features`` names. Of several rows that compare one bank, the first is mapped.

        Parameters
        ----------
        runs : iterable of Run, optional
            Those that are there, where not all of them need to be.
        """
        there = list(self.runs.values() if runs is None else runs)
        named = self.config["figures"]["tsne"]["features"]
        mapped = [run for run in there if run.row.network] or [
            run for run in there if isinstance(run.bank, Feature) and run.bank.name in named
        ]
        first: dict[tuple[str, ...], Run] = {}
        for run in mapped:
            first.setdefault((run.row.network, run.row.feature, run.row.setting), run)
        found: dict[str, Run] = {}
        for run in first.values():
            found.setdefault(run.bank.folder.partition("/")[2], run)
        return found

    def split(self, name: str) -> Split:
        """Return a split by its name, or say that none is asked for under it."""
        asked = [*self.splits, *(split.gallery for split in self.splits)]
        every = [*asked, *self.test_splits, Split(ALL_CLIPS, ())]
        known = {split.name: split for split in every}
        if name not in known:
            raise ParameterError(f"split {name!r} {unknown(name, known)}")
        return known[name]

    def compared_tables(self) -> list[str]:
        """Return the tables whose methods are compared: those of retrieval and of classifiers."""
        return [*self.scored_tables(), *([CLASSIFICATION] if self.classified else [])]


def block_of(config: Config, name: str) -> Mapping[str, Any]:
    """Return a block of a config whose name is not known before."""
    return cast(Mapping[str, Mapping[str, Any]], config)[name]


def recipe(config: Config, block: str) -> dict[str, Any]:
    """Return how a block of the config trains: what all trainings have in common, and its own."""
    return {**config["training"], **block_of(config, block)}


def own_recipe(config: Config, block: str, name: str) -> dict[str, Any]:
    """Return how a block trains one encoder or network: as all, but for its own recipe."""
    common, own = recipe(config, block), block_of(config, block)["recipes"].get(name, {})
    augmentation = {**common["augmentation"], **own.get("augmentation", {})}
    return {**common, **own, "augmentation": augmentation}


def network_kind(config: Config, name: str) -> str:
    """Return the name under which a network of the config is registered."""
    kind: str = config["networks"].get(name, {}).get(NETWORK_OF, name)
    return kind


class EncodingRow(NamedTuple):
    """What a row that a retrieval table may name compares: see the block ``encodings``."""

    encoder: str
    vector: str
    normalise: tuple[str, ...] = ()
    pooling: str | None = None


def encodings(config: Mapping[str, Any]) -> dict[str, EncodingRow]:
    """Return each row of encoders that a retrieval table may name.

    Every vector of an encoder has a name of its own, ``<encoder>_<vector>``; a name of the block
    ``encodings`` comes before it.
    """
    own = {f"{name}_{v}": EncodingRow(name, v) for name in config["encoders"] for v in VECTORS}
    named = {
        name: EncodingRow(**{**row, "normalise": tuple(row.get("normalise", ()))})
        for name, row in config["encodings"].items()
    }
    return own | named


def used_encoders(config: Config) -> list[str]:
    """Return the encoders that a block of the config lists, in the order of ``encoders``."""
    blocks = (config[ZERO_SHOT], config["probe"], config["finetune"])
    listed = {name for block in blocks for name in block["encoders"]}
    listed |= {*config["long_files"]["methods"]}
    listed |= {config["corpus"]["method"]} if config["corpus"]["folder"] else set()
    return [name for name in config["encoders"] if name in listed]


def _is_of_classifiers(table: Mapping[str, Any]) -> bool:
    return table.get("embeddings") == Classifier.block


def _by_path(parts: Iterable[Part]) -> dict[str, Part]:
    """Return different parts by their path; two of one path would overwrite each other's files."""
    found: dict[str, Part] = {}
    for part in parts:
        if found.setdefault(part.path, part) != part:
            raise ConfigError(
                f"{part.path} is asked for twice, by {found[part.path]} and by {part}; rename the "
                "network, the feature or the encoding of one of them"
            )
    return found


def _looked_up(what: str, path: str, known: Mapping[str, Coordinate]) -> Coordinate:
    if path in known:
        return known[path]
    near = difflib.get_close_matches(path, known, n=3, cutoff=0)
    raise ParameterError(
        f"{what} {path!r} is none of the {len(known)} that the config asks for"
        + (f"; the nearest are {', '.join(near)}" if near else "")
    )

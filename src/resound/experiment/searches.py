"""Searches of sounds in files: which ones a config asks for, and what decides each of them.

The block ``long_files`` asks what a search loses when the gallery's clips stand in a few long files
and windows do not know their borders. Its searches are done as `resound index` and `resound search`
do them, once of the long files and once of the same clips, each a file.

The block ``corpus`` asks for an index of a folder of sounds, made by several jobs.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from resound.errors import ParameterError, unknown
from resound.experiment import specs
from resound.experiment.config_types import Config
from resound.experiment.coordinates import Feature, Pretrained, Setting, Split
from resound.experiment.divisions import kept_division
from resound.experiment.faults import name_faults
from resound.experiment.plan import Plan
from resound.provenance import TRAINING_LIBRARIES

# The clips in a few long files, and each in a file of its own.
LONG, SINGLE = "long", "single"
LAYOUTS = (LONG, SINGLE)
TABLE = "retrieval_long"
CORPUS_RECORD = "corpus/record.json"
Method = Feature | Pretrained


class LongSearch(NamedTuple):
    """The search of one method for the queries of a split, in the gallery's clips in one layout."""

    method: Method
    split: Split
    layout: str

    @property
    def setting(self) -> Setting:
        """The setting at which its method hears."""
        return self.method.setting

    @property
    def path(self) -> str:
        """Its folder below ``long_files``."""
        return f"{self.split.name}/{self.layout}/{self.method.name}/{self.setting.name}"

    @property
    def laid(self) -> str:
        """The folder of the files that it looks into, below ``long_files``."""
        return f"{self.split.name}/{self.layout}"


def long_searches(plan: Plan) -> dict[str, LongSearch]:
    """Return all searches of the block ``long_files`` by their path."""
    block = plan.config["long_files"]
    found = (
        LongSearch(method_of(plan, name, block["stft"]), split, layout)
        for name in block["methods"]
        for split in plan.splits
        for layout in LAYOUTS
    )
    return {search.path: search for search in found}


def long_search(plan: Plan, path: str) -> LongSearch:
    """Return the search of a path below ``long_files``, or say that none is asked for there."""
    known = long_searches(plan)
    if path not in known:
        raise ParameterError(f"search {path!r} {unknown(path, known)}")
    return known[path]


def method_of(plan: Plan, name: str, stft: str) -> Method:
    """Return what makes vectors of windows: an encoder of the config, or a feature at a setting."""
    return plan.encoder(name) if name in plan.config["encoders"] else plan.feature(name, stft)


def weights_of(config: Config, of: Method) -> Mapping[str, Any] | None:
    """Return where the weights of a method are; None of a feature."""
    if isinstance(of, Feature):
        return None
    weights: Mapping[str, Any] = config["encoders"][of.name]["weights"]
    return weights


# What decides them


def method(config: Config, of: Method) -> specs.Spec:
    """Return the spec of a method, as `resound.searching.methods.Choice` takes it."""
    if isinstance(of, Pretrained):
        told = specs.encoder(config, of)
        named = {"kind": "encoder", "family": of.family, "sha256": told["sha256"]}
        return {**named, "options": told["options"]}
    bank = specs.feature_bank(config, of)
    framing = {key: value for key, value in bank["stft"].items() if key != "engine"}
    named = {"kind": "statistics", "feature": of.kind}
    return {**named, **framing, "options": bank["options"]}


def laid(config: Config, split: Split, layout: str) -> specs.Spec:
    """Return the spec of the gallery's clips as files of one layout."""
    block = config["long_files"]
    together = {"files": block["files"], "seed": block["seed"]} if layout == LONG else {}
    return {
        "audio": specs.audio(config, block["sample_rate"]),
        "split": specs.split(config, split),
        **together,
    }


def indexed(config: Config, search: LongSearch) -> specs.Spec:
    """Return the spec of the index that a search asks."""
    block = config["long_files"]
    return {
        "laid": laid(config, search.split, search.layout),
        "method": method(config, search.method),
        "grid": {"window": float(block["window"]), "hop": float(block["hop"])},
        **specs.versions(config, TRAINING_LIBRARIES),
    }


def found(config: Config, search: LongSearch) -> specs.Spec:
    """Return the spec of the clips that a search finds."""
    return {
        "index": indexed(config, search),
        "refine": config["long_files"]["refine"],
        "top_k": sorted(config["retrieval"]["top_k"]),
    }


def corpus_method(plan: Plan) -> Method:
    """Return what makes the vectors of the corpus."""
    block = plan.config["corpus"]
    return method_of(plan, block["method"], block["stft"])


def corpus(plan: Plan) -> specs.Spec:
    """Return the spec of the index of the corpus."""
    block = plan.config["corpus"]
    return {
        "folder": block["folder"],
        "method": method(plan.config, corpus_method(plan)),
        "grid": {"window": float(block["window"]), "hop": float(block["hop"])},
        **specs.versions(plan.config, TRAINING_LIBRARIES),
    }


def corpus_shards(plan: Plan, sounds: str) -> int:
    """Return among how many jobs the sounds of the corpus are divided.

    Where the index is of these sounds already, that is the number that it was made by; the config's
    holds for what has yet to be read.

    Parameters
    ----------
    plan : Plan
        The experiment.
    sounds : str
        The name of the corpus's sounds as they are.
    """
    record = Path(plan.config["results_dir"], CORPUS_RECORD)
    made = {"corpus": corpus(plan), "sounds": sounds}
    kept = kept_division(record, record, made)
    shards: int = kept["shards"] if kept else plan.config["corpus"]["shards"]
    return shards


# What may be wrong with it


def faults(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the blocks ``long_files`` and ``corpus``."""
    yield from _long_faults(config)
    yield from _corpus_faults(config)


def _corpus_faults(config: Mapping[str, Any]) -> Iterator[str]:
    block, where = config["corpus"], "corpus"
    if block["folder"] is not None:
        yield from method_faults(f"{where}.method", [block["method"]], config)
        yield from name_faults(f"{where}.stft", [block["stft"]], config["stft"])
        yield from grid_faults(where, block)


def _long_faults(config: Mapping[str, Any]) -> Iterator[str]:
    block, where = config["long_files"], "long_files"
    if not block["methods"]:
        return
    yield from method_faults(f"{where}.methods", block["methods"], config)
    yield from name_faults(f"{where}.stft", [block["stft"]], config["stft"])
    yield from grid_faults(where, block)
    if config["retrieval"]["protocol"] == "leave_one_out":
        yield f"{where}.methods: with retrieval.protocol leave_one_out each query is in the files"
    if TABLE in config["retrieval"]["tables"]:
        yield f"retrieval.tables.{TABLE}: this is the table of {where}; give yours another name"


def method_faults(where: str, names: list[str], config: Mapping[str, Any]) -> Iterator[str]:
    """Yield a fault for each method that is neither an encoder nor a feature, or both."""
    encoders, features = config["encoders"], config["features"]
    yield from name_faults(where, names, {**encoders, **features})
    for name in names:
        if name in encoders and name in features:
            yield f"{where}: {name!r} is an encoder and a feature; rename one of them"


def grid_faults(where: str, block: Mapping[str, Any]) -> Iterator[str]:
    """Yield a fault where windows leave gaps."""
    if block["hop"] > block["window"]:
        yield f"{where}.hop: {block['hop']} s must be at most its window, {block['window']} s"

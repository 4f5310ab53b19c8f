"""Rankings of a config: what is wrong with fusions, two-stage searches and partial queries."""

from collections.abc import Iterator, Mapping
from typing import Any

from resound.errors import unknown
from resound.experiment.coordinates import PUBLISHED_VECTORS
from resound.experiment.faults import name_faults
from resound.experiment.plan import encodings

Config = Mapping[str, Any]
# What the way of a ranking may be chosen by.
RANKED_METRICS = ("mrr", "ndcg", "ndcg_retrieved", "binary", "proportion", "map")
PARTIAL_TABLE = "retrieval_partial"
ROBUST_TABLE, TAILS_TABLE = "retrieval_robustness", "retrieval_silent_tails"


def ranking_faults(config: Config) -> Iterator[str]:
    """Yield the faults of ``fusions`` and ``two_stage``, and of the block ``partial_queries``."""
    yield from _fusions(config)
    yield from _two_stage(config)
    yield from _partial(config)
    yield from _robustness(config)


def _fusions(config: Config) -> Iterator[str]:
    """Check what fusions add: known things, by distances that are all computed."""
    retrieval = config["retrieval"]
    for name, block in retrieval["fusions"].items():
        where = f"retrieval.fusions.{name}"
        for place, part in enumerate(block["parts"]):
            of = f"{where}.parts[{place}]"
            yield from _compared(of, part, config)
            if retrieval["distances"].get(part["distance"], {}).get("mode") == "top_k":
                yield (
                    f"{of}.distance: a fusion needs all distances; set "
                    f"retrieval.distances.{part['distance']}.mode: full"
                )
        for weights in block.get("weights", []):
            if len(weights) != len(block["parts"]) or not any(weights):
                yield (
                    f"{where}.weights: {weights} must be a number for each of the "
                    f"{len(block['parts'])} parts, not all 0"
                )
        yield from _chosen_by(where, block)


def _two_stage(config: Config) -> Iterator[str]:
    """Check what two stages compare: known things, and not the same twice."""
    for name, block in config["retrieval"]["two_stage"].items():
        where = f"retrieval.two_stage.{name}"
        for stage in ("proposes", "decides"):
            yield from _compared(f"{where}.{stage}", block[stage], config)
        if block["proposes"] == block["decides"]:
            yield f"{where}.decides: is what proposes; name a distance that knows better"
        yield from _chosen_by(where, block)


def _compared(where: str, part: Config, config: Config) -> Iterator[str]:
    """Check one of several distances that make a ranking."""
    retrieval, known = config["retrieval"], encodings(config)
    yield from name_faults(f"{where}.distance", [part["distance"]], retrieval["distances"])
    if "encoding" not in part:
        yield from name_faults(f"{where}.feature", [part["feature"]], config["features"])
        yield from name_faults(f"{where}.stft", [part["stft"]], config["stft"])
        return
    yield from name_faults(f"{where}.encoding", [part["encoding"]], known)
    row = known.get(part["encoding"])
    if row and row.vector not in PUBLISHED_VECTORS:
        yield (
            f"{where}.encoding: {part['encoding']!r} is learned on some folds; name what an "
            f"encoder makes as published: {', '.join(PUBLISHED_VECTORS)}"
        )


def _chosen_by(where: str, block: Config) -> Iterator[str]:
    metric = block["chosen_by"].partition("@")[0]
    if metric not in RANKED_METRICS:
        yield f"{where}.chosen_by: {metric!r} {unknown(metric, RANKED_METRICS)}"


def _partial(config: Config) -> Iterator[str]:
    """Check that parts of clips are shorter than these, and as long as a frame."""
    where, tables = "partial_queries.seconds", config["retrieval"]["tables"]
    asked, duration = config["partial_queries"]["seconds"], config["audio"]["duration"]
    if asked and PARTIAL_TABLE in tables:
        yield f"retrieval.tables.{PARTIAL_TABLE}: this is the table of {where}; rename yours"
    named = {name for table in tables.values() for name in table.get("stft", [])}
    for seconds in asked:
        if seconds >= duration:
            yield f"{where}: {seconds} s must be less than a clip has, audio.duration {duration} s"
        if round(1000 * seconds) != 1000 * seconds:
            yield f"{where}: {seconds} s must be whole milliseconds, which name its files"
        for name in sorted(named & set(config["stft"])):
            stft = config["stft"][name]
            if round(seconds * stft["sample_rate"]) < stft["n_fft"]:
                yield (
                    f"{where}: {seconds} s at {stft['sample_rate']} Hz are fewer samples than a "
                    f"frame of stft.{name} has, n_fft: {stft['n_fft']}"
                )


def _robustness(config: Config) -> Iterator[str]:
    """Check that no table of the config has the name of one that the block makes."""
    block, tables = config["robustness"], config["retrieval"]["tables"]
    if block["conditions"] and ROBUST_TABLE in tables:
        yield f"retrieval.tables.{ROBUST_TABLE}: this is the table of robustness; rename yours"
    if block["silent_tails"] and TAILS_TABLE in tables:
        yield f"retrieval.tables.{TAILS_TABLE}: this is the table of silent tails; rename yours"

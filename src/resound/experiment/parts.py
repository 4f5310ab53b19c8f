"""Queries that are parts of clips: which runs a config asks for by ``partial_queries``.

Every method that a retrieval table compares, and that can compare clips of different lengths, is
asked once by whole clips and once by each length of their parts.
"""

from typing import Any

from resound.experiment.coordinates import FROZEN, Encoding, Feature, Part, Run
from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan
from resound.registry import DISTANCES, FEATURES


def asked_by_parts(plan: Plan) -> list[Run]:
    """Return the runs of whole clips whose methods can be asked by parts of clips; none if unasked.

    These compare frames by a distance that takes any number of them, frames pooled into one, or
    what an encoder makes of a clip as it was published. Networks that are trained here read clips
    of one length, and what combines distances is chosen for queries that are whole.
    """
    if not (plan.config["partial_queries"]["seconds"] and plan.facts.has_classes):
        return []
    return [run for run in plan.runs.values() if _takes_any_length(plan, run)]


def partial_runs(plan: Plan) -> dict[str, Run]:
    """Return the runs of all parts by their path."""
    parts = (part for whole in asked_by_parts(plan) for part in _parts_of(plan, whole))
    return {run.path: run for run in parts}


def whole_runs(there: Inventory) -> list[Run]:
    """Return the runs of whole clips that have scores, or will have them."""
    return [run for run in asked_by_parts(there.plan) if not there.lacks(run.bank)]


def part_runs(there: Inventory) -> list[Run]:
    """Return the runs of their parts, those of a run by ascending length."""
    return [part for whole in whole_runs(there) for part in _parts_of(there.plan, whole)]


def part_rows(there: Inventory) -> list[list[Any]]:
    """Return the length in seconds and the names of each of `part_runs`."""
    found = ((run.bank, run) for run in part_runs(there))
    return [[part.seconds, list(run.row)] for part, run in found if isinstance(part, Part)]


def _parts_of(plan: Plan, whole: Run) -> list[Run]:
    if not isinstance(whole.bank, Feature | Encoding):
        return []
    lengths = sorted(map(float, plan.config["partial_queries"]["seconds"]))
    return [Run(whole.distance, Part(whole.bank, n), whole.split) for n in lengths]


def _takes_any_length(plan: Plan, run: Run) -> bool:
    bank = run.bank
    if isinstance(bank, Encoding):
        return bank.vector == FROZEN
    if not isinstance(bank, Feature) or not FEATURES.entry(bank.kind).traits.get("framed", True):
        return False
    one_frame = "pooling" in plan.config["features"].get(bank.name, {})
    return one_frame or not DISTANCES.entry(run.distance).traits.get("one_length")

"""Queries that are disturbed: which runs a config asks for by ``robustness``.

Every method that a retrieval table compares by a feature, or by an encoder as it was published, is
asked once by clips as they are and once by each condition of them.
"""

from typing import Any

from resound.experiment.coordinates import FROZEN, Disturbed, Encoding, Feature, Run
from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan


def disturbable(plan: Plan) -> list[Run]:
    """Return the runs of clips as they are that are asked by disturbed ones; none if unasked.

    Networks that are trained here, other vectors of an encoder and what combines distances are not
    among them.
    """
    if not (plan.config["robustness"]["conditions"] and plan.facts.has_classes):
        return []
    return [run for run in plan.runs.values() if _can_be_disturbed(run)]


def disturbed_runs(plan: Plan) -> dict[str, Run]:
    """Return the runs of all conditions by their path."""
    every = (run for clean in disturbable(plan) for run in _conditions_of(plan, clean))
    return {run.path: run for run in every}


def clean_runs(there: Inventory) -> list[Run]:
    """Return the runs of clips as they are that have scores, or will have them."""
    return [run for run in disturbable(there.plan) if not there.lacks(run.bank)]


def disturbed_in(there: Inventory) -> list[Run]:
    """Return the runs of their conditions, those of a run in the order of the config."""
    return [run for clean in clean_runs(there) for run in _conditions_of(there.plan, clean)]


def disturbed_rows(there: Inventory) -> list[list[Any]]:
    """Return the condition and the names of each of `disturbed_in`."""
    found = ((run.bank, run) for run in disturbed_in(there))
    return [[bank.condition, list(run.row)] for bank, run in found if isinstance(bank, Disturbed)]


def _conditions_of(plan: Plan, clean: Run) -> list[Run]:
    if not isinstance(clean.bank, Feature | Encoding):
        return []
    names = plan.config["robustness"]["conditions"]
    return [Run(clean.distance, Disturbed(clean.bank, name), clean.split) for name in names]


def _can_be_disturbed(run: Run) -> bool:
    bank = run.bank
    return isinstance(bank, Feature) or (isinstance(bank, Encoding) and bank.vector == FROZEN)

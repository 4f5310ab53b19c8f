"""Clips that are disturbed: which runs and trainings a config asks for by ``robustness``.

Every method that a retrieval table compares is asked once by clips as they are and once by each
condition of them, and every classifier is tested so. Clips as they are answer and train.
"""

from typing import Any

from resound.experiment.coordinates import (
    FINETUNED_VECTORS,
    PUBLISHED_VECTORS,
    Classifier,
    Disturbed,
    Embedding,
    Encoding,
    Ensemble,
    Feature,
    HeadTraining,
    Run,
)
from resound.experiment.inventory import Inventory
from resound.experiment.plan import Plan

Tested = Classifier | HeadTraining
# Those of class names tell of the classes, and are tested among the classifiers.
VECTORS = (*PUBLISHED_VECTORS, *FINETUNED_VECTORS)


def disturbable(plan: Plan) -> list[Run]:
    """Return the runs of clips as they are that are asked by disturbed ones; none if unasked.

    What combines distances is not among them, nor are an encoder's masked vectors and its zero-shot
    classes.
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
    had = set(there.runs)
    return [run for run in disturbable(there.plan) if run in had]


def disturbed_in(there: Inventory) -> list[Run]:
    """Return the runs of their conditions, those of a run in the order of the config."""
    return [run for clean in clean_runs(there) for run in _conditions_of(there.plan, clean)]


def disturbed_rows(there: Inventory) -> list[list[Any]]:
    """Return the condition and the names of each of `disturbed_in`."""
    found = ((run.bank, run) for run in disturbed_in(there))
    return [[bank.condition, list(run.row)] for bank, run in found if isinstance(bank, Disturbed)]


def disturbable_trainings(plan: Plan) -> list[Tested]:
    """Return the classifiers that disturbed clips test, without ensembles; none if unasked."""
    if not plan.config["robustness"]["conditions"]:
        return []
    alone = (of for of in plan.classified if not isinstance(of, Ensemble))
    return [of for of in alone if of.split in plan.test_splits]


def clean_trainings(there: Inventory) -> list[Tested]:
    """Return those that have predictions of clips as they are, or will have them."""
    had: set[Any] = set(there.tested)
    return [of for of in disturbable_trainings(there.plan) if of in had]


def disturbed_trainings(there: Inventory) -> list[tuple[str, Tested]]:
    """Return each of them with each condition, in the order of the config."""
    names = there.plan.config["robustness"]["conditions"]
    return [(name, of) for of in clean_trainings(there) for name in names]


def tables_of(plan: Plan) -> list[str]:
    """Return the names of the tables of disturbed clips that a config asks for."""
    asked = {
        "retrieval_robustness": disturbable(plan),
        "classification_robustness": disturbable_trainings(plan),
    }
    return [name for name, rows in asked.items() if rows]


def _conditions_of(plan: Plan, clean: Run) -> list[Run]:
    if not isinstance(clean.bank, Feature | Embedding | Encoding):
        return []
    names = plan.config["robustness"]["conditions"]
    return [Run(clean.distance, Disturbed(clean.bank, name), clean.split) for name in names]


def _can_be_disturbed(run: Run) -> bool:
    bank = run.bank
    if isinstance(bank, Encoding):
        return bank.vector in VECTORS
    return isinstance(bank, Feature | Embedding)

"""The inventory of a plan: its parts that can be shown, or with ``partial`` those that are there.

An encoder whose weights are absent leaves its rows without numbers. With ``classification.partial``
tables and figures take the trainings that have left a record, and wait for no other.
"""

import functools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from resound.experiment.coordinates import (
    RANDOM,
    TAGS,
    ZERO_SHOT,
    Changed,
    Classifier,
    Combined,
    Embedding,
    Encoding,
    Ensemble,
    HeadTraining,
    Pretrained,
    Run,
    Tested,
    Training,
    TrainingRow,
)
from resound.experiment.plan import Plan
from resound.experiment.specs import encoder, starting_weights
from resound.experiment.weights import encoder_weights

TRAINED = "trained"
# How the record of a training ended, or None where there is no record.
OutcomeOf = Callable[[Training], str | None]


class Inventory:
    """The parts of a plan that can be shown.

    Parameters
    ----------
    plan : Plan
        All that is asked for.
    absent : iterable of str
        The encoders in use whose weights are not on this machine.
    outcome_of : callable
        How the record of a training ended: ``trained``, another word, or None without a record.
    """

    def __init__(self, plan: Plan, absent: Iterable[str], outcome_of: OutcomeOf) -> None:
        self.plan, self.absent, self.outcome_of = plan, list(absent), outcome_of
        self.partial: bool = plan.config["classification"]["partial"]

    @functools.cached_property
    def classified(self) -> list[Tested]:
        """The rows of the classification table that have scores, or will have them."""
        had = [of for of in self.plan.classified if not self.lacks(of)]
        return [of for of in had if self.outcome_of(of) is not None] if self.partial else had

    @property
    def networks(self) -> list[Classifier]:
        """Those that are networks on features."""
        return [of for of in self.classified if isinstance(of, Classifier)]

    @property
    def tested(self) -> list[Tested]:
        """Those of the test folds. A row of all clips tells of theirs a second time."""
        return [of for of in self.classified if of.split in self.plan.test_splits]

    @property
    def chosen(self) -> list[Tested]:
        """Those of which something may be chosen by a fold: all that is learned."""
        return [
            of
            for of in self.classified
            if not isinstance(of, Ensemble)
            and not (isinstance(of, HeadTraining) and of.kind == ZERO_SHOT)
        ]

    @property
    def with_history(self) -> list[Training]:
        """All that is trained in epochs: networks, fine-tuned encoders and autoencoders."""
        return [of for of in (*self.classified, *self.plan.autoencoders) if of.has_history]

    def runs_of(self, table: str) -> list[Run]:
        """Return the runs of a table that have hits, or will have them."""
        runs = [run for run in self.plan.runs_of(table) if not self.lacks(run.bank)]
        if not self.partial:
            return runs
        asked = {of.path for of in self.plan.classified}
        there = {of.path for of in self.classified if self.outcome_of(of) == TRAINED}
        trained = {run: run.bank.training.path if run.bank.training else "" for run in runs}
        return [run for run in runs if trained[run] not in asked or trained[run] in there]

    @functools.cached_property
    def compared(self) -> dict[str, list[Run]]:
        """The runs whose methods are compared, by their table."""
        return {table: self.runs_of(table) for table in self.plan.retrieval_tables()}

    @property
    def runs(self) -> list[Run]:
        """The runs of all tables."""
        return list(dict.fromkeys(run for runs in self.compared.values() for run in runs))

    @property
    def shown_runs(self) -> list[Run]:
        """The runs whose hits the page shows: of each network those of its first seed."""
        first: dict[tuple[Any, ...], Run] = {}
        for run in self.runs:
            first.setdefault((*run.row.about.items(), run.split), run)
        return list(first.values())

    @property
    def shown_classifiers(self) -> list[Tested]:
        """The classifiers whose mistakes the page shows: of each its first seed's."""
        first: dict[TrainingRow, Tested] = {}
        for of in self.tested:
            first.setdefault(of.row._replace(seed=""), of)
        return list(first.values())

    @functools.cached_property
    def maps(self) -> dict[str, Run]:
        """The embeddings that are mapped, by their path."""
        return self.plan.maps(self.runs)

    @functools.cached_property
    def confusions(self) -> dict[str, list[Tested]]:
        """The trainings of each classifier, of all its splits and seeds, by what names it."""
        found: dict[str, list[Tested]] = {}
        for of in self.tested:
            found.setdefault("/".join(of.row.about.values()), []).append(of)
        return found

    def lacks(self, part: Any) -> bool:
        """Say whether a training or a bank stands on an encoder whose weights are absent."""
        if isinstance(part, Changed):
            return self.lacks(part.bank)
        if isinstance(part, Combined):
            return any(self.lacks(bank) for _, bank in part.parts)
        return isinstance(part, HeadTraining | Encoding) and part.encoder.name in self.absent

    # What tables tell of networks and encoders

    def starts(self, parts: Iterable[Any]) -> dict[str, str]:
        """Tell by name what networks and encoders started from: ``random``, or a digest."""
        return {name: self._start(part) for part in parts if (name := name_of(part))}

    def _start(self, part: Any) -> str:
        if isinstance(part, HeadTraining | Encoding):
            return str(encoder(self.plan.config, part.encoder)["sha256"])
        of = part.training if isinstance(part, Embedding) else part
        of = of.members[0] if isinstance(of, Ensemble) else of
        named = isinstance(of, Classifier) and starting_weights(self.plan.config, of.network)
        return named["sha256"] if named else RANDOM

    def encoders(self, parts: Iterable[Any]) -> dict[str, Any]:
        """Tell of each encoder behind some parts which rows they are, and whether it can be had."""
        told: dict[str, Any] = {}
        for part in parts:
            if isinstance(part, HeadTraining | Encoding):
                encoder = part.encoder.name
                names = told.setdefault(encoder, self._about(encoder))["rows"]
                names += [] if part.name in names else [part.name]
        return told

    def names_by(self) -> dict[str, str]:
        """Tell what each row of the table that needs no training names classes by."""
        learned = (of for of in self.classified if isinstance(of, HeadTraining))
        return {of.name: of.encoder.names_by for of in learned if of.kind == ZERO_SHOT}

    @property
    def tags(self) -> list[Encoding]:
        """The tags of clips that the page shows: of the first encoder that anything stands on."""
        parts = (*self.classified, *(run.bank for run in self.runs))
        found = [encoder for part in parts if (encoder := _tagging(part))]
        return [Encoding(f"{encoder.name}_{TAGS}", encoder, TAGS, None) for encoder in found[:1]]

    def _about(self, name: str) -> dict[str, Any]:
        # Where weights are is told of those that are not: moving them re-runs nothing.
        lacking = name in self.absent
        source = {"source": encoder_weights(self.plan.config, name).source} if lacking else {}
        block = self.plan.config["encoders"][name]
        told = {"family": block["family"], "trained_on": block.get("trained_on")}
        return {"absent": lacking, **source, **told, "rows": []}


def name_of(part: Any) -> str:
    """Return the name under which tables list a training or a bank; empty for a feature's."""
    if isinstance(part, Embedding):
        return part.training.name
    return part.name if isinstance(part, Tested | Encoding) else ""


def _tagging(part: Any) -> Pretrained | None:
    """Return the encoder whose tags a training or a bank is made from, or is; None without."""
    of = part.training if isinstance(part, Encoding) and part.training else part
    scored = isinstance(of, HeadTraining) and (of.kind, of.encoder.names_by) == (ZERO_SHOT, TAGS)
    if scored or (isinstance(of, Encoding) and of.vector == TAGS):
        encoder: Pretrained = of.encoder
        return encoder
    return None


def vectors(banks: Iterable[Any]) -> dict[str, str]:
    """Tell which vector each row of an encoder compares, and what is done to it before."""
    found = (bank for bank in banks if isinstance(bank, Encoding))
    return {
        bank.name: ", ".join(filter(None, (bank.vector, bank.pooling, *bank.normalise)))
        for bank in found
    }


def outcome_at(models: Path, of: Training) -> str | None:
    """Return how the record of a training below `models` says that it ended; None without one."""
    record = models / of.path / "model.json"
    return json.loads(record.read_bytes())["outcome"] if record.is_file() else None

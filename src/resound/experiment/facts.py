"""Facts about clips that are known before the first job, and what follows for the experiment.

The plan has to know which folds there are and whether clips have classes. Of ESC-50, ESC-10 and the
generated set that is known by their names. Of a folder of one's own a list tells it, which
`resound.data.outline` reads.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from resound.errors import ConfigError
from resound.experiment.config_types import Config
from resound.experiment.coordinates import ESC50_FOLDS, LEAVE_ONE_OUT, Split

# The data set whose published figures stand beside ours.
STUDY = "esc50"


class Facts(NamedTuple):
    """What is known of the clips of an experiment before any of them is read.

    Attributes
    ----------
    folds : tuple of int
        In ascending order; empty where there are none.
    n_classes : int
        How many classes the clips are of; 0 where they have none, -1 where nobody has looked.
    told : str
        The same for the person who starts a run; empty of data sets that everybody knows.
    """

    folds: tuple[int, ...] = ESC50_FOLDS
    n_classes: int = -1
    told: str = ""

    @property
    def has_classes(self) -> bool:
        """Whether there is a class to be right or wrong about: two of them, at least."""
        return self.n_classes not in (0, 1)

    @property
    def has_folds(self) -> bool:
        """Whether one fold can ask the others."""
        return len(self.folds) > 1


Look = Callable[[Config], Facts]


def settle(config: dict[str, Any], facts: Facts) -> Iterator[str]:
    """Set the protocol that the data allow, and tell of it.

    Parameters
    ----------
    config : dict
        Clips without folds ask all others, whatever ``retrieval.protocol`` says.
    facts : Facts
        Of its data.

    Yields
    ------
    str
        A line for the person who starts the run.
    """
    told, retrieval = facts.told, config["retrieval"]
    if not facts.has_folds:
        retrieval["protocol"] = LEAVE_ONE_OUT
        told += ": every clip asks all others (leave_one_out), and no network is trained"
        told += "; `make_folds: 5` makes folds" if facts.has_classes else ""
    if not facts.has_classes:
        told += (
            ". Nothing can be scored: there are hits, maps and the page, and no tables of results"
        )
    if told:
        yield f"{told}."


def check_splits(facts: Facts, splits: Mapping[Split, str], choosing: Mapping[Split, str]) -> None:
    """Check that the folds that are asked about are there, and others beside them.

    Parameters
    ----------
    facts : Facts
        Of the data.
    splits : mapping of Split to str
        All that are used, each with the key of the config that asks for it.
    choosing : mapping of Split to str
        Those on which something is chosen by a fold that is neither tested nor trained on.

    Raises
    ------
    ConfigError
        With a line for each split that the data cannot have.
    """
    faults = [*_absent_folds(facts, splits)] or [*_too_few_folds(facts, choosing)]
    if faults:
        lines = "\n".join(f"  {fault}" for fault in dict.fromkeys(faults))
        raise ConfigError(f"the data set has the folds {_listed(facts.folds)}:\n{lines}")


def _absent_folds(facts: Facts, splits: Mapping[Split, str]) -> Iterator[str]:
    last = facts.folds[-1:]
    for split, key in splits.items():
        asked = f"retrieval.query_folds: {list(split.query_folds)}"
        absent = sorted({*split.query_folds} - {*facts.folds})
        if absent:
            yield (
                f"{asked}: no clip lies in fold {_listed(absent)}; set retrieval.query_folds: "
                f"{list(last)}, or {key}: cv, by which each fold is asked in turn"
            )
        elif split.query_folds and {*facts.folds} <= {*split.query_folds}:
            yield (
                f"{asked} are all folds of the data set, and none is left for the gallery; take "
                "one out of retrieval.query_folds"
            )


def _too_few_folds(facts: Facts, choosing: Mapping[Split, str]) -> Iterator[str]:
    for split, key in choosing.items():
        n_others = len({*facts.folds} - {*split.query_folds})
        if n_others < 2:
            yield (
                f"{key}: one fold tests, one chooses and the others train, and beside "
                f"{_listed(split.query_folds)} there is {n_others}; give the data three folds or "
                "more, or choose nothing"
            )


def _listed(folds: Any) -> str:
    return ", ".join(map(str, folds)) or "none"

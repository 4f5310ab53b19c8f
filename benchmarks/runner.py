"""Time contenders in turns, and check that they compute the same.

In every round each contender runs once, and a ratio is taken within its round: what slows the
machine down for a while slows all contenders down alike.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from resound.errors import ParameterError, ResoundError, check_positive_int

Array = npt.NDArray[Any]
Row = dict[str, Any]


class Disagreement(ResoundError):
    """Two contenders were given the same problem and returned different results."""


@dataclass(frozen=True)
class Contender:
    """One way to solve a case, or a leading part of it.

    Attributes
    ----------
    name : str
        The library, and what sets this contender apart from others of it.
    run : callable
        Solve the problem and return the result as an array.
    work : float
        How much is solved, in the unit of the case.
    facts : mapping
        Further columns of the contender's row.
    """

    name: str
    run: Callable[[], Array]
    work: float
    facts: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """A problem and its contenders, the first of which the others are compared with.

    Attributes
    ----------
    name : str
        What is computed.
    unit : str
        What `Contender.work` counts.
    n_threads : int
        Threads of every contender.
    contenders : sequence of Contender
        Their results may differ in size: the part that both have is compared.
    difference : callable
        ``difference(reference, other)``, the largest difference of two results.
    tolerance : float
        The largest difference that is agreement still.
    """

    name: str
    unit: str
    n_threads: int
    contenders: Sequence[Contender]
    difference: Callable[[Array, Array], float]
    tolerance: float


def relative(reference: Array, other: Array) -> float:
    """Return the largest ``|other - reference| / |reference|``; where both are 0 they agree."""
    gap = np.abs(np.asarray(other, np.float64) - reference)
    scale = np.abs(np.asarray(reference, np.float64))
    return float(np.divide(gap, scale, out=np.where(gap > 0, np.inf, 0.0), where=scale > 0).max())


def absolute(reference: Array, other: Array) -> float:
    """Return the largest ``|other - reference|``."""
    return float(np.abs(np.asarray(other, np.float64) - reference).max())


def measure(case: Case, *, rounds: int) -> list[Row]:
    """Run all contenders of a case once to compare them, then `rounds` times to time them.

    Returns
    -------
    list of dict
        One a contender: `case`, `contender`, `threads`, `work`, `unit`; `seconds`, the median of
        the rounds; `rate`, the work a second; `ratio`, the median over the rounds of the first
        contender's rate divided by this one's; `difference` from the first one's result; and the
        contender's `facts`.

    Raises
    ------
    Disagreement
        When a result differs from the first contender's by more than the tolerance.
    ParameterError
        When `rounds` is not a positive integer.
    """
    check_positive_int("rounds", rounds)
    differences = _compare(case)
    seconds = np.array([_round(case, first) for first in range(rounds)])
    work = np.array([contender.work for contender in case.contenders])
    ratios = np.median((seconds / work) / (seconds / work)[:, :1], axis=0)
    medians = np.median(seconds, axis=0)
    return [
        {
            "case": case.name,
            "contender": contender.name,
            "threads": case.n_threads,
            "work": contender.work,
            "unit": case.unit,
            "seconds": float(medians[i]),
            "rate": float(contender.work / medians[i]),
            "ratio": float(ratios[i]),
            "difference": differences[i],
            **contender.facts,
        }
        for i, contender in enumerate(case.contenders)
    ]


def _compare(case: Case) -> list[float]:
    """Return the difference of each result from the first one; also warms every contender up."""
    reference = case.contenders[0].run()
    differences = [0.0]
    for contender in case.contenders[1:]:
        ours, theirs = _overlap(reference, contender.run())
        differences.append(case.difference(ours, theirs))
        if not differences[-1] <= case.tolerance:
            raise Disagreement(
                f"{case.name}: the results of {contender.name} and {case.contenders[0].name} "
                f"differ by {differences[-1]:.3g}, and at most {case.tolerance:g} is agreement; "
                "compare the options that both are called with"
            )
    return differences


def _overlap(a: Array, b: Array) -> tuple[Array, Array]:
    if a.ndim != b.ndim:
        raise ParameterError(f"results of shapes {a.shape} and {b.shape} must have the same axes")
    corner = tuple(slice(min(sizes)) for sizes in zip(a.shape, b.shape, strict=True))
    return a[corner], b[corner]


def _round(case: Case, first: int) -> list[float]:
    """Return the seconds of every contender; the one that begins differs from round to round."""
    n = len(case.contenders)
    seconds = [0.0] * n
    for i in ((first + step) % n for step in range(n)):
        start = time.perf_counter()
        case.contenders[i].run()
        seconds[i] = time.perf_counter() - start
    return seconds

"""Costs of finding hits: pairs of clips that were compared, and the processor's time for them."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pandas as pd

from resound import store

ALL, PROPOSING, DECIDING = "all", "proposing", "deciding"
COLUMNS = {"stage": "str", "pairs": "int64", "cpu_seconds": "float64"}


@dataclass
class Cost:
    """What a stage of a search has taken so far.

    Attributes
    ----------
    stage : str
        ``all`` where every pair is compared, ``proposing`` and ``deciding`` of two stages.
    pairs : int
        Pairs of clips whose distances were computed.
    cpu_seconds : float
        Time of all threads of this process within `counted`, reading of the banks included;
        compiling, loading of libraries and writing are not.
    """

    stage: str
    pairs: int = 0
    cpu_seconds: float = 0.0

    @contextmanager
    def counted(self, pairs: int) -> Iterator[None]:
        """Count the processor's time of a block, which compares so many pairs."""
        before = time.process_time()
        yield
        self.cpu_seconds += time.process_time() - before
        self.pairs += pairs


def write_costs(costs: Iterable[Cost], path: store.AnyPath) -> None:
    """Store the costs of a job, a row a stage."""
    rows = [(cost.stage, cost.pairs, cost.cpu_seconds) for cost in costs]
    store.write_csv(pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS), path)


def read_costs(paths: Iterable[store.AnyPath]) -> pd.DataFrame:
    """Return the costs of the jobs of a run, added up: ``pairs, cpu_seconds`` by stage."""
    read = [store.read_csv(path, dtypes=COLUMNS) for path in paths]
    return pd.concat(read).groupby("stage", sort=False).sum()

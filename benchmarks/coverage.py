"""Measure how often intervals cover and tests reject on the recordings of real folds.

    RESOUND_ESC50=<folder> python -m benchmarks.coverage

Queries are simulated with the classes and recordings of ESC-50's and ESC-10's folds; ways are
compared on folds 1 to 4, and fold 5 is reported. Writes docs/intervals.md.
"""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from resound.metrics import intervals
from resound.metrics.sign_flip import sign_flip

Float64 = npt.NDArray[np.float64]
Ends = tuple[Float64, Float64]

PAGE = Path(__file__).resolve().parents[1] / "docs" / "intervals.md"
MEANS, CORRELATIONS, KINDS = (
    (0.1, 0.6, 0.9),
    (0.0, 0.2, 0.5, 0.8),
    {1: "right or wrong", 10: "of 10"},
)
TRIALS = {"ESC-10": 4000, "ESC-50": 2000}
COVERS = (0.93, 0.97)
N_METHODS, FAMILIES, PATTERNS, LEVEL = 12, 20_000, 999, 0.05
RESAMPLINGS = 300


class Fold(NamedTuple):
    """Class and recording (Q,) of each query of a fold, as numbers from 0."""

    data: str
    number: int
    strata: npt.NDArray[np.intp]
    clusters: npt.NDArray[np.intp]


def folds(data_root: Path) -> Iterator[Fold]:
    """Yield the folds of ESC-10 and of ESC-50."""
    meta = pd.read_csv(data_root / "meta/esc50.csv", dtype={"src_file": str})
    for data, listed in (("ESC-10", meta[meta["esc10"]]), ("ESC-50", meta)):
        for number, part in listed.groupby("fold"):
            pairs = part["category"] + " " + part["src_file"]
            codes = (
                np.unique(labels, return_inverse=True)[1] for labels in (part["category"], pairs)
            )
            yield Fold(data, int(str(number)), *codes)


def simulated(
    fold: Fold, mean: float, correlation: float, out_of: int, trials: int, rng: np.random.Generator
) -> Float64:
    """Return values (Q, trials): shares of `out_of` drawn with a chance that recordings have."""
    size = (fold.clusters.max() + 1, trials)
    chance = np.full(size, mean)
    if correlation:
        scale = (1 - correlation) / correlation
        chance = rng.beta(mean * scale, (1 - mean) * scale, size)
    drawn: Float64 = rng.binomial(out_of, chance[fold.clusters]) / out_of
    return drawn


def bootstrap(x: Float64, fold: Fold) -> Ends:
    """Return percentile bootstrap intervals: recordings drawn within each class."""
    rng = np.random.default_rng(0)
    sizes = np.bincount(fold.clusters)
    of_cluster = np.zeros(len(sizes), np.intp)
    of_cluster[fold.clusters] = fold.strata
    draws = np.zeros((RESAMPLINGS, len(sizes)))
    for stratum in range(of_cluster.max() + 1):
        (members,) = np.nonzero(of_cluster == stratum)
        shares = np.full(len(members), 1 / len(members))
        draws[:, members] = rng.multinomial(len(members), shares, RESAMPLINGS)
    sums = np.zeros((len(sizes), x.shape[1]))
    np.add.at(sums, fold.clusters, x)
    low, high = np.quantile((draws @ sums) / (draws @ sizes)[:, np.newaxis], [0.025, 0.975], axis=0)
    return low, high


def trials_of(x: Float64, fold: Fold) -> tuple[Float64, Float64]:
    """Return the means, and the trials whose variance they have with Student's quantiles."""
    mean, spread = x.mean(axis=0), intervals._spread(x, fold.strata, fold.clusters)
    varies = spread.variance > 0
    trials = np.where(varies, mean * (1 - mean) / np.where(varies, spread.variance, 1), len(x))
    return mean, trials * (stats.norm.isf(0.025) / stats.t.isf(0.025, spread.freedom)) ** 2


def wilson(x: Float64, fold: Fold) -> Ends:
    """Return Wilson's intervals of as many trials."""
    (m, n), z = trials_of(x, fold), stats.norm.isf(0.025)
    half = z / (n + z * z) * np.sqrt(n * m * (1 - m) + z * z / 4)
    middle = (m * n + z * z / 2) / (n + z * z)
    return middle - half, middle + half


def clopper_pearson(x: Float64, fold: Fold) -> Ends:
    """Return Clopper's and Pearson's intervals of as many trials."""
    m, n = trials_of(x, fold)
    low = stats.beta.ppf(0.025, m * n, (1 - m) * n + 1)
    high = stats.beta.isf(0.025, m * n + 1, (1 - m) * n)
    return np.nan_to_num(low, nan=0.0), np.nan_to_num(high, nan=1.0)


WAYS: dict[str, Callable[[Float64, Fold], Ends]] = {
    "variance components, Jeffreys": lambda x, f: intervals.mean_interval(x, f.strata, f.clusters),
    "the same, Wilson": wilson,
    "the same, Clopper and Pearson": clopper_pearson,
    "the same, Student": lambda x, f: intervals.mean_interval(
        x, f.strata, f.clusters, shares=False
    ),
    "percentile bootstrap of recordings": bootstrap,
}


def coverage(fold: Fold, trials: int) -> pd.DataFrame:
    """Return how often each way covers, a row a simulated truth."""
    rng = np.random.default_rng([fold.number, len(fold.strata)])
    rows = []
    for kind, mean, correlation in itertools.product(KINDS, MEANS, CORRELATIONS):
        x = simulated(fold, mean, correlation, kind, trials, rng)
        row = {"data": fold.data, "fold": fold.number, "values": KINDS[kind]}
        row |= {"mean": mean, "correlation": correlation}
        for name, way in WAYS.items():
            low, high = way(x, fold)
            row[name] = float(np.mean((low <= mean) & (mean <= high)))
        rows.append(row)
    return pd.DataFrame(rows)


def rejections(fold: Fold, families: int) -> dict[str, float]:
    """Return in what share of families of equal methods a test rejects, at the level of 5 %."""
    pairs = list(itertools.combinations(range(N_METHODS), 2))
    found = dict.fromkeys(("all pairs, Westfall and Young", "best with others, Holm"), 0)
    for family in range(families):
        rng = np.random.default_rng([fold.number, family])
        x = simulated(fold, 0.6, 0.5, 10, 1, rng) / 2 + rng.normal(
            0, 0.2, (len(fold.strata), N_METHODS)
        )
        sums = np.zeros((fold.clusters.max() + 1, N_METHODS))
        np.add.at(sums, fold.clusters, x)
        p = sign_flip(
            np.column_stack([sums[:, a] - sums[:, b] for a, b in pairs]), samples=PATTERNS, rng=rng
        )
        best = int(sums.sum(axis=0).argmax())
        alone = np.sort([p.alone[i] for i, pair in enumerate(pairs) if best in pair])
        found["all pairs, Westfall and Young"] += p.adjusted.min() <= LEVEL
        found["best with others, Holm"] += len(alone) * alone[0] <= LEVEL
    return {name: count / families for name, count in found.items()}


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Return the least and largest coverage of each way, and how many lie within the goal."""
    rows = []
    for data, part in found.groupby("data"):
        for name in WAYS:
            of = part[name].round(3)
            within = f"{int(of.between(*COVERS).sum())} of {len(of)}"
            rows.append(
                {"folds of": data, "interval": name, "least": of.min(), "largest": of.max()}
            )
            rows[-1] |= {"within .93 to .97": within}
    return pd.DataFrame(rows)


def page(chosen: pd.DataFrame, reported: pd.DataFrame, tests: pd.DataFrame) -> str:
    """Return the page."""
    text = PAGE.read_text("utf-8")
    made = {
        "chosen": summary(chosen).to_markdown(index=False, floatfmt=".3f"),
        "reported": summary(reported).to_markdown(index=False, floatfmt=".3f"),
        "truths": _truths(reported).to_markdown(index=False, floatfmt=".3f"),
        "tests": tests.to_markdown(index=False, floatfmt=".3f"),
    }
    for name, table in made.items():
        start, end = f"<!-- {name} -->", f"<!-- end: {name} -->"
        before, _, rest = text.partition(start)
        text = f"{before}{start}\n\n{table}\n\n{end}{rest.partition(end)[2]}"
    return text


def _truths(reported: pd.DataFrame) -> pd.DataFrame:
    """Return the coverage of our interval, a row a kind of values, a column a mean."""
    ours = reported.rename(columns={next(iter(WAYS)): "covers"})
    about = ["data", "values", "correlation"]
    table = ours.pivot_table(index=about, columns="mean", values="covers").reset_index()
    return table.rename(columns={mean: f"mean {mean}" for mean in MEANS}).rename_axis(columns=None)


def main() -> None:
    """Simulate, and write the page."""
    every = list(folds(Path(os.environ["RESOUND_ESC50"])))
    last = [fold for fold in every if fold.number == 5]
    found = pd.concat([coverage(fold, TRIALS[fold.data]) for fold in every])
    tests = pd.DataFrame([{"fold 5 of": f.data, **rejections(f, FAMILIES)} for f in last])
    reported = found["fold"] == 5
    PAGE.write_text(page(found[~reported], found[reported], tests), "utf-8")


if __name__ == "__main__":
    main()

"""The table of recipes: how each one does on inner folds, and which is chosen for a test fold."""

import pandas as pd

from resound.data.index import read_clips
from resound.evaluation.predictions import read_clip_scores
from resound.evaluation.recipes import Recipe, choose_recipes
from resound.registry import TABLES
from resound.report import tables
from resound.report.made import Files, Spec, Table

CAPTION = (
    "recipes of training, each trained without two folds at a time. For an outer fold, the "
    "accuracy of a recipe is that on the four others, each by the training that left out it and "
    "the outer fold: no clip of the outer fold decides. Spread is the standard deviation over the "
    "inner folds. The highest accuracy is chosen and stands in bold."
)


@TABLES.register(
    "recipes",
    asked="paired",
    place=21,
    needs=("clips", "network_predictions"),
    told=("present_networks", "test_folds", "dataset"),
)
def recipes(files: Files, spec: Spec) -> Table:
    """Return the table of recipes."""
    found: dict[tuple[Recipe, tuple[int, ...]], list[pd.DataFrame]] = {}
    rows = zip(
        spec["present_networks"],
        map(read_clip_scores, files["network_predictions"]),
        strict=True,
    )
    for (*names, split, _), scores in rows:
        pair = tuple(spec["test_folds"][split])
        found.setdefault((Recipe(*names), pair), []).append(scores)
    folds = read_clips(files["clips"][0]).set_index("id")["fold"]
    frame = choose_recipes(found, folds)
    shown = frame.drop(columns="chosen")
    marked = zip(frame["accuracy"], frame["chosen"], strict=True)
    shown["accuracy"] = [tables.number(accuracy, chosen) for accuracy, chosen in marked]
    shown["spread"] = [tables.number(spread) for spread in frame["spread"]]
    return Table(frame, shown, f"{spec['dataset']}: {CAPTION}")

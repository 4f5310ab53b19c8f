"""ESC-50's layout: a folder with ``audio/`` and one CSV file in ``meta/``.

The CSV has the columns ``filename,fold,target,category,esc10,src_file,take``. Four kinds of data
set are read from it:

========== =========================================================================================
esc50      all rows
esc10      the rows with ``esc10`` True (or TRUE), of ESC-50 or of a folder that holds only those
synthetic  all rows of a folder that `resound.data.synthetic` made
folder     all rows of any folder; only ``filename`` must be there. Without ``category`` clips have
           an empty one, which stands for no label; without ``fold`` every clip has fold 0, which
           stands for no folds; without ``target`` categories are numbered in alphabetical order;
           without ``src_file`` each clip is a recording. Without ``meta/`` the folder is its own
           list: see `resound.data.cliplist`
========== =========================================================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from resound.data.cliplist import Row, clip_id, find_list, read_rows, recording_of
from resound.data.faults import raise_faults
from resound.data.folds import NO_FOLDS

NO_LABEL = ""
GROUPS = {
    "Animals": "dog rooster pig cow frog cat hen insects sheep crow",
    "Natural soundscapes & water sounds": "rain sea_waves crackling_fire crickets chirping_birds "
    "water_drops wind pouring_water toilet_flush thunderstorm",
    "Human, non-speech sounds": "crying_baby sneezing clapping breathing coughing footsteps "
    "laughing brushing_teeth snoring drinking_sipping",
    "Interior/domestic sounds": "door_wood_knock mouse_click keyboard_typing door_wood_creaks "
    "can_opening washing_machine vacuum_cleaner clock_alarm clock_tick glass_breaking",
    "Exterior/urban noises": "helicopter chainsaw siren car_horn engine train church_bells "
    "airplane fireworks hand_saw",
}
CATEGORIES = tuple(name for names in GROUPS.values() for name in names.split())
GROUP_OF = {name: group for group, names in GROUPS.items() for name in names.split()}


@dataclass(frozen=True)
class Contents:
    """What a data set must hold.

    Attributes
    ----------
    clips, classes, clips_per_class, clips_per_class_and_fold : int
        Exact counts.
    sample_rate, channels, frames : int
        Of every audio file: Hz, count, frames per channel.
    split_recordings : tuple of str
        The recordings that the released folds divide.
    """

    clips: int
    classes: int
    clips_per_class: int
    clips_per_class_and_fold: int
    sample_rate: int = 44_100
    channels: int = 1
    frames: int = 220_500
    split_recordings: tuple[str, ...] = ()


# Each of these four has clips in two folds, of another class in each: a clock ticks and rings.
ESC50_SPLIT_RECORDINGS = ("131943", "134049", "209698", "234879")
CONTENTS = {
    "esc50": Contents(2000, 50, 40, 8, split_recordings=ESC50_SPLIT_RECORDINGS),
    "esc10": Contents(400, 10, 40, 8),
}


def read_meta(data_root: Path, dataset: str) -> pd.DataFrame:
    """Read and check the clip list of a data set in ESC-50's layout.

    Parameters
    ----------
    data_root : pathlib.Path
        The folder that holds ``audio/`` and ``meta/``; of ``folder``, of sounds.
    dataset : str
        ``esc50``, ``esc10``, ``synthetic`` or ``folder``; see the module's table.

    Returns
    -------
    DataFrame
        One row a clip, sorted by id: `id` (file name without extension), `file` (path below
        `data_root`), `fold`, `target`, `category`, `group` (ESC-50's major group, empty for a
        category that ESC-50 does not have) and `src_file` (the recording it was cut from).

    Raises
    ------
    DataError
        When the folder or its CSV is missing, or the CSV breaks the layout: one error that lists
        every fault with its line.
    """
    listed = find_list(data_root, dataset)
    return _meta_frame(read_rows(listed, dataset), listed.sounds)


def is_vacant(data_root: Path) -> bool:
    """Whether a data set can be put at `data_root`: it is absent or an empty folder."""
    return not data_root.exists() or (data_root.is_dir() and not any(data_root.iterdir()))


def check_contents(meta: pd.DataFrame, expected: Contents) -> None:
    """Check the numbers of clips that `read_meta` found.

    Raises
    ------
    DataError
        Lists every count that differs from `expected`.
    """
    counts = pd.crosstab(meta["category"], meta["fold"])
    folds = expected.clips_per_class // expected.clips_per_class_and_fold
    checks = [
        ("clips", len(meta), expected.clips),
        ("classes", len(counts), expected.classes),
        ("folds", len(counts.columns), folds),
    ]
    for name, row in counts.iterrows():
        checks.append((f"clips of {name}", int(row.sum()), expected.clips_per_class))
        for fold, found in row.items():
            where = f"clips of {name} in fold {fold}"
            checks.append((where, int(found), expected.clips_per_class_and_fold))
    faults = [f"{what}: {found}, not {wanted}" for what, found, wanted in checks if found != wanted]
    raise_faults("contents", faults, "fetch the data set again, or use `dataset: folder`")


def _meta_frame(rows: Sequence[Row], sounds: str) -> pd.DataFrame:
    categories = [row.get("category", NO_LABEL) for row in rows]
    numbers = {name: i for i, name in enumerate(sorted({*categories}))}
    targets = (row.get("target", numbers[c]) for row, c in zip(rows, categories, strict=True))
    frame = pd.DataFrame(
        {
            "id": [clip_id(row["filename"]) for row in rows],
            "file": [Path(sounds, row["filename"]).as_posix() for row in rows],
            "fold": [int(row.get("fold", NO_FOLDS)) for row in rows],
            "target": [int(target) for target in targets],
            "category": categories,
            "group": [GROUP_OF.get(category, "") for category in categories],
            "src_file": [recording_of(row) for row in rows],
        }
    )
    return frame.sort_values("id", ignore_index=True)

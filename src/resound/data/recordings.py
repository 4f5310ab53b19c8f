"""Recordings that clips were cut from, and the check that each lies in one fold.

The rules import this module: it needs the standard library alone.
"""

from collections.abc import Container, Iterable

from resound.data.faults import raise_faults

Place = tuple[str, str, object]
NEXT_STEP = (
    "give all clips of a recording one fold; for `dataset: folder`, `on_split_recording: exclude` "
    "leaves such clips out where their recording asks, and `keep` lets them be"
)


def check_one_fold_each(places: Iterable[Place], released: Container[str] = ()) -> None:
    """Check that the clips of each recording lie in one fold.

    Otherwise a query would find a piece of its own recording in the gallery.

    Parameters
    ----------
    places : iterable of (str, str, int or str)
        Of each clip its name, its recording and its fold.
    released : container of str
        Recordings that the data set itself splits, which is no fault.

    Raises
    ------
    DataError
        Names every other recording in several folds, with its clips.
    """
    found: dict[str, list[Place]] = {}
    for place in places:
        found.setdefault(place[1], []).append(place)
    faults = [
        f"recording {recording}: {whereabouts(clips)}"
        for recording, clips in sorted(found.items())
        if len({fold for _, _, fold in clips}) > 1 and recording not in released
    ]
    raise_faults("recordings in several folds", faults, NEXT_STEP)


def whereabouts(places: Iterable[Place]) -> str:
    """Say where some clips lie: ``a in fold 1, b in fold 2``."""
    return ", ".join(f"{clip} in fold {fold}" for clip, _, fold in places)

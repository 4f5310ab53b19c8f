"""The fetching of ESC-50: its archive, unpacked, whose contents decide whether it is right."""

import hashlib
import logging
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from resound.audio.reading import AnyPath, UnreadableAudio, open_audio
from resound.data import synthetic
from resound.data.archive import unpack_zip
from resound.data.cliplist import AUDIO, META, find_list
from resound.data.download import PAUSE_SECONDS, download
from resound.data.faults import raise_faults
from resound.data.layout import CONTENTS, Contents, check_contents, is_vacant, read_meta
from resound.errors import DataError
from resound.jobs.progress import track
from resound.store import replacing, sha256_of

log = logging.getLogger(__name__)


def ensure_dataset(dataset: str, data_root: AnyPath, **origin: Any) -> dict[str, Any]:
    """Make the data set at `data_root` where it has to be made, and say what is there.

    Parameters
    ----------
    dataset : str
        ``esc50`` and ``esc10`` are fetched unless something is there, ``synthetic`` is generated
        anew, a ``folder`` must be there.
    data_root : path
        The data set's folder.
    **origin
        Keywords of `fetch_dataset` or of `resound.data.synthetic.generate`; none for a ``folder``.

    Returns
    -------
    dict
        `dataset`, the numbers of `clips` and `classes` that it lists, and the `sha256` of its CSV,
        or of what would stand in one.

    Raises
    ------
    DataError
        When the data set cannot be made, or its CSV breaks ESC-50's layout.
    """
    data_root = Path(data_root)
    if dataset == "synthetic":
        synthetic.generate(data_root, **origin)
    elif dataset in CONTENTS and is_vacant(data_root):
        fetch_dataset(data_root, **origin)
    meta = read_meta(data_root, dataset)
    return {
        "dataset": dataset,
        "clips": len(meta),
        "classes": int(meta["category"].nunique()),
        "sha256": hashlib.sha256(find_list(data_root, dataset).content).hexdigest(),
    }


def fetch_dataset(
    data_root: Path,
    *,
    url: str,
    size: int,
    sha256: str,
    expected: Contents = CONTENTS["esc50"],
    n_threads: int = 1,
    pause: float = PAUSE_SECONDS,
) -> None:
    """Make `data_root` from ESC-50's archive, which must be absent or empty.

    The archive goes to ``<data_root>.zip``, where one placed by hand is used as it is. It is
    unpacked beside `data_root`, checked and renamed, so an interrupted run leaves no `data_root`;
    then the archive is deleted. The contents decide: an archive of another size or digest with the
    right contents is a warning in the log.

    Parameters
    ----------
    data_root : pathlib.Path
        The folder to make; absent or empty.
    url : str
        The archive's address.
    size : int
        Bytes that the archive is known to have.
    sha256 : str
        Its digest, in hexadecimal.
    expected : Contents
        What it must hold.
    n_threads : int
        Threads that read audio headers.
    pause : float
        Seconds before a broken download is resumed.

    Raises
    ------
    DataError
        When the archive cannot be downloaded (says how to place
        it by hand), is damaged or unsafe, or holds something else than `expected`.
    """
    archive = data_root.with_name(f"{data_root.name}.zip")
    placed_by_hand = archive.is_file()
    if not placed_by_hand:
        _download(url, archive, data_root, size, pause)
    try:
        _install(archive, data_root, expected, n_threads)
    except DataError as error:
        if placed_by_hand:
            raise DataError(f"{error}\n{archive} was there before; replace or delete it") from error
        archive.unlink()
        raise
    _compare_digest(archive, size, sha256)
    archive.unlink()


def check_audio(
    data_root: Path, meta: pd.DataFrame, expected: Contents, *, n_threads: int = 1
) -> None:
    """Check that ``audio/`` holds the listed files, no others, of the expected rate and length.

    Raises
    ------
    DataError
        Lists every file that is missing, unlisted, unreadable, or of another rate, channel count
        or length by its header.
    """

    def fault(file: str) -> str:
        try:
            with open_audio(data_root / file) as audio:
                found = (audio.samplerate, audio.channels, audio.frames)
        except UnreadableAudio as error:
            return f"{file}: {error.rule}: {error.detail}"
        wanted = (expected.sample_rate, expected.channels, expected.frames)
        return "" if found == wanted else f"{file}: (Hz, channels, frames) {found}, not {wanted}"

    with ThreadPoolExecutor(n_threads) as pool:
        results = track(pool.map(fault, meta["file"]), "check audio", total=len(meta))
        faults = [result for result in results if result]
    present = {f"{AUDIO}/{path.name}" for path in (data_root / AUDIO).glob("*")}
    faults += [f"{file}: is not in the CSV" for file in sorted(present - set(meta["file"]))]
    raise_faults("audio files", faults, "fetch the data set again, or use `dataset: folder`")


def _download(url: str, archive: Path, data_root: Path, size: int, pause: float) -> None:
    try:
        download(url, archive, size=size, pause=pause)
    except DataError as error:
        raise DataError(
            f"{error}\nTo place the data set by hand, either\n"
            f"- open the address in a browser, save the archive as {archive} and run again; or\n"
            f"- unpack it so that {data_root / META / 'esc50.csv'} and {data_root / AUDIO} "
            "are there; or\n"
            "- name a folder that has meta/ and audio/: --config data_root=<folder>"
        ) from error


def _install(archive: Path, data_root: Path, expected: Contents, n_threads: int) -> None:
    """Unpack and check the archive beside `data_root`, then rename it to `data_root`."""
    with (
        tempfile.TemporaryDirectory(
            prefix=f".{data_root.name}.", suffix=".tmp", dir=data_root.parent
        ) as unpacked,
        replacing(data_root) as folder,
    ):
        unpack_zip(archive, Path(unpacked))
        _top_folder(archive, Path(unpacked)).rename(folder)
        meta = read_meta(folder, "esc50")
        check_contents(meta, expected)
        check_audio(folder, meta, expected, n_threads=n_threads)


def _top_folder(archive: Path, unpacked: Path) -> Path:
    """Return the folder that holds ``meta/``: an archive of GitHub has one folder around it."""
    for folder in (unpacked, *sorted(unpacked.iterdir())):
        if (folder / META).is_dir():
            return folder
    raise DataError(f"{archive}: holds no meta/ folder, so it is not ESC-50; use another archive")


def _compare_digest(archive: Path, size: int, sha256: str) -> None:
    digest = sha256_of(archive)
    if digest != sha256.lower():
        log.warning(
            "%s: sha256 %s (%d bytes) is not the known %s (%d bytes); its contents are right",
            *(archive, digest, archive.stat().st_size, sha256, size),
        )

"""Modules that say `DECIDES_NO_NUMBER`: where they do nothing, the same bytes are stored.

The folder `silent` has a module for each of them, of the same functions, which do nothing and
return what they were given, if anything. A part of the tiny experiment that goes through all of
them is run with these in their place. That what they return is nowhere used is shown in
tests/unit/test_no_number.py.
"""

import json
import shutil
from pathlib import Path

import pytest

from resound import provenance

pytestmark = pytest.mark.slow

SILENT = Path(__file__).with_name("silent")
PROGRESS = "src/resound/jobs/progress.py"
MFCC = "mfcc/sr16000_nfft2048_hop512"
MEL = "mel/sr44100_nfft2048_hop1024/fold5/seed0"
BANK = f"out/features/{MFCC}/bank.npy"
TARGETS = (
    f"out/distances/dtw/{MFCC}/fold5/tile0-0/distances.npy",
    f"out/distances/cosine/{MFCC}/fold5/tile0-0/distances.npy",
    f"out/models/cnn/{MEL}/predictions.csv",
    f"out/models/autoencoder_128/{MEL}/history.csv",
)
STORED = ("data", "out")
# Times, and time stamps.
MEASURED = {"benchmarks", "logs", "files.json", "costs.csv"}


def stored(folder: Path) -> dict[str, bytes | str]:
    """Return all that a run has stored but what is measured anew in every run."""
    files = (path for part in STORED for path in (folder / part).rglob("*"))
    names = {path: path.relative_to(folder) for path in files if path.is_file()}
    return {
        name.as_posix(): untimed(path) if path.name == "model.json" else path.read_bytes()
        for path, name in names.items()
        if not MEASURED & {*name.parts} and path.name != ".run.lock"
    }


def untimed(record: Path) -> str:
    """Return the record of a training without the seconds that it took."""
    content = json.loads(record.read_text())
    del content["training"]["seconds"]
    return json.dumps(content)


def declared(source: Path) -> set[str]:
    """Return the modules of a package that decide no number, by their own words."""
    paths = source.rglob("*.py")
    return {p.relative_to(source).as_posix() for p in paths if provenance.why_left_out(p)}


def test_what_decides_no_number_can_be_silent(copied):
    package, ordinary = copied.folder / "src/resound", stored(copied.folder)
    silent = {path.relative_to(SILENT).as_posix() for path in SILENT.rglob("*.py")}
    assert silent == declared(package)
    shutil.copytree(SILENT, package, dirs_exist_ok=True)
    for part in STORED:
        shutil.rmtree(copied.folder / part)
    copied.snakemake(*TARGETS, "--cores", "2", "--configfile", "tiny.yaml")
    without = stored(copied.folder)
    assert {*TARGETS} < without.keys()
    assert [name for name in without if without[name] != ordinary.get(name)] == []


def test_a_number_that_is_decided_is_seen(copied):
    """Progress that drops the last item leaves the last clips without a feature."""
    before = stored(copied.folder)
    copied.edit(PROGRESS, "return tqdm(items,", "return tqdm(list(items)[:-1],")
    assert copied.stale() == {}
    copied.snakemake(BANK, "--forcerun", BANK, "--configfile", "tiny.yaml")
    after = stored(copied.folder)
    differing = {name for name in after if after[name] != before.get(name)}
    assert differing == {BANK, BANK.replace("bank.npy", "spec.json")}  # which has its digest

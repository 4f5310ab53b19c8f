"""The package as a library: what `import resound` gives, and how soon."""

import subprocess
import sys
from importlib import metadata

import numpy as np
import pytest
import soundfile

import resound


def test_importing_it_imports_nothing_else():
    code = (
        "import sys; before = set(sys.modules); import resound; new = set(sys.modules) - before;"
        "print(sorted(name.split('.')[0] for name in new - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    outside = set(eval(done.stdout)) - set(sys.stdlib_module_names)
    assert outside == {"resound"}


def test_it_tells_its_version_and_what_it_has():
    assert resound.__version__ == metadata.version("resound")
    assert {"load", "extract", "dtw", "similar", "plot"} <= set(dir(resound))
    assert "extract" in resound.__doc__
    with pytest.raises(AttributeError, match=r"no 'extrakt'; it has __version__, load, extract"):
        _ = resound.extrakt


def test_from_a_file_to_a_feature_a_distance_the_nearest_and_a_picture(tmp_path):
    rng = np.random.default_rng(0)
    found = []
    for number, seconds in enumerate((0.5, 0.75, 0.5)):
        path = tmp_path / f"{number}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(8000), 16_000)
        waveform = resound.load(path, sample_rate=16_000, duration=seconds)
        found.append(
            resound.extract("mfcc", waveform, sample_rate=16_000, n_fft=512, hop_length=256)
        )
    assert [len(clip) for clip in found] == [32, 47, 32]
    nearest = resound.similar(found[1], found, k=2)
    assert nearest.positions[0] == 1
    assert nearest.distances[1] == resound.dtw(found[1], found[nearest.positions[1]])
    resound.plot(waveform, tmp_path / "x.png", sample_rate=16_000, n_fft=512, hop_length=256)
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")

"""Long files of real clips: what was cut out between windows is the first hit, where it was."""

import os

import numpy as np
import pytest
import soundfile

from resound import cli
from resound.searching.asking import ask, read_query
from resound.searching.index import Index
from resound.searching.refining import refined

N_FILES, CLIPS_A_FILE, N_QUERIES = 4, 100, 50
CLIP_SECONDS, WINDOW, HOP = 5, 5.0, 2.5


@pytest.mark.slow
@pytest.mark.real_data
def test_what_is_cut_out_of_long_files_is_found_where_it_was(esc50, tmp_path):
    weights = os.environ.get("RESOUND_EFFICIENTAT")
    if not weights:
        pytest.skip("RESOUND_EFFICIENTAT is not set: it names mn04_as_mAP_432.pt")
    clips, draws = sorted((esc50 / "audio").glob("*.wav")), np.random.default_rng(0)
    chosen = draws.permutation(len(clips))[: N_FILES * CLIPS_A_FILE]
    (tmp_path / "long").mkdir()
    for number, some in enumerate(np.split(chosen, N_FILES)):
        with soundfile.SoundFile(tmp_path / f"long/{number}.flac", "w", 44_100, 1) as file:
            for clip in some:
                file.write(soundfile.read(clips[clip], dtype="int16")[0])
    ways = ["--by", "efficientat", "--weights", weights]
    into = tmp_path / "index"
    assert cli.main(["index", str(tmp_path / "long"), "--into", str(into), *ways]) == 0
    index = Index(into)
    method = index.choice.load()
    right = asked = 0
    while asked < N_QUERIES:
        path = tmp_path / f"long/{draws.integers(N_FILES)}.flac"
        last = int((CLIPS_A_FILE * CLIP_SECONDS - WINDOW) / HOP) - 1
        start = HOP * (draws.integers(last) + draws.uniform(0.1, 0.9))
        # A clip may be silent for five seconds, which nothing can tell from another silence.
        heard, _ = soundfile.read(path, start=int(start * 44_100), frames=int(WINDOW * 44_100))
        if np.abs(heard).max() < 1e-3:
            continue
        query = read_query(path, method, index.grid, start=start, stop=start + WINDOW)
        hit = refined(ask(index, query, k=20), query, method, index.grid, n_threads=2).iloc[0]
        right += hit["file"] == str(path) and abs(hit["start"] - start) <= HOP
        asked += 1
    assert right >= 0.98 * N_QUERIES

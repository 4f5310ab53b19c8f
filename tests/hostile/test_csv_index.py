"""The CSV that lists the clips."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resound.data.cliplist import COLUMNS, is_plain_name
from resound.data.index import read_clips
from resound.data.layout import read_meta
from tests.hostile.strategies import damaged

pytestmark = pytest.mark.hypothesis

NAMES = ["../../etc/passwd", "/etc/passwd", "..", "a/b.wav", "a\\b.wav", "C:evil.wav", "a.wav"]
NUMBERS = ["1", "5", "0", "-1", "9" * 5000, "1e9", "٣", "1.0", ""]
CELLS = st.sampled_from(NAMES + NUMBERS) | st.text(max_size=12)
GOOD = (
    b"filename,fold,target,category,esc10,src_file,take\r\n"
    b"1-100-A-0.wav,1,0,dog,True,100,A\r\n"
    b"2-101-A-0.wav,2,0,dog,True,101,A\r\n"
    b'3-102-A-5.wav,3,5,"cat, tabby",False,102,A\r\n'
)


def read(folder: Path, content: bytes, dataset: str) -> None:
    (folder / "meta").mkdir(exist_ok=True)
    (folder / "meta" / "esc50.csv").write_bytes(content)
    for file in read_meta(folder, dataset)["file"]:
        assert (folder / file).resolve().parent == folder.resolve() / "audio"


def test_a_damaged_index_is_read_or_refused(tmp_path, report):
    """the data set's CSV with damaged bytes"""

    @given(damaged(GOOD) | st.binary(max_size=200), st.sampled_from(["folder", "esc50", "esc10"]))
    @example(b"", "folder")
    @example(b"filename,category\n" + b"a" * 200_000, "folder")
    def holds(content, dataset):
        report.read(lambda: read(tmp_path, content, dataset), "esc50.csv")

    holds()
    report.write()


def test_no_cell_leads_out_of_the_audio_folder(tmp_path, report):
    """the data set's CSV with hostile cells: paths, huge numbers, any text"""

    @given(st.lists(st.lists(CELLS, min_size=7, max_size=8), min_size=1, max_size=3))
    @example([["../../etc/passwd", "1", "0", "dog", "True", "1", "A"]])
    @example([["a.wav", "9" * 5000, "9" * 5000, "dog", "True", "1", "A"]])
    @example([["a" * 300 + ".wav", "1", "0", "dog", "True", "1", "A"]])
    def holds(rows):
        quoted = [",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
        content = "\n".join([",".join(COLUMNS), *quoted]).encode("utf-8", "surrogatepass")
        report.read(lambda: read(tmp_path, content, "folder"), "esc50.csv")

    holds()
    report.write()


def test_a_plain_name_stays_in_its_folder_on_any_system(report):
    """file names, each joined to a folder"""

    @given(CELLS | st.text(st.characters(codec="utf-8"), max_size=300))
    def holds(name):
        if is_plain_name(name):
            report.read(lambda: None)
            assert Path("audio", name).parent == Path("audio")
            assert not Path(name).is_absolute()
            assert not (Path("/etc") / name).exists() or "/" not in name

    holds()
    report.write()


def test_a_damaged_list_of_clips_is_read_or_refused(tmp_path, report):
    """the workflow's own index/clips.csv with damaged bytes"""
    columns = "id,file,fold,target,category,group,src_file,sha256,sample_rate,channels,frames,peak"
    good = f"{columns},rms_dbfs,near_silence_share,zero_tail_seconds\n"
    good += "a,audio/a.wav,1,0,dog,Animals,1,00,44100,1,100,0.5,-20.0,0.0,0.0\n" * 2

    @given(damaged(good.encode()))
    @example(good.replace("44100", "9" * 30).encode())
    def holds(content):
        (tmp_path / "clips.csv").write_bytes(content)
        report.read(lambda: read_clips(tmp_path / "clips.csv"), "clips.csv")

    holds()
    report.write()

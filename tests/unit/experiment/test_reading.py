"""What reading a YAML file would lose without a word."""

import pytest

from resound.experiment.reading import faults


def found(tmp_path, text):
    file = tmp_path / "own.yaml"
    file.write_text(text)
    return [fault.removeprefix(f"{file}, ") for fault in faults([file])]


def test_a_file_as_it_should_be_has_no_faults(tmp_path):
    assert found(tmp_path, "a: {b: 1, c: [1, {b: 2}]}\nb: {<<: {x: 1}, y: 2}\n") == []


def test_an_empty_or_broken_file_is_for_its_reader(tmp_path):
    assert found(tmp_path, "") == []
    assert found(tmp_path, "a: [") == []
    assert list(faults([tmp_path / "absent.yaml"])) == []


@pytest.mark.trouble(
    "a block or key twice in a YAML file, or a key that YAML reads as no text",
    "refused, with file and line",
)
@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: 2\na: 3\n", "line 3: a: this key stands in line 1 already"),
        ("a:\n  b: 1\n  b: 1\n", "line 3: a.b: this key stands in line 2 already"),
        ("a: [{b: 1, b: 2}]\n", "line 1: a[0].b: this key stands in line 1 already"),
        ("stft:\n  16: {n_fft: 1}\n", "line 2: stft.16: the key 16 is no text; quote it: '16'"),
        ("no: 1\n", "line 1: no: the key no is no text; quote it: 'no'"),
        ("null: 1\n", "line 1: null: the key null is no text"),
        ("1.5: 1\n", "line 1: 1.5: the key 1.5 is no text"),
    ],
)
def test_what_would_be_lost_is_named_with_its_line(tmp_path, text, fault):
    (told,) = found(tmp_path, text)
    assert told.startswith(fault)

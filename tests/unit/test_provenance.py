import json
from pathlib import Path

import pytest

from resound import provenance

MODULE = '''"""Doc."""
from resound import b
from resound.quiet import check, refused, show


def f():
    """Doc."""
    if b.X < 0:
        log.info("X is %s", b.X)
        warnings.warn("negative", stacklevel=2)
        print("negative")
        raise ValueError(f"X={b.X} is negative") from None
    if b.X > 9:
        raise Unreadable(b.X, "large")
    check(b.X, "give another X", unit="m")
    if b.X > 5:
        raise refused([b.X], f"X={b.X}")
    return b.X + show(1, "shown")
'''
QUIET = """
from resound.only import quiet_things

DECIDES_NO_NUMBER = "It shows what is going on."
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Return a small package `resound` of its own and a script that uses it."""
    files = {
        "src/resound/__init__.py": "",
        "src/resound/a.py": MODULE,
        "src/resound/b.py": "X = 1\n",
        "src/resound/c.py": "from .sub.d import Y\n",
        "src/resound/quiet.py": QUIET,
        "src/resound/only.py": "quiet_things = 1\n",
        "src/resound/sub/__init__.py": "",
        "src/resound/sub/d.py": "from ..b import X\nY = X\n",
        "script.py": "import numpy\nfrom resound.a import f\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(provenance, "SOURCE", tmp_path / "src")
    return tmp_path


def digest(package: Path, *modules: str) -> dict[str, str]:
    provenance.code_of.cache_clear()
    provenance._parsed.cache_clear()
    provenance._files.cache_clear()
    provenance.why_left_out.cache_clear()
    return provenance.code_of(package / "script.py", *modules)


def edit(package: Path, old: str, new: str, file: str = "a.py") -> None:
    path = package / "src/resound" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_it_follows_imports_and_nothing_else(package):
    assert list(digest(package)) == [
        "script.py", "src/resound/__init__.py", "src/resound/a.py", "src/resound/b.py",
    ]  # fmt: skip


def test_relative_imports_and_named_modules_are_followed(package):
    found = set(digest(package, "resound.c")) - set(digest(package))
    assert found == {"src/resound/c.py", "src/resound/sub/__init__.py", "src/resound/sub/d.py"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"shown")', '"shown")  # why'),
        ('"""Doc."""', '"""Other words."""'),
        ("\n\n\n", "\n\n\n\n"),
        ('"X is %s", b.X', '"X: %s", 2 * b.X'),
        ('"negative", stacklevel=2', '"below 0", stacklevel=3'),
        ('print("negative")', 'print("below 0", b.X)'),
        ('f"X={b.X} is negative"', '"give another X"'),
        # Words that are handed to what decides no number, where nothing comes back.
        ('"give another X", unit="m"', 'f"{b.X} is too much", unit="km"'),
        ('f"X={b.X}"', '"see above"'),
    ],
)
def test_what_is_said_to_a_person_does_not_count(package, old, new):
    before = digest(package)
    edit(package, old, new)
    assert digest(package) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("b.X < 0", "b.X < 1"),
        ("log.info", "len"),
        ("ValueError(", "KeyError("),
        # The words of an error that carries data are read by whoever catches it.
        ('"large"', '"huge"'),
        ('check(b.X, "give', 'check(-b.X, "give'),
        ('check(b.X, "give another X"', "check(b.X, b.X"),
        ("[b.X]", "[]"),
        ('"shown"', '"told"'),
        ('raise ValueError(f"X={b.X} is negative") from None', "return 0"),
    ],
)
def test_what_is_done_counts(package, old, new):
    before = digest(package)
    edit(package, old, new)
    assert digest(package) != before


def test_what_decides_no_number_is_left_out_with_all_that_only_it_imports(package):
    before = digest(package)
    assert before.keys().isdisjoint({"src/resound/quiet.py", "src/resound/only.py"})
    edit(package, "from", "ADDED = 1\nfrom", "quiet.py")
    assert digest(package) == before
    edit(package, "from resound import b", "from resound import b, only")
    assert digest(package).keys() - before.keys() == {"src/resound/only.py"}


@pytest.mark.parametrize(
    "said", ["", 'DECIDES_NO_NUMBER = ""', "DECIDES_NO_NUMBER = True", '# DECIDES_NO_NUMBER = "No"']
)
def test_what_does_not_say_why_it_decides_no_number_counts(package, said):
    edit(package, 'DECIDES_NO_NUMBER = "It shows what is going on."', said, "quiet.py")
    assert {"src/resound/quiet.py", "src/resound/only.py"} < digest(package).keys()


def test_what_is_asked_for_is_never_left_out(package):
    assert "src/resound/quiet.py" in digest(package, "resound.quiet")


def test_a_statement_counts_in_its_own_file_only(package):
    before = digest(package)
    (package / "src/resound/b.py").write_text("X = 2\n")
    after = digest(package)
    assert {name for name in before if before[name] != after[name]} == {"src/resound/b.py"}


def test_one_digest_stands_for_all_files(package):
    before = digest(package)
    short = provenance.code_digest(package / "script.py")
    assert len(short) == 12
    (package / "src/resound/b.py").write_text("X = 2\n")
    assert digest(package) != before
    assert provenance.code_digest(package / "script.py") != short


def test_versions_are_only_told_when_strict():
    assert provenance.numeric_versions(False) == {}
    assert set(provenance.numeric_versions(True)) == set(provenance.NUMERIC_LIBRARIES)


def test_a_package_that_is_left_out_silences_none_of_its_modules(package):
    edit(package, "X = 1", "def speak(text):\n    return text\n\n\nX = 1", "b.py")
    (package / "script.py").write_text("from resound.b import speak\n\nspeak('one')\n")
    marked = 'DECIDES_NO_NUMBER = "It names what is elsewhere."\n'
    (package / "src/resound/__init__.py").write_text(marked)
    before = digest(package)
    assert list(before) == ["script.py", "src/resound/b.py"]
    (package / "script.py").write_text("from resound.b import speak\n\nspeak('two')\n")
    assert digest(package)["script.py"] != before["script.py"]


@pytest.fixture
def remembering(package, monkeypatch):
    """Return what digests the package in what would be a new process each time, and its file."""
    file, at_exit = package / ".snakemake/code.json", []
    monkeypatch.setattr(provenance.atexit, "register", at_exit.append)

    def digested(*modules):
        monkeypatch.setattr(provenance, "_remembered", {})
        monkeypatch.setattr(provenance, "_used", set())
        provenance.remember(file)
        found = digest(package, *modules)
        at_exit.pop()()
        return found

    return digested, file


def test_what_is_remembered_is_what_would_be_read(package, remembering, monkeypatch):
    digested, file = remembering
    first = digested("resound.c")
    assert first == digest(package, "resound.c")
    parsed = []
    read = provenance._read
    monkeypatch.setattr(provenance, "_read", lambda path: parsed.append(path.name) or read(path))
    assert digested("resound.c") == first
    assert parsed == []
    edit(package, "X = 1", "X = 2", "b.py")
    changed = digested("resound.c")
    assert parsed == ["b.py"]
    assert {name for name in first if first[name] != changed[name]} == {"src/resound/b.py"}
    assert len(json.loads(file.read_bytes())) == len(first)


def test_a_module_that_is_left_out_from_now_on_is_noticed_where_it_is_imported(
    package, remembering
):
    digested, _ = remembering
    edit(package, "X = 1", "def speak(text):\n    return text\n\n\nX = 1", "b.py")
    (package / "script.py").write_text("from resound.b import speak\n\nspeak('one')\n")
    first = digested()
    path = package / "src/resound/b.py"
    path.write_text(path.read_text() + 'DECIDES_NO_NUMBER = "It speaks."\n')
    again = digested()
    assert again == digest(package)
    assert again["script.py"] != first["script.py"]


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"a": 1}'])
def test_a_memory_that_is_none_is_made_anew(package, remembering, content):
    digested, file = remembering
    first = digested()
    file.write_bytes(content)
    assert digested() == first
    assert json.loads(file.read_bytes())

"""The command line, run as a user runs it."""

import hashlib
import signal
import subprocess
import sys
import webbrowser
from pathlib import Path

import pytest
import yaml

from resound import cli

CLAP = "laion/clap-htsat-unfused"
CONTENT = b"PK\x03\x04 not really tensors"


@pytest.fixture
def experiment(tmp_path, monkeypatch):
    """Return a folder with an experiment of two encoders, one of whose weights are there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    (tmp_path / "net.pt").write_bytes(CONTENT)
    write(beats={"weights": {"source": "net.pt"}}, clap={"weights": {"source": CLAP}})
    return tmp_path


def write(file: str = "config.yaml", **encoders) -> None:
    Path(file).write_text(yaml.safe_dump({"encoders": encoders}))


def test_every_encoder_s_weights_are_listed(experiment, capsys):
    assert cli.main(["weights"]) == 0
    beats, clap = capsys.readouterr().out.split("clap: ")
    assert "beats: net.pt\n  here     yes, net.pt; not checked\n" in beats
    assert f"size     {len(CONTENT)} bytes" in beats
    assert "known    BEATs_iter3_plus_AS2M.pt (" in beats
    assert "get      hf download mooneyko/BEATs BEATs_iter3_plus_AS2M.pt --revision 18cf" in beats
    assert "  here     no\n" in clap
    assert "sha256   1cd3c601bc4afe0fa87be3de4c13dd2cfadd249fac1e29acf74a9b296c3219bb" in clap
    assert "size     614,525,833 bytes\n" in clap
    assert "licence  Apache-2.0\n" in clap
    assert f"get      hf download {CLAP} --revision 8fa0f1c6d0433df6e97c127f64b2a1" in clap


def test_a_check_fails_for_missing_weights_but_not_for_optional_ones(experiment, capsys):
    assert cli.main(["weights", "--check"]) == 1
    assert "net.pt; sha256 is not known\n" in capsys.readouterr().out
    write("laid_over.yaml", clap={"optional": True})
    assert cli.main(["weights", "--check", "--configfile", "laid_over.yaml"]) == 0
    assert "here     no; optional: its rows are left out" in capsys.readouterr().out


def test_a_check_compares_digests(experiment, capsys):
    digest = hashlib.sha256(CONTENT).hexdigest()
    write(beats={"weights": {"source": "net.pt", "sha256": digest}})
    assert cli.main(["weights", "--check"]) == 0
    assert "net.pt; sha256 is right\n" in capsys.readouterr().out
    write(beats={"weights": {"source": "net.pt", "sha256": "0" * 64}, "optional": True})
    assert cli.main(["weights", "--check"]) == 1
    assert f"its sha256 is {digest}, not 0000" in capsys.readouterr().out


def test_errors_are_one_line_and_a_status(experiment, capsys):
    write()
    assert cli.main(["weights"]) == 1
    assert capsys.readouterr().err == (
        "resound weights: config.yaml has no block encoders; docs/encoders.md shows one\n"
    )
    assert cli.main(["weights", "--configfile", "absent.yaml"]) == 1
    assert (
        "absent.yaml: cannot be read (No such file or directory): there is no such file"
        in capsys.readouterr().err
    )


def test_the_help_names_every_command(capsys):
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--help"])
    printed = capsys.readouterr().out
    assert all(f"    {command}" in printed for command in cli.COMMANDS)
    with pytest.raises(SystemExit, match="2"):
        cli.main(["unheard-of"])


def test_listing_weights_imports_neither_torch_nor_the_hub_s_code(experiment):
    code = "from resound import cli; import sys; cli.main(['weights']); "
    code += "assert not {'torch', 'numpy', 'transformers', 'huggingface_hub'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


@pytest.fixture
def opened(monkeypatch):
    """Return the addresses that the browser was asked to open."""
    addresses = []
    monkeypatch.setattr(webbrowser, "open", lambda address: addresses.append(address) or True)
    return addresses


def test_the_page_is_shown_in_the_browser(tmp_path, monkeypatch, opened, capsys):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("results_dir: results\n")
    Path("demo.yaml").write_text("results_dir: results/demo\n")
    page = tmp_path / "results/demo/report/index.html"
    page.parent.mkdir(parents=True)
    page.write_text("<!doctype html>")
    assert cli.main(["show", "--print", "--configfile", "demo.yaml"]) == 0
    assert (capsys.readouterr().out, opened) == ("results/demo/report/index.html\n", [])
    assert cli.main(["show", "--configfile", "demo.yaml"]) == 0
    assert opened == [page.as_uri()]


def test_without_a_browser_the_page_s_place_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("results_dir: out\n")
    Path("out/report").mkdir(parents=True)
    Path("out/report/index.html").touch()
    monkeypatch.setattr(webbrowser, "open", lambda address: False)
    assert cli.main(["show"]) == 0
    assert capsys.readouterr().out.startswith("out/report/index.html\nNo browser")


def test_without_a_page_the_command_that_makes_it_is_told(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("config.yaml").write_text("results_dir: results\n")
    Path("demo.yaml").write_text("results_dir: results/demo\n")
    assert cli.main(["show", "--configfile", "demo.yaml"]) == 1
    assert capsys.readouterr().err == (
        "resound show: results/demo/report/index.html: there is no page yet; "
        "`snakemake results/demo/report --cores all --configfile demo.yaml` makes it\n"
    )


@pytest.mark.trouble("a config of one's own in Latin-1 or UTF-16", "one error with line and letter")
def test_a_config_in_latin_1_is_told(experiment, capsys):
    Path("own.yaml").write_bytes("a: 1\n# für uns\n".encode("latin-1"))
    assert cli.main(["weights", "--configfile", "own.yaml"]) == 1
    told = "own.yaml: is no UTF-8 but seems to be Latin-1: line 2 has 'ü'; save it as UTF-8\n"
    assert capsys.readouterr().err == f"resound weights: {told}"
    Path("own.yaml").write_text("a: 1\n", "utf-16")
    assert cli.main(["weights", "--configfile", "own.yaml"]) == 1
    assert "own.yaml: is no UTF-8 but UTF-16; save" in capsys.readouterr().err


@pytest.mark.trouble(
    "--config or --configfile given twice", "both count; the same key twice is an error"
)
def test_an_option_that_is_given_twice_adds_to_the_first(experiment, capsys):
    write("one.yaml", clap={"optional": True})
    Path("two.yaml").write_text("results_dir: other\n")
    laid_over = ["--configfile", "one.yaml", "--configfile", "two.yaml"]
    assert cli.main(["weights", *laid_over]) == 0
    assert "optional: its rows are left out" in capsys.readouterr().out
    twice = ["--config", "encoders={}", "--config", "encoders={beats: 1}"]
    assert cli.main(["weights", *twice]) == 1
    assert "--config encoders={beats: 1}: encoders={} stands before it" in capsys.readouterr().err


def resound(*arguments: str, output: str) -> tuple[str, int]:
    """Run the command with an output that a shell names; return its errors and its status."""
    command = f"set -o pipefail; {sys.executable} -m resound.cli {' '.join(arguments)} {output}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    return done.stderr, done.returncode


@pytest.mark.trouble("a command's output piped to `head`", "it ends quietly")
def test_a_reader_that_has_enough_ends_the_command_quietly(experiment):
    assert resound("weights", output="| true") == ("", 128 + signal.SIGPIPE)


@pytest.mark.trouble("a full disk on standard output", "one line")
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here is full")
def test_a_full_disk_on_standard_output_is_told_in_a_line(experiment):
    told = "standard output cannot be written (No space left on device)\n"
    assert resound("weights", output="> /dev/full") == (f"resound weights: {told}", 1)

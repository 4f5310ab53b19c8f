"""The page of `resound serve` in a browser: asked, heard, marked, taught, by pointer and by key."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
import soundfile

from resound import cli
from resound.searching.index import Index
from tests.unit.searching.conftest import BY, PLACES, WAYS, cut_out, write_sounds

SECONDS = "new Promise(told => { const audio = document.getElementById('{}'); const tell = () => "
SECONDS += "told(audio.duration); audio.readyState >= 3 ? tell() : audio.oncanplay = tell; })"


BOTH = pytest.mark.parametrize(
    "library", ["made up", pytest.param("real", marks=pytest.mark.real_data)], indirect=True
)


@pytest.fixture(scope="module")
def library(request, tmp_path_factory):
    """Return an index, a recording that lies in one of its sounds, and where it does."""
    folder = tmp_path_factory.mktemp("library")
    if getattr(request, "param", "made up") == "real":
        sounds, ways, length = request.getfixturevalue("esc10") / "audio", ["--by", BY], 5.0
        clip = sorted(sounds.iterdir())[7]
        path, query = clip.name, Path(shutil.copy(clip, folder / f"query{clip.suffix}"))
    else:
        sounds, ways, length, path = folder / "sounds", WAYS, 2.0, PLACES[0]
        write_sounds(sounds)
        query = cut_out(sounds / path, 7.25, length, folder / "query.wav")
    assert cli.main(["index", str(sounds), "--into", str(folder / "index"), *ways]) == 0
    index = folder / "index"
    return SimpleNamespace(index=index, sounds=sounds, query=query, path=path, length=length)


@pytest.fixture
def served(library, tmp_path):
    """Serve a copy of the index; return it, and the address of its page."""
    index = shutil.copytree(library.index, tmp_path / "index")
    command = [sys.executable, "-m", "resound.cli", "serve", str(index), "--no-browser"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    yield SimpleNamespace(index=index, address=process.stdout.readline().strip())
    process.terminate()
    process.communicate()


@pytest.fixture
def open_page(browser, served):
    """Return a function that opens the page, and fails when it complains or asks elsewhere."""
    contexts, complaints, requests = [], [], []

    def opened(*, width: int = 1280, scheme: str = "light", allow: tuple[str, ...] = ()):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, permissions=[*allow]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: requests.append(asked.url))
        visited(page, served.address)
        return page

    opened.complaints = complaints
    yield opened
    for context in contexts:
        context.close()
    elsewhere = [url for url in requests if not url.startswith((served.address, "blob:"))]
    assert elsewhere == []
    assert complaints == []


def visited(page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("body[data-ready]")


def choose(page, library) -> None:
    """Choose a file, and wait for its hits and their pictures."""
    page.set_input_files("#file", library.query)
    page.wait_for_selector("#hits .hit")
    status(page, "places found")


def status(page, text: str) -> str:
    page.wait_for_selector(f"#status:has-text('{text}')")
    return page.locator("#status").inner_text()


def paths(page) -> list[str]:
    return page.locator("#hits .file").evaluate_all("all => all.map(one => one.title)")


def loaded_seconds(page, player: str) -> float:
    """Wait until a player has its sound, and return how long it is."""
    return page.evaluate(SECONDS.replace("{}", player))


@BOTH
def test_a_chosen_file_is_found_and_its_place_is_seen_and_heard(open_page, library):
    page = open_page()
    choose(page, library)
    assert paths(page)[0] == library.path
    first = page.locator(".hit").first
    assert re.fullmatch(r"similarity [01]\.\d{3}", first.locator(".score").inner_text())
    for picture in (first.locator("img"), page.locator("#query-picture")):
        picture.evaluate("image => image.decode()")
        assert picture.evaluate("image => image.naturalWidth") == 480
    first.locator(".listen").click()
    assert loaded_seconds(page, "audio") == pytest.approx(library.length, abs=0.01)
    page.wait_for_selector(".hit.playing .listen[aria-pressed='true']")
    assert page.locator("#playing").inner_text() == library.path
    assert loaded_seconds(page, "query-audio") == pytest.approx(library.length, abs=0.01)


def test_a_dropped_file_is_found(open_page, library):
    page = open_page()
    data = [*library.query.read_bytes()]
    page.evaluate(
        """bytes => {
          const files = new DataTransfer();
          files.items.add(new File([new Uint8Array(bytes)], "dropped.wav"));
          document.getElementById("drop").dispatchEvent(
            new DragEvent("drop", { dataTransfer: files, bubbles: true, cancelable: true }));
        }""",
        data,
    )
    status(page, "places found")
    assert paths(page)[0] == library.path
    assert page.locator("#query-title").inner_text() == "dropped.wav"


def test_a_stretch_is_chosen_and_a_hit_is_asked_from(open_page, library):
    page = open_page()
    choose(page, library)
    page.locator("#from").fill("0:00.5")
    page.locator("#to").fill("1,5")
    with page.expect_response(re.compile("api/search")) as answer:
        page.get_by_role("button", name="Find this stretch").click()
    assert "from=0.5&to=1.5" in answer.value.url
    status(page, "places found")
    path = paths(page)[3]
    page.locator(".hit").nth(3).get_by_role("button", name="More like this place").click()
    page.wait_for_selector(f"#query-title:has-text('{Path(path).name}')")
    assert paths(page)[0] == path
    assert page.locator("#to").input_value() != ""
    page.locator("#to").fill("0:00")
    page.get_by_role("button", name="Find this stretch").click()
    page.wait_for_selector("#trouble:has-text('must end after it begins')")


def test_the_microphone_is_heard_and_what_it_heard_is_read(open_page, library):
    page = open_page(allow=("microphone",))
    page.locator("#record").click()
    page.wait_for_selector("#record-text:has-text('Stop 0:01')")
    with page.expect_request(re.compile("api/search")) as request:
        page.locator("#record").click()
    status(page, "places found")
    assert "name=recording.wav" in request.value.url
    assert 1.0 <= loaded_seconds(page, "query-audio") < 30
    assert len(paths(page)) > 3


@BOTH
def test_marks_teach_are_kept_and_make_a_head(open_page, library, served, capsys):
    page = open_page()
    choose(page, library)
    before = paths(page)
    right, wrong = page.locator(".hit").nth(4), page.locator(".hit").nth(1)
    wanted = before[4]
    right.get_by_role("button", name="Right").click()
    status(page, "Hit 5 is marked as right; 1 right and 0 wrong.")
    wrong.get_by_role("button", name="Wrong").click()
    status(page, "Hit 2 is marked as wrong; 1 right and 1 wrong.")
    page.get_by_role("button", name="More like these").click()
    status(page, "presumed to be wrong")
    assert paths(page) != before
    assert wanted in paths(page)[:3]
    assert page.locator(".hit.right").count() == 1
    assert "probability" in page.locator(".hit .score").first.inner_text()

    page.reload()
    page.wait_for_selector("body[data-ready]")
    status(page, "1 right and 1 wrong places are marked")
    page.get_by_role("button", name="More like these").click()
    status(page, "Ordered by 1 right window and 1 wrong one")
    assert paths(page)[0] == wanted
    assert page.locator(".hit.right").count() == 1

    page.locator(".dock summary").click()
    page.locator("#name").fill("dog bark")
    page.locator("#save button").click()
    status(page, "Saved as dog bark")
    assert page.locator("#session").input_value() == "dog bark"
    with page.expect_download() as download:
        page.locator("#export").click()
    table = pd.read_csv(download.value.path())
    assert download.value.suggested_filename == "dog bark.csv"
    assert sorted(table["mark"]) == ["right", "wrong"]

    page.locator("#session").select_option("no name yet")
    status(page, "0 right and 0 wrong places are marked.")
    page.locator("#session").select_option("dog bark")
    status(page, "Ordered by 1 right window and 1 wrong one")
    page.get_by_role("button", name="Take all marks back").click()
    status(page, "The marks are taken back.")
    assert page.locator("#marked").inner_text().split() == ["✓", "0", "right", "✗", "0", "wrong"]
    assert page.locator(".hit.right").count() == page.locator(".hit.wrong").count() == 0

    capsys.readouterr()
    assert cli.main(["detect", str(served.index), "--head", "dog bark"]) == 0
    assert wanted in capsys.readouterr().out.splitlines()[2]


@BOTH
def test_all_of_it_is_done_without_a_pointer(open_page, library, served):
    page = open_page()
    choose(page, library)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.matches('.listen')"):
            break
    else:
        pytest.fail("Tab does not lead to the hits")
    press = page.keyboard.press
    press("ArrowDown")
    assert "Play hit 2:" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus is seen"
    press("Enter")
    assert loaded_seconds(page, "audio") > 0.3
    press("r")
    status(page, "Hit 2 is marked as right")
    press("ArrowDown")
    press("w")
    status(page, "Hit 3 is marked as wrong")
    press("w")
    status(page, "Hit 3 is not marked any more; 1 right and 0 wrong")
    wanted = paths(page)[1]
    press("m")
    status(page, "right windows and 0 wrong ones")
    assert "Play hit 1:" in page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert wanted in paths(page)[:2]
    press("l")
    page.wait_for_selector("#status:has-text('places found')")
    rows = (served.index / "marks.csv").read_text().splitlines()[1:]
    assert [row.split(",")[-2] for row in rows] == ["right", "wrong", "none"]


@pytest.mark.parametrize(
    ("write", "said"),
    [
        (lambda path: path.write_text("a walk at dusk"), "undecodable"),
        (lambda path: path.write_bytes(b""), "is empty; choose another"),
        (lambda path: soundfile.write(path, [0.5] * 160, 16_000), "too short"),
        (lambda path: soundfile.write(path, [0.0] * 16_000, 16_000), "is silent"),
    ],
    ids=["text", "empty", "10 ms", "silent"],
)
def test_a_bad_file_is_one_clear_sentence(open_page, library, tmp_path, write, said):
    page = open_page()
    write(tmp_path / "bad.wav")
    page.set_input_files("#file", tmp_path / "bad.wav")
    page.wait_for_selector("#trouble:not([hidden])")
    told = page.locator("#trouble").inner_text()
    assert told.startswith("bad.wav: ")
    assert re.search(said, told)
    # The browser notes by itself that it was refused.
    open_page.complaints[:] = [text for text in open_page.complaints if "422" not in text]
    choose(page, library)
    assert page.locator("#trouble").is_hidden()


def test_more_are_listed_when_asked_for(open_page, library):
    page = open_page()
    choose(page, library)
    before = paths(page)
    page.get_by_role("button", name="Show more").click()
    status(page, "places are listed")
    assert len(paths(page)) > len(before)
    assert paths(page)[: len(before)] == before


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_reaches_beyond_the_window(open_page, library, width, tmp_path):
    page = open_page(width=width)
    choose(page, library)
    page.locator(".hit .listen").first.click()
    assert loaded_seconds(page, "audio") > 0.3
    page.locator(".dock summary").click()
    page.locator(".keys summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.screenshot(path=tmp_path / f"page-{width}.png", full_page=True)


def test_it_is_dark_where_the_system_is_and_the_button_changes_it(open_page):
    page = open_page(scheme="dark")
    shade = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(shade)
    page.locator("#theme").click()
    light = page.evaluate(shade)
    sums = [sum(map(int, re.findall(r"\d+", colour))) for colour in (dark, light)]
    assert sums[0] < 200 < sums[1]


def test_it_can_be_read_out(open_page, library):
    page = open_page()
    choose(page, library)
    bare = page.evaluate(
        """[...document.querySelectorAll("button, input, select, audio, img")].filter(one =>
          one.tagName === "IMG" ? !one.hasAttribute("alt") :
          !(one.getAttribute("aria-label") || one.textContent.trim() || one.labels?.length)
        ).map(one => one.outerHTML)"""
    )
    assert bare == []
    assert page.locator("main").count() == page.locator("h1").count() == 1
    assert page.locator("ol#hits > li").count() == len(paths(page)) > 3
    assert page.locator("#status").get_attribute("aria-live") == "polite"


def test_sounds_are_indexed_as_the_page_says(open_page, library, served):
    page = open_page()
    about = page.locator("#about").inner_text()
    index = Index(served.index)
    assert f"{index.count():,} windows of {index.n_sounds()} sounds" in about
    assert str(library.sounds) in about

"""Pages of odd and of large runs, which are made up."""

import re
from pathlib import Path

import pandas as pd
import pytest
from simulated_run import Simulation
from test_page_in_browser import OPTIONS, drawn, loaded_seconds

from resound.errors import ReportError
from resound.report.page.render import write_page

SCRIPT = "<script>alert(1)</script>"
BOLD = "<b>bells</b> & 'rain' \u2028"


def made(folder, results, **options):
    """Write a page and return where it is."""
    page = folder / "report/index.html"
    write_page(page, results, OPTIONS | options, data_root=folder / "data", n_threads=2)
    return page


def notice(page, section: str) -> str:
    return page.locator(f"#{section} .notice").inner_text()


def test_categories_named_like_markup_are_shown_as_text(visit, tmp_path):
    results = Simulation(tmp_path, (SCRIPT, BOLD, "</script>"), clips_per_class=10).results()
    page = visit(made(tmp_path, results, title=SCRIPT))
    assert page.locator("h1").inner_text() == SCRIPT
    assert set(page.locator("#query-class option").all_inner_texts()) >= {SCRIPT, "</script>"}
    page.locator("#query-class").select_option(label=SCRIPT)
    assert page.locator("#hits .asked strong").inner_text() == SCRIPT
    for chart in ("map-chart", "classes-chart"):
        drawn(page, chart)
    ticks = page.locator("#classes-chart .ytick text").all_text_contents()
    assert SCRIPT in ticks
    assert page.locator("main script, main b, .main-svg script").count() == 0


def test_one_class_has_nothing_to_be_taken_for(visit, tmp_path):
    page = visit(made(tmp_path, Simulation(tmp_path, ["rain"], clips_per_class=10).results()))
    drawn(page, "classes-chart")
    assert page.locator("#classes-table tbody tr").count() == 1
    assert "1.000" in page.locator("#classes-table tbody tr").inner_text()
    assert page.locator("#mistakes-count").inner_text().startswith("0 of 2")
    assert "10 clips of 1 class" in page.locator(".lead").inner_text()


def test_two_clips_are_enough(visit, tmp_path):
    page = visit(made(tmp_path, Simulation(tmp_path, ["rain"], clips_per_class=2).results()))
    for chart in ("overview-chart", "map-chart", "classes-chart"):
        drawn(page, chart)
    assert page.locator("#hits ol li").count() == 1
    page.locator("#map-clip").select_option(index=1)
    page.wait_for_selector("#map-near .near")
    assert page.locator("#map-near .near .clip").count() == 1
    assert loaded_seconds(page) > 0.3
    assert page.locator(".tags").count() == 0, "no encoder of the run has tags"
    assert page.locator("#player-tags").inner_text() == ""


def test_a_run_without_methods_networks_and_tables_says_so(visit, tmp_path):
    results = Simulation(tmp_path, ["rain", "dog"], clips_per_class=5).results(0, 0, 0)
    page = visit(made(tmp_path, results))
    assert "has a metric to draw" in notice(page, "overview")
    assert "Nothing of this run was mapped" in notice(page, "map")
    assert "No retrieval method" in notice(page, "explorer")
    assert "No classifier" in notice(page, "mistakes")
    assert "No method" in notice(page, "classes")
    assert "no tables" in notice(page, "tables")


def test_what_is_missing_is_named_and_the_rest_is_shown(visit, tmp_path):
    results = Simulation(tmp_path, ["rain", "dog"], clips_per_class=5).results(n_maps=2)
    lost_table, lost_map = tmp_path / "tables/retrieval_dtw.csv", tmp_path / "maps/net1.csv"
    lost_table.unlink()
    lost_map.unlink()
    table = tmp_path / "tables/retrieval_cosine.csv"
    frame = pd.read_csv(table).assign(missing=["", "no weights of beats"])
    frame.to_csv(table, index=False)
    page = visit(made(tmp_path, results))
    assert "3 results are missing" in page.locator("#top .notice").inner_text()
    listed = page.locator("#missing + ul").inner_text()
    for reason in (str(lost_table), str(lost_map), "feature1", "no weights of beats"):
        assert reason in listed
    assert page.locator("#table-retrieval_cosine").count() == 1
    assert page.locator("#table-retrieval_dtw").count() == 0
    assert page.locator("#map-name option").all_inner_texts() == ["net0 mel"]


def test_a_method_without_predictions_is_missing(visit, tmp_path):
    results = Simulation(tmp_path, ["rain", "dog"], clips_per_class=5).results(n_classifiers=2)
    failed = Path(results.predictions[1].files[0])
    failed.write_text(failed.read_text().partition("\n")[0] + "\n")
    page = visit(made(tmp_path, results))
    assert page.locator("#mistakes-classifier option").count() == 1
    assert "net1 mel: no predictions" in page.locator("#missing + ul").inner_text()


def test_clips_beyond_the_budget_are_silent_and_counted(visit, tmp_path):
    results = Simulation(tmp_path, ["rain", "dog"], clips_per_class=20, seconds=4).results()
    whole = made(tmp_path, results).stat().st_size
    budget = (whole - 100_000) / 1e6
    path = made(tmp_path, results, max_mb=budget)
    assert path.stat().st_size <= budget * 1e6
    page = visit(path)
    said = page.locator("#run").inner_text()
    n_sounds, n_clips = map(int, re.search(r"(\d+) of (\d+) clips have sound", said).groups())
    assert 0 < n_sounds < n_clips == 40
    assert f"other {40 - n_sounds} are silent" in said
    assert page.locator("script.sound").count() == n_sounds
    query = page.locator("#hits .asked .clip")
    assert "silent" not in query.inner_text(), "queries come first"
    page.evaluate("Player.play([...Array(40).keys()].find(Player.isSilent))")
    assert page.locator("#player-silent").is_visible()
    assert page.locator("#audio").is_hidden()


def test_a_budget_below_the_page_itself_is_an_error_that_names_the_key(tmp_path):
    results = Simulation(tmp_path, ["rain"], clips_per_class=2).results()
    with pytest.raises(ReportError, match=r"takes 2\.\d MB, more than report\.max_mb: 1"):
        made(tmp_path, results, max_mb=1)


def test_sound_may_be_linked(browser, tmp_path):
    simulation = Simulation(tmp_path, ["rain"], clips_per_class=2)
    path = made(tmp_path, simulation.results(), audio="link")
    page = browser.new_page()
    page.goto(path.as_uri())
    page.locator("#hits .asked .clip").click()
    file = (tmp_path / "data" / simulation.clips["file"].iloc[-1]).as_uri()
    assert page.evaluate("document.getElementById('audio').src") == file
    assert page.locator("script.sound").count() == 0
    page.close()


@pytest.mark.slow
def test_two_thousand_clips_fit_into_the_budget_and_paint_at_once(visit, tmp_path):
    names = [f"class_{i:02d}" for i in range(50)]
    simulation = Simulation(tmp_path, names, clips_per_class=40, seconds=5)
    results = simulation.results(n_methods=50, n_classifiers=32, n_maps=36)
    path = made(tmp_path, results)
    size = path.stat().st_size
    assert 0.95 * OPTIONS["max_mb"] * 1e6 < size <= OPTIONS["max_mb"] * 1e6
    page = visit(path)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    n_sounds = page.locator("script.sound").count()
    print(f"2000 clips: {size / 1e6:.1f} MB, {n_sounds} with sound, first paint {paint:.0f} ms")
    drawn(page, "map-chart")
    page.locator("#map-chart .points path").first.click(force=True)
    page.wait_for_selector("#map-near .near")
    page.locator("#hits .asked .clip").click()
    assert loaded_seconds(page) > 4.5
    assert n_sounds > 500
    assert paint < 20_000, "loose: speed is measured, the page must not wait for its sound"

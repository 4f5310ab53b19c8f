"""The page of a run in a browser: it works by pointer, by keyboard and on a phone."""

import re
from pathlib import Path

import pytest
import yaml
from simulated_run import Simulation

from resound.report.page.render import write_page
from tests.once import made_once

ROOT = Path(__file__).resolve().parents[2]
OPTIONS = yaml.safe_load((ROOT / "config.yaml").read_text())["report"]
CLASSES = ("cat", "dog", "door", "engine", "rain", "siren")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """Return the page of a small run that was made up."""
    folder = tmp_path_factory.mktemp("small")
    simulation = Simulation(folder, CLASSES, clips_per_class=10)
    page = folder / "report/index.html"
    results = simulation.results(n_classifiers=2, n_maps=2, with_tags=True)
    write_page(page, results, OPTIONS, data_root=folder, n_threads=2)
    return page


@pytest.fixture(scope="module")
def demo(tmp_path_factory, project_class):
    """Return the page of the demo, which is run for it."""

    def make(folder: Path) -> None:
        options = ("--configfile", "workflow/configs/demo.yaml")
        project_class.fresh(folder).snakemake("results/demo/report", "--cores", "2", *options)

    return made_once(tmp_path_factory, "demo", make) / "results/demo/report/index.html"


@pytest.fixture(params=["small", pytest.param("demo", marks=pytest.mark.slow)])
def page_file(request):
    """Return one page after the other."""
    return request.getfixturevalue(request.param)


def column(page, table: str, name: str) -> list[float]:
    """Return the numbers of one column from the top."""
    heads = page.locator(f"{table} thead th").all_inner_texts()
    place = [head.strip() for head in heads].index(name) + 1
    cells = page.locator(f"{table} tbody td:nth-child({place})")
    return [float(cell.get_attribute("data-sort")) for cell in cells.all()]


def loaded_seconds(page) -> float:
    """Wait until the player has its sound, and return how long it is."""
    page.wait_for_function("document.getElementById('audio').readyState >= 3")
    return page.evaluate("document.getElementById('audio').duration")


def drawn(page, chart: str) -> None:
    page.locator(f"#{chart}").scroll_into_view_if_needed()
    page.wait_for_selector(f"#{chart} .main-svg")


def test_it_shows_every_part(visit, page_file, tmp_path):
    page = visit(page_file)
    assert page.locator("h1").inner_text() == OPTIONS["title"]
    for chart in ("overview-chart", "map-chart", "classes-chart"):
        drawn(page, chart)
    # Ours, and the study's, which the page that was made up has.
    of_study = page_file.parts[-4:-2] != ("results", "demo")
    assert page.locator("#overview-chart .scatterlayer .trace").count() == 1 + of_study
    assert page.locator("#hits ol li").count() == OPTIONS["top_k"]
    assert page.locator(".notice").count() == 0, "nothing is missing"
    page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert (tmp_path / "page.png").stat().st_size > 50_000


def test_nothing_moves_when_a_chart_is_drawn(visit, page_file):
    """A table that moves between a press and its release is not clicked."""
    page = visit(page_file)
    height = page.evaluate("document.documentElement.scrollHeight")
    for chart in ("overview-chart", "map-chart", "classes-chart"):
        drawn(page, chart)
        assert page.evaluate("document.documentElement.scrollHeight") == height, chart


def test_a_table_sorts_by_pointer_and_by_keyboard(visit, page_file):
    page = visit(page_file)
    table = "#table-retrieval_dtw"
    page.locator(table).evaluate("block => { block.open = true; }")
    head = page.locator(f"{table} th", has_text=re.compile("^mrr@10"))
    head.locator("button").click()
    page.wait_for_selector(f"{table} th[aria-sort='descending']")
    values = column(page, table, "mrr@10")
    assert values == sorted(values, reverse=True)
    assert len(set(values)) > 1
    head.locator("button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"{table} th[aria-sort='ascending']")
    assert column(page, table, "mrr@10") == values[::-1]


def test_a_table_is_filtered_by_words(visit, page_file):
    page = visit(page_file)
    table = page.locator("#table-retrieval_dtw")
    table.evaluate("block => { block.open = true; }")
    rows = table.locator("tbody tr:visible")
    n_rows = rows.count()
    feature = rows.first.locator("td").nth(1).inner_text()
    table.locator("input").fill(f"{feature} DTW")
    assert 0 < rows.count() < n_rows
    table.locator("input").fill("no such words")
    assert rows.count() == 0
    assert f"0 of {n_rows} rows" in table.locator(".count").inner_text()


def test_a_click_on_the_map_selects_a_clip_and_plays_it(visit, page_file):
    page = visit(page_file)
    drawn(page, "map-chart")
    page.locator("#map-chart .points path").first.click(force=True)
    page.wait_for_selector("#map-near .near")
    chosen = page.locator("#map-near .clip").first
    assert (
        page.locator("#player-id").inner_text()
        == page.locator("#map-clip option:checked").inner_text()
    )
    assert page.locator("#player-id").inner_text() in chosen.inner_text()
    assert page.locator("#map-near .near .clip").count() == 6
    assert loaded_seconds(page) > 0.3


def test_a_clip_of_the_map_is_chosen_without_a_pointer(visit, page_file):
    page = visit(page_file)
    drawn(page, "map-chart")
    page.locator("#map-class").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#map-near .near")
    category = page.locator("#map-class option:checked").inner_text()
    assert page.locator("#player-name").inner_text() == category
    assert loaded_seconds(page) > 0.3


def test_the_explorer_changes_query_and_method(visit, page_file):
    page = visit(page_file)
    asked = page.locator("#hits .asked .clip")
    first, hits = asked.get_attribute("data-clip"), page.locator("#hits ol").inner_text()
    page.locator("#query-after").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f"#hits .asked .clip:not([data-clip='{first}'])")
    page.locator("#query-before").click()
    page.wait_for_selector(f"#hits .asked .clip[data-clip='{first}']")
    page.locator("#method").select_option(index=1)
    assert asked.get_attribute("data-clip") == first, "another method keeps the query"
    assert page.locator("#hits ol").inner_text() != hits


def test_hits_are_marked_right_or_wrong_and_can_be_heard(visit, page_file):
    page = visit(page_file)
    query = page.locator("#hits .asked strong").inner_text()
    hits = page.locator("#hits ol .clip")
    for hit in hits.all():
        right = hit.locator("strong").inner_text() == query
        assert hit.locator(".mark").inner_text() == ("✓ right" if right else "✗ wrong")
    n_right = page.locator("#hits ol .right").count()
    assert f"{n_right} of the {hits.count()} nearest" in page.locator("#hits p").inner_text()
    hits.first.click()
    assert loaded_seconds(page) > 0.3


def test_each_clip_has_its_likeliest_tags_where_an_encoder_has_them(visit, small):
    page = visit(small)
    for part in ("#hits .asked", "#hits ol", "#mistakes-list"):
        tags = page.locator(f"{part} .clip .tags").all_inner_texts()
        assert len(tags) == page.locator(f"{part} .clip").count() > 0
        for line in tags:
            assert re.fullmatch(r"Speech\s1\.00( · .+\s[01]\.\d\d){2}", line), line
    page.locator("#hits ol .clip").first.click()
    played = page.locator("#player-tags").inner_text()
    assert played == page.locator("#hits ol .clip .tags").first.inner_text()
    assert "AudioSet's classes by net" in page.locator("#run").inner_text()


def test_mistakes_say_what_was_taken_for_what(visit, page_file):
    page = visit(page_file)
    captions = page.locator("#mistakes-list strong").all_inner_texts()
    assert captions
    for caption in captions:
        true, taken = re.fullmatch(r"(\S+), taken for (\S+)", caption).groups()
        assert true != taken
    page.locator("#mistakes-list .clip").first.click()
    assert loaded_seconds(page) > 0.3


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_reaches_beyond_the_window(visit, page_file, width, tmp_path):
    page = visit(page_file, width=width, tap=width < 500)
    for chart in ("overview-chart", "map-chart", "classes-chart"):
        drawn(page, chart)
    page.locator("#hits ol .clip").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.screenshot(path=tmp_path / f"page-{width}.png", full_page=True)


def test_it_is_dark_where_the_system_is_and_the_button_changes_it(visit, page_file):
    page = visit(page_file, scheme="dark")
    shade = "getComputedStyle(document.body).backgroundColor"
    dark = page.evaluate(shade)
    page.locator("#theme").click()
    light = page.evaluate(shade)
    assert [sum(map(int, re.findall(r"\d+", colour))) < 200 for colour in (dark, light)] == [
        True,
        False,
    ]


@pytest.mark.slow
def test_every_number_names_its_file_and_its_rule(visit, demo):
    page = visit(demo)
    for part in ("map", "explorer", "mistakes", "classes"):
        source = page.locator(f"#{part}-source").inner_text()
        assert re.search(r"results/demo/\S+ by \w+", source), source
    for source in page.locator(".table .source").all_text_contents():
        assert re.search(r"results/demo/tables/\w+.csv\s+by\s+make_\w+_table", source), source


@pytest.mark.slow
def test_the_demo_s_page_is_small_and_quick(visit, demo):
    assert demo.stat().st_size < 10_000_000
    page = visit(demo)
    paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
    print(f"demo: {demo.stat().st_size / 1e6:.1f} MB, first paint after {paint:.0f} ms")
    assert paint < 20_000, "loose: speed is measured, the page must not wait for its sound"

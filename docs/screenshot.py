"""Take the picture of the demo's page that README.md shows.

    make demo
    .venv/bin/python docs/screenshot.py

writes `docs/page.png`. It needs Chromium (`apt-get install chromium`) and the extra `dev`.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "results" / "demo" / "report" / "index.html"
PICTURE = ROOT / "docs" / "page.png"
WINDOW = {"width": 1180, "height": 860}


def choose_clip(page: Page) -> None:
    """Choose a clip of the map, and wait for its neighbours."""
    page.locator("#map").scroll_into_view_if_needed()
    page.wait_for_selector("#map-chart .main-svg")
    page.locator("#map-class").select_option(label="dog")
    page.locator("#map-clip").select_option(index=1)
    page.wait_for_selector("#map-near .near")
    page.evaluate("document.getElementById('map').scrollIntoView({behavior: 'instant'})")


def main() -> None:
    """Open the page as a reader would, and write the picture."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None or not PAGE.is_file():
        raise SystemExit(f"this needs Chromium and {PAGE}, which `make demo` writes")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport=WINDOW)
        page.goto(PAGE.as_uri())
        choose_clip(page)
        shot = Image.open(io.BytesIO(page.screenshot()))
        browser.close()
    shot.convert("RGB").save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()

"""Make docs/page.png, the picture of a page in the README: `make picture`, after `make book`."""

import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "_build" / "html" / "chapters" / "04_lstm.html"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Show the diagram of the LSTM's cell at the width of a laptop, and keep what is seen."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None or not PAGE.exists():
        raise SystemExit("The picture needs Chromium or Chrome, and the built site: make book")
    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=browser)
        page = window.new_page(viewport={"width": 1240, "height": 860})
        page.goto(PAGE.as_uri(), wait_until="networkidle")
        page.evaluate("document.getElementById('what-you-will-build').scrollIntoView()")
        page.wait_for_timeout(500)  # the contents at the right follow
        page.screenshot(path=ROOT / "docs" / "page.png")
        window.close()


if __name__ == "__main__":
    main()

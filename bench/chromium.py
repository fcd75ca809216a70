"""A headless Chromium with the page of a server, driven by what ``make test-browser`` installs."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from playwright.sync_api import CDPSession, Page, sync_playwright

__all__ = ["CDPSession", "Page", "browse"]

PATIENCE = 60_000
"""Milliseconds."""


@contextmanager
def browse(
    address: str,
    flags: Sequence[str] = (),
    script: str = "",
    locale: str = "en-GB",
    dark: bool = False,
    size: tuple[int, int] = (1280, 800),
) -> Iterator[Page]:
    """The page at host and port, once it knows the models; ``script`` runs in it before its own."""
    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("chromium-browser"), args=list(flags)
        )
        page = browser.new_page(
            locale=locale,
            color_scheme="dark" if dark else "light",
            viewport={"width": size[0], "height": size[1]},
        )
        page.set_default_timeout(PATIENCE)
        page.add_init_script(script)
        page.goto(f"http://{address}/")
        page.wait_for_selector("#model option[value=tiny]", state="attached")
        yield page
        browser.close()

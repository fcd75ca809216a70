"""Take the pictures of the page that the READMEs show, of a real server on the samples of the product.

    make screenshots

A desktop, light, in English, and a phone, dark, in Chinese, both with a line that is being said. Without
``fonts-noto-cjk`` there are boxes in place of Chinese.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .chromium import Page, browse
from .running import Running, serve, serving


def play(page: Page, sample: str, model: str, pace: str) -> None:
    page.select_option("#source", "sample")
    page.select_option("#sample", f"{sample}.flac")
    page.select_option("#pace", pace)
    page.select_option("#model", model)
    page.click("#start")


def show_desktop(server: Running, file: Path) -> None:
    with browse(server.address, size=(1200, 760)) as page:
        play(page, "dictation", "sphinx", "paced")
        page.wait_for_selector("#lines li:nth-child(3).open .unstable:text-matches('\\\\w+ \\\\w+ \\\\w+')")
        page.screenshot(path=file)


def show_phone(server: Running, file: Path) -> None:
    with browse(server.address, locale="zh-CN", dark=True, size=(390, 844)) as page:
        play(page, "commands", "tiny", "paced")
        page.wait_for_selector("#lines li:nth-child(5).open span:text-matches('.')")
        page.screenshot(path=file)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(arguments).folder
    folder.mkdir(parents=True, exist_ok=True)
    with serving(serve()) as server:
        show_desktop(server, folder / "page-desktop.png")
        show_phone(server, folder / "page-phone.png")
    for file in sorted(folder.glob("page-*.png")):
        print(f"{file}: {file.stat().st_size} bytes")


if __name__ == "__main__":
    main(sys.argv[1:])

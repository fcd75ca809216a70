"""The page in a headless Chromium, at a server in a process of its own: ``make test-browser``.

The policy of the page forbids the evaluation of strings, so ``wait_for_function`` cannot be used; ``expect``
and ``evaluate`` can. What is said is the project's own synthesised speech. Chromium's fake microphone drops
some of it where the machine is busy, so exact words are asked only of files, samples and tabs.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cli.program import command, environment
from e2e.house import talk
from server.audio import wav

try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:
    expect = sync_playwright = None

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(
    None in (CHROMIUM, sync_playwright), reason="there is no chromium, or not run by make test-browser"
)

PATIENCE = 60_000
"""Milliseconds that a state may take on a busy machine; most take a tenth of a second."""
if expect:
    expect.set_options(timeout=PATIENCE)

DONE = "#status[data-state=done]"
FINALS = "#lines li:not(.open)"
"""In each: a time, the text, and what of it may change, which a final has not."""


class Server:
    """``saywire serve`` on the tiny engine; it may be killed, and begun anew at its port."""

    def __init__(self, home: Path, *flags: str) -> None:
        self.home = home
        self.log = home / "log"
        self.port = 0
        self._flags = ("--model", "tiny", "--set", "engine.workers=1", *flags)
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        with self.log.open("a") as errors:
            process = subprocess.Popen(
                command("serve", "--port", str(self.port), *self._flags),
                cwd=self.home,
                env=environment(self.home),
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        assert process.stdout
        told = ""
        while "docs " not in told:
            told += process.stdout.readline()
            assert process.poll() is None, self.log.read_text()
        found = re.search(r"https?://[\d.]+:(\d+)", told)
        assert found
        self.port, self._process = int(found[1]), process

    def kill(self) -> None:
        """As a power cut does."""
        self.end(signal.SIGKILL)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        if self._process:
            self._process.send_signal(how)
            self._process.communicate(timeout=60)
            self._process = None


@contextmanager
def served(home: Path, *flags: str) -> Iterator[Server]:
    server = Server(home, *flags)
    server.start()
    try:
        yield server
    finally:
        server.end()


class Chromium:
    """The browser of the tests of a module, one at a time: begun anew where a test wants other flags."""

    def __init__(self) -> None:
        self._driver: Any = None
        self._browser: Any = None
        self._flags: tuple[str, ...] = ()

    def open(self, flags: tuple[str, ...]) -> Any:
        if self._browser and flags == self._flags and self._browser.is_connected():
            return self._browser
        self.close()
        self._driver = sync_playwright().start()
        self._browser, self._flags = self._launch(flags), flags
        return self._browser

    def close(self) -> None:
        if self._driver:
            self._driver.stop()  # and what it has launched
        self._driver = self._browser = None

    def _launch(self, flags: tuple[str, ...]) -> Any:
        muting = ["--mute-audio"]  # it would silence what a tab gives, too
        return self._driver.chromium.launch(
            executable_path=CHROMIUM, args=list(flags), ignore_default_args=muting
        )


chromium = Chromium()
"""Closed at the end of each module, by ``conftest.py``: while it is open, the thread has a running loop."""


@contextmanager
def browse(url: str, *flags: str, path: str = "", key: str = "", **context: Any) -> Iterator[Any]:
    """The page, once it knows the models. ``flags`` are Chromium's, ``context`` Playwright's (``locale``).
    ``key``: what the server wants.
    At the end no script must have failed, and nothing have been asked for that the policy forbids."""
    kept = chromium.open(flags).new_context(**{"locale": "en-GB"} | context)
    page = kept.new_page()
    page.set_default_timeout(PATIENCE)
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda said: broken.append(said.text) if "Security Policy" in said.text else None)
    try:
        page.goto(url + path)
        if key:
            page.fill("#key", key)
            page.press("#key", "Enter")
        expect(page.locator("#model option[value=tiny]")).to_be_attached()
        yield page
    finally:
        kept.close()
    assert not broken, broken


def microphone(recording: Path) -> tuple[str, ...]:
    """Flags of a Chromium whose microphone plays a recording from when it is asked for, again and again."""
    return (
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-audio-capture={recording}",
    )


def record(path: Path, *names: str) -> Path:
    """Recordings of ``tests/data``, one after the other, with a second of silence behind each."""
    path.write_bytes(wav(talk(*names)))
    return path


def choose_file(page: Any, file: Path, pace: str = "fast") -> None:
    page.select_option("#source", "file")
    page.select_option("#pace", pace)
    page.set_input_files("#file", file)


def finals(page: Any) -> list[str]:
    return [text.strip() for text in page.locator(f"{FINALS} span:nth-of-type(1)").all_inner_texts()]


def wait_for_partial(page: Any, nth: int) -> None:
    """Until something of the line that number is shown, and may still change or grow."""
    expect(page.locator(f"#lines li:nth-child({nth}) span").filter(has_text="e").first).to_be_visible()


def hold_time(page: Any) -> None:
    """The page's clock stands still, and with it what is played: ``play`` moves both."""
    page.clock.install(time=0)
    page.clock.pause_at(1)


def play(page: Any, seconds: float) -> None:
    """So much more of what is played as it was spoken; what waits, as to connect again, has its time, too."""
    page.clock.run_for(round(seconds * 1000))


def hear(page: Any, spoken: Path) -> None:
    """Begins to; ``play`` goes on."""
    hold_time(page)
    choose_file(page, spoken, "paced")
    page.click("#start")
    expect(page.locator("#status[data-state=listening]")).to_be_visible()


def save(page: Any, name: str) -> str:
    """What is saved as ``txt``, ``srt``, ``vtt`` or ``json``."""
    with page.expect_download() as download:
        page.click(f"[data-save={name}]")
    return Path(download.value.path()).read_text("utf-8")


def node_modules() -> Path:
    """Where ``make test-browser`` has put the programs of npm. Skips the test where it has not."""
    folder = Path(os.environ.get("SAYWIRE_BROWSER", "")).absolute() / "node" / "node_modules"
    if not folder.exists():
        pytest.skip("there is no npm, or not run by make test-browser")
    return folder

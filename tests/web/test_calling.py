"""The page over WebRTC, where the server has it: ``saywire[webrtc]``."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.browsing import DONE, FINALS, Server, browse, expect, finals, microphone, needs_chromium, record

pytestmark = needs_chromium


def test_a_call(server: Server, tmp_path: Path) -> None:
    pytest.importorskip("aiortc", reason="saywire[webrtc] is not installed")
    spoken = record(tmp_path / "spoken.wav", "please-play-five", "computer-stop")
    with browse(server.url, *microphone(spoken)) as page:
        page.select_option("#transport", "webrtc")
        page.click("#drawer summary")
        page.click("#start")
        expect(page.locator(FINALS)).not_to_have_count(0)
        page.click("#stop")
        expect(page.locator(DONE)).to_be_visible()
        assert any(finals(page))
        assert not any("append" in text for text in page.locator("#events li").all_inner_texts())
        expect(page.locator("#notice")).to_be_hidden()

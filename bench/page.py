"""What the page costs a browser: its weight, a partial beside thousands of lines, how soon it shows a text.

make bench-page [ARGS="--lines N --rounds N"]                  a minute, in headless Chromium

weight     bytes of all files, as they are served
partial    milliseconds of script for a partial, the layout it asks for included; the lines are finals,
           and the websocket is one of the bench's own
caption    milliseconds from the click on Start to the first text, on the server's engine for commands:
           of a sample as fast as possible, and of a microphone whose owner speaks at once
"""

from __future__ import annotations

import argparse
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from saywire.audio.pcm import to_pcm16
from saywire.client.measure import percentile
from saywire.client.samples import find_sample
from saywire.server.pages import read_pages
from saywire.types import RATE

from .chromium import CDPSession, browse
from .running import Running, serve, serving

PARTIALS = 400
SPEECH = 0.53
"""Seconds at which the sample's first word begins."""
FAKE = """
window.WebSocket = class {
  static OPEN = 1;
  readyState = 0;
  bufferedAmount = 0;
  constructor() {
    window.socket = this;
    setTimeout(() => {
      this.readyState = 1;
      this.onopen();
      this.hear({type: 'session.created', session: {id: 's'}});
    });
  }
  send() {}
  close() {}
  hear(event) { this.onmessage({data: JSON.stringify(event)}); }
};
"""
FILL = """(count) => {
  for (let nth = 1; nth <= count; nth += 1) {
    const item_id = `item_${nth}`;
    socket.hear({type: 'input_audio_buffer.speech_started', item_id, audio_start_ms: nth * 4000});
    socket.hear({
      type: 'conversation.item.input_audio_transcription.completed', item_id, seq: nth,
      transcript: `Line ${nth}: what somebody said in about four seconds, which is a dozen words.`,
      start: nth * 4, end: nth * 4 + 3,
    });
  }
}"""
GROW = """async (count) => {
  const times = [];
  for (let nth = 1; nth <= count; nth += 1) {
    await new Promise(requestAnimationFrame);
    const before = performance.now();
    socket.hear({
      type: 'conversation.item.input_audio_transcription.delta', item_id: `open_${Math.ceil(nth / 40)}`,
      delta: nth % 2 ? `word${nth} ` : '', unstable: `and what may change ${nth}`,
    });
    times.push(performance.now() - before);
  }
  return times;
}"""
CLOCK = """
addEventListener('click', ({target}) => {
  if (target.id === 'start') window.clicked = performance.now();
}, true);
new MutationObserver(() => {
  const lines = document.querySelectorAll('#lines span');
  if (!window.seen && [...lines].some((line) => line.textContent)) window.seen = performance.now();
}).observe(document, {subtree: true, childList: true, characterData: true});
"""


def weigh() -> int:
    return sum(len(page.body) for name, page in read_pages().items() if not name.startswith("samples/"))


def measure_partials(server: Running, lines: int) -> tuple[list[float], float]:
    """Of each the milliseconds of script, and of all the mean of a frame."""
    with browse(server.address, script=FAKE) as page:
        page.select_option("#source", "sample")
        page.click("#start")
        page.wait_for_selector("#status[data-state=listening]")
        page.evaluate(FILL, lines)
        watch = page.context.new_cdp_session(page)
        watch.send("Performance.enable")
        before = read_busy(watch)
        times: list[float] = page.evaluate(GROW, PARTIALS)
        return times, (read_busy(watch) - before) * 1000 / PARTIALS


def read_busy(watch: CDPSession) -> float:
    """Seconds that the page's thread has worked."""
    metrics = watch.send("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "TaskDuration"))


def measure_caption(server: Running, microphone: Path | None) -> float:
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    flags += [f"--use-file-for-fake-audio-capture={microphone}"] if microphone else []
    with browse(server.address, flags, CLOCK) as page:
        if not microphone:
            page.select_option("#source", "sample")
            page.select_option("#sample", "commands.flac")
            page.select_option("#pace", "fast")
        page.select_option("#model", "tiny")
        page.click("#start")
        page.wait_for_selector("#lines span:text-matches('.')")
        time: float = page.evaluate("window.seen - window.clicked")
    return time


def write_speech(path: Path) -> Path:
    """The sample, from its first word."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(to_pcm16(find_sample("commands").read()[round(SPEECH * RATE) :]))
    return path


def show(name: str, values: Sequence[float]) -> None:
    middle, most = (percentile(values, p) for p in (50, 95))
    print(f"{name:<24}{len(values):>5} times, ms: p50 {middle:.2f}, p95 {most:.2f}, max {max(values):.2f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args(arguments)
    print(f"weight {weigh()} bytes")
    with serving(serve("--model", "tiny")) as server, TemporaryDirectory() as folder:
        for lines in (0, chosen.lines):
            times, frame = measure_partials(server, lines)
            show(f"partial, {lines} lines", times)
            print(f"... a frame with it {frame:.1f} ms")
        spoken = write_speech(Path(folder) / "spoken.wav")
        for name, microphone in (("sample", None), ("microphone", spoken)):
            times = [measure_caption(server, microphone) for _ in range(chosen.rounds)]
            show(f"caption, {name}", times)


if __name__ == "__main__":
    main(sys.argv[1:])

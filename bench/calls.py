"""The page's own calls in Chromium beside its websocket, which hear the same microphone at the same time.

    PYTHONPATH=.browser/python python -m bench.calls [--rounds N]       one minute; needs saywire[webrtc]

connect    milliseconds from the making of the offer to the open data channel
delay      how much later than over the websocket the page learns over the call that speech began, that it
           ended, and what was said
crowd      twenty calls at once of one browser: whose final is what the websocket's is
"""

from __future__ import annotations

import argparse
import sys
import wave
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from saywire.audio.pcm import to_pcm16
from saywire.client.measure import percentile
from saywire.client.samples import find_sample
from saywire.types import RATE

from .chromium import browse
from .running import serve, serving

CROWD = 20
QUIET = 2.0
"""Seconds before the speech in which all connect, and after it."""
EVENTS = ("input_audio_buffer.speech_started", "input_audio_buffer.speech_stopped", "completed")
TALK = """async ({calls}) => {
  const [{openMicrophone, RATE}, {Call}, {Wire}, {describeSession}] = await Promise.all(
    ['sources', 'call', 'wire', 'session']
      .map((name) => import(new URL(`web/js/${name}.mjs`, document.baseURI))));
  const session = describeSession({model: 'tiny', language: 'en', hotwords: []}, RATE);
  const url = new URL('v1/realtime', document.baseURI);
  const talkers = [];
  const listen = () => {
    const told = {start: performance.now(), times: {}, text: null};
    const done = new Promise((resolve) => { told.resolve = resolve; });
    const event = ({type, transcript}) => {
      const name = type.split('.').pop() === 'completed' ? 'completed' : type;
      told.times[name] ??= performance.now();
      if (name === 'completed') { told.text = transcript; told.resolve(); }
    };
    const state = (name) => { if (name === 'listening') told.connected ??= performance.now() - told.start; };
    const nothing = () => {};
    return {told, done, listener: {
      event, state, trace: nothing, begin: nothing, rewind: nothing, lose: nothing,
      refuse: (name, reason) => { throw new Error(`${name}: ${reason}`); },
    }};
  };
  const hear = (samples) => talkers.forEach(({wire}) => wire.hear(samples));
  const microphone = await openMicrophone('', {hear, tell: () => {}});
  const ask = (at, form) => fetch(at, {method: 'POST', body: form});
  const socket = new URL(url);
  socket.protocol = 'ws:';
  const first = listen();
  const wire = new Wire({url: socket, key: '', session, kept: Infinity}, first.listener);
  talkers.push({wire, ...first});
  for (let nth = 0; nth < calls; nth += 1) {
    const one = listen();
    const options = {url: new URL('v1/realtime/calls', document.baseURI), session, start: 0, rate: RATE,
      stream: microphone.stream};
    talkers.push({wire: new Call(options, ask, one.listener), ...one});
  }
  await Promise.all(talkers.map(({done}) => done));
  talkers.forEach(({wire}) => wire.stop());
  await microphone.stop();
  return talkers.map(({told: {times, text, connected}}) => ({times, text, connected}));
}"""


def write_speech(path: Path) -> Path:
    """The first words of the sample, and quiet around them."""
    said = find_sample("commands").said[0]
    speech = find_sample("commands").read()[: round((said.end + 0.5) * RATE)]
    quiet = np.zeros(round(QUIET * RATE), np.float32)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(to_pcm16(np.concatenate([quiet, speech, quiet])))
    return path


def show(name: str, values: Sequence[float]) -> None:
    middle, most = (percentile(values, p) for p in (50, 95))
    print(f"{name:<40}{len(values):>3} times, ms: p50 {middle:.0f}, p95 {most:.0f}, max {max(values):.0f}")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=8)
    chosen = parser.parse_args(arguments)
    flags = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
    with serving(serve("--model", "tiny")) as server, TemporaryDirectory() as folder:
        flags.append(f"--use-file-for-fake-audio-capture={write_speech(Path(folder) / 'spoken.wav')}%noloop")
        with browse(server.address, flags) as page:
            rounds = [page.evaluate(TALK, {"calls": 1}) for _ in range(chosen.rounds + 1)][1:]
            show("connect", [call["connected"] for _, call in rounds])
            for event in EVENTS:
                late = [call["times"][event] - wire["times"][event] for wire, call in rounds]
                show(f"{event.rpartition('.')[2]}, later than over the websocket", late)
            wire, *calls = page.evaluate(TALK, {"calls": CROWD})
            exact = sum(call["text"] == wire["text"] for call in calls)
            print(f"{CROWD} calls at once: {exact} finals are '{wire['text']}'")
            show("connect, all at once", [call["connected"] for call in calls])


if __name__ == "__main__":
    main(sys.argv[1:])

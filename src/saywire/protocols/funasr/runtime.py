"""FunASR's runtime websocket protocol: online, offline and 2pass.

Source: runtime/python/websocket and runtime/websocket of github.com/modelscope/FunASR at 3c58cb56
(2026-08-21), run and read 2026-11-21. The two servers of it differ; where they do, the C++ one is followed,
which most people run, for its clients break otherwise: ``timestamp`` is text, and ``is_final`` marks the one
answer that ends what ``is_speaking: false`` ended (the page closes at the first).

2pass shows ``2pass-online`` text, to be appended, and replaces it by ``2pass-offline`` text when the
utterance has ended. ``online`` has nothing to replace it by, so what it sends is only what is sure. Clients
put texts together as they come, so one begins with a space where one belongs between it and the text before.
The socket stays open after the end, and a client may speak again, with other settings.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import msgspec

from ... import messages as m
from ...audio.streaming import Decoder, make_decoder
from ...errors import BadAudio, SaywireError
from ...texts import glue
from ...types import Hypothesis, Options, Samples
from ..base import Adapter, Close, Frame, Handshake, Surroundings
from .events import Message, Result, Settings, is_false, is_true, merge, read
from .stamps import cut_sentences, show_times

_FORMATS = {"pcm": "wav"}
"""Headerless PCM may turn out to be a WAV."""


@dataclass(frozen=True, slots=True)
class _End:
    """An ``is_speaking: false`` that is being decoded."""

    settings: Settings
    """With which was spoken what it ended."""
    at: float
    """Seconds of audio given before it."""
    confirm: bool
    """Whether the client waits for ``is_end``."""


class FunAsrRuntime(Adapter):
    subprotocols = ("binary",)

    def __init__(self, surroundings: Surroundings) -> None:
        self._defaults = surroundings.defaults
        self._settings = Settings()
        self._decoder: Decoder | None = None
        self._frames: list[Frame] = []
        self._given = 0.0
        """Seconds of audio given to the session."""
        self._begin = 0.0
        """Where on the session's clock the present speaking began."""
        self._tail = ""
        """The end of what was sent since then, for what stands between two texts."""
        self._shown = ""
        """Online text of the open utterance."""
        self._last: m.Final | None = None
        """A final that is the last one if no other follows."""
        self._ends: deque[_End] = deque()
        self._count = 0
        self._deaf = False
        """Whether the audio cannot be decoded: the client was told, and the rest of it is passed over."""
        self._finishing = False

    def connect(self, handshake: Handshake) -> list[m.Command]:
        return []

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if self._finishing:
            return []
        return self._hear(frame) if isinstance(frame, bytes) else self._obey(read(frame))

    def leave(self) -> list[m.Command]:
        if self._finishing:
            return []
        self._finishing = True
        return [*self._rest(), m.Finish()]

    def send(self, event: m.Event) -> None:
        match event:
            case m.Partial(hypothesis=hypothesis):
                self._show(hypothesis)
            case m.Final():
                self._keep(event)
            case m.Failed(error=error):
                self._shown = ""
                self._complain(self._answered, error)
            case m.Cleared():
                self._shown = ""
            case m.Marked():
                self._end()
            case m.Finished():
                self._frames.append(Close())

    def fail(self, error: SaywireError) -> None:
        self._complain(self._settings, error)

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    # From the client.

    def _obey(self, message: Message) -> list[m.Command]:
        if is_false(message.is_speaking) or is_true(message.is_finished):
            return self._stop(is_true(message.is_end))
        settings, before = merge(self._settings, message), self._settings
        if settings == before:
            return []
        rest = self._rest() if (settings.form, settings.rate) != (before.form, before.rate) else []
        self._settings = settings
        return [*rest, m.Configure(self._options())]

    def _options(self) -> Options:
        asked, usual = self._settings, self._defaults
        return replace(
            usual, language=asked.language or usual.language, hotwords=asked.hotwords or usual.hotwords
        )

    def _hear(self, data: bytes) -> list[m.Command]:
        if self._deaf:
            return []
        try:
            if not self._decoder:
                form = self._settings.form
                self._decoder = make_decoder(_FORMATS.get(form, form), self._settings.rate)
            return self._give(self._decoder.feed(data))
        except BadAudio:
            self._decoder, self._deaf = None, True
            raise

    def _rest(self) -> list[m.Command]:
        """What the decoder still had; the next audio begins a stream."""
        decoder, self._decoder, self._deaf = self._decoder, None, False
        try:
            return self._give(decoder.finish()) if decoder else []
        except BadAudio as e:
            self.fail(e)
            return []

    def _give(self, pieces: list[tuple[Samples, int]]) -> list[m.Command]:
        self._given += sum(len(samples) / rate for samples, rate in pieces)
        return [m.Audio(samples, rate) for samples, rate in pieces]

    def _stop(self, confirm: bool) -> list[m.Command]:
        rest = self._rest()
        self._ends.append(_End(self._settings, self._given, confirm))
        self._count += 1
        return [*rest, m.Commit(), m.Mark(self._count)]

    # To the client.

    @property
    def _answered(self) -> Settings:
        """Those of what is being decoded."""
        return self._ends[0].settings if self._ends else self._settings

    def _show(self, hypothesis: Hypothesis) -> None:
        """What is new of an utterance: all but its last word where it will be replaced, else what is sure."""
        if self._answered.mode == "offline":
            return
        sure = hypothesis.text[: hypothesis.stable]
        text = sure if self._answered.mode == "online" else _but_the_last_word(hypothesis.text, len(sure))
        if text.startswith(self._shown) and len(text) > len(self._shown):
            self._append(text)

    def _append(self, text: str, *, is_final: bool = False) -> None:
        """Send what ``text`` has beyond what was shown."""
        mode = "online" if self._answered.mode == "online" else "2pass-online"
        new = text[len(self._shown) :]
        between = "" if self._shown else glue(self._tail, new)
        self._say(Result(mode, between + new, self._answered.name, is_final))
        self._shown = text
        if self._answered.mode == "online":
            self._tail = text

    def _keep(self, final: m.Final) -> None:
        """A final goes out at once, unless it may be the last of what was stopped."""
        if self._last:
            self._tell(self._last, is_final=False)
            self._last = None
        if self._ends:
            self._last = final
        else:
            self._tell(final, is_final=False)

    def _tell(self, final: m.Final, *, is_final: bool) -> None:
        if self._answered.mode == "online":
            if is_final or len(final.text) > len(self._shown):
                self._append(final.text, is_final=is_final)
        elif final.text or self._shown or is_final:
            self._replace(final, is_final)
        self._shown = ""

    def _replace(self, final: m.Final, is_final: bool) -> None:
        mode = "offline" if self._answered.mode == "offline" else "2pass-offline"
        text = glue(self._tail, final.text) + final.text
        result = Result(mode, text, self._answered.name, is_final)
        if final.words:
            result.timestamp = show_times(final.words, self._begin)
            result.stamp_sents = cut_sentences(final.text, final.words, self._begin)
        self._say(result)
        self._tail = text or self._tail

    def _end(self) -> None:
        """All is decoded of what ``is_speaking: false`` ended."""
        last, self._last = self._last, None
        self._tell(last or m.Final(0, "", 0.0, 0.0), is_final=True)
        end = self._ends.popleft()
        if end.confirm:
            self._say(Result(end.settings.mode, "", end.settings.name, True, is_end=True))
        self._begin, self._tail = end.at, ""

    def _complain(self, settings: Settings, error: SaywireError) -> None:
        self._say(Result(settings.mode, "", settings.name, False, error=error.message))

    def _say(self, result: Result) -> None:
        self._frames.append(msgspec.json.encode(result).decode())


def _but_the_last_word(text: str, sure: int) -> str:
    """An open utterance's last word is often but half of one; what is sure stays."""
    cut = max(text.rstrip().rfind(" "), 0) if text[-1:].isascii() else len(text) - 1
    return text[: max(cut, sure)]

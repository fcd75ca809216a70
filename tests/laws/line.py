"""A server without processes or sockets: an adapter, the ingress's session, and a worker's, in one place.

Exact and quick, so that connections can be cut anywhere. What is on its way when that happens is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from core.drive import loudness
from saywire import messages as m
from saywire.audio.vad import VoiceDetector
from saywire.core.session import Session
from saywire.engines.base import Engine
from saywire.errors import BadRequest, SaywireError
from saywire.protocols.base import Close, Frame, Handshake, Surroundings
from saywire.protocols.openai.realtime import OpenAiRealtime
from saywire.runtime.hosted import Hosted
from saywire.runtime.link import Down, Open
from saywire.types import Options, Samples

Judge = Callable[[Session, Samples], float]


def by_loudness(session: Session, frame: Samples) -> float:
    return loudness(frame)


def by_voice(detector: VoiceDetector) -> Judge:
    def judge(session: Session, frame: Samples) -> float:
        (probability,), (session.voice,) = detector.judge(frame[None], [session.voice])
        return float(probability)

    return judge


class Place:
    """``hosted.Seat``: a worker of one session."""

    def __init__(self, house: House, hosted: Hosted) -> None:
        self.model = house.model
        self._house = house
        self._hosted = hosted
        self._inbox: deque[Down] = deque()
        self._session: Session | None = None
        self._left = False

    def send(self, message: Down) -> None:
        self._inbox.append(message)

    def leave(self) -> None:
        self._left = True

    def work(self) -> None:
        """Do what was sent, and tell what comes of it."""
        while self._inbox and not self._left:
            for event in self._do(self._inbox.popleft()):
                if not self._left:
                    self._hosted.hear(event)

    def _do(self, message: Down) -> list[m.Event]:
        if isinstance(message, Open):
            try:
                self._session = Session(self._house.engine, message.options, message.resume)
            except SaywireError as error:
                return [m.Failed(None, error)]
            return [m.Configured(message.options)]
        session = self._session
        assert session and isinstance(message, m.Command)
        session.receive(message)
        while (frame := session.next_frame()) is not None:
            session.hear(self._house.judge(session, frame))
        session.advance()
        while session.ready:
            self._house.engine.decode([session.stream])
            session.advance()
        return session.events_to_send()


class House:
    """``hosted.Usher``, of one engine."""

    def __init__(self, engine: Engine, judge: Judge = by_loudness, model: str = "fake") -> None:
        self.engine = engine
        self.judge = judge
        self.model = model
        self._places: list[Place] = []

    def seat(self, hosted: Hosted, options: Options) -> None:
        self._places.append(Place(self, hosted))
        hosted.seated(self._places[-1])

    def same_model(self, one: Options, other: Options) -> bool:
        return one.model == other.model

    def forget(self, hosted: Hosted) -> None:
        self._places = [place for place in self._places if place._hosted is not hosted]

    def work(self) -> None:
        for place in self._places:
            place.work()


class Line:
    """One connection to a server. ``frames`` are on their way to the client."""

    def __init__(self, house: House, world: Surroundings) -> None:
        self.frames: deque[str] = deque()
        self.closed: Close | None = None
        self.adapter = OpenAiRealtime(world)
        self._house = house
        self._hosted = Hosted(house, Options(), lambda: None, 600.0)
        self._obey(self.adapter.connect(Handshake("/v1/realtime", (("intent", "transcription"),))))

    def say(self, frame: str) -> None:
        """A frame from the client; the server does all there is to do."""
        try:
            commands = self.adapter.receive(frame)
        except BadRequest as error:
            self.adapter.fail(error)
            commands = []
        self._obey(commands)

    def cut(self) -> None:
        """The server notices at some point that nobody is there any more."""
        self._obey(self.adapter.leave())
        self._hosted.close()

    def _obey(self, commands: list[m.Command]) -> None:
        for command in commands:
            self._hosted.receive(command)
        self._house.work()
        self._send(self.adapter.frames_to_send())
        for event in self._hosted.events_to_send():
            self.adapter.send(event)
            self._send(self.adapter.frames_to_send())

    def _send(self, frames: list[Frame]) -> None:
        for frame in frames:
            if isinstance(frame, Close):
                self.closed = self.closed or frame
            elif not self.closed:
                assert isinstance(frame, str)
                self.frames.append(frame)

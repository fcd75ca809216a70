"""A scripted host and a wire of one-word frames, to test the server without engines or dialects."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import ParamSpec

import numpy as np

from saywire import messages as m
from saywire.config import Config, ServerConfig
from saywire.engines.base import EngineInfo
from saywire.errors import BadRequest, OutOfOrder, Overloaded, SaywireError, UnknownModel
from saywire.protocols.base import (
    Adapter,
    Begin,
    Close,
    Drop,
    Frame,
    Give,
    Handshake,
    HttpAnswer,
    Multiplex,
    Order,
    Surroundings,
)
from saywire.runtime.base import Model
from saywire.server.run import LOOP, Server
from saywire.server.wires import Wires
from saywire.types import Hypothesis, Options

P = ParamSpec("P")


def in_loop(test: Callable[P, Awaitable[None]]) -> Callable[P, None]:
    """Run an async test; it fails rather than hangs."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(60):
                await test(*args, **kwargs)

        with asyncio.Runner(loop_factory=LOOP) as runner:
            runner.run(bounded())

    return run


Script = Callable[["ScriptedSession", m.Command], Sequence[m.Event]]


def polite(session: ScriptedSession, command: m.Command) -> Sequence[m.Event]:
    """Answers what must be answered; hears nothing."""
    match command:
        case m.Configure(options):
            return [m.Configured(options)]
        case m.Mark(id):
            return [m.Marked(id)]
        case m.Finish():
            return [m.Finished(session.seconds)]
    return []


def talkative(session: ScriptedSession, command: m.Command) -> Sequence[m.Event]:
    """Each Audio is an utterance 'said N', finals come at once."""
    if isinstance(command, m.Audio):
        n = session.utterances
        session.utterances += 1
        at = session.seconds - len(command.samples) / command.rate
        return [
            m.SpeechStarted(n, at),
            m.Partial(n, Hypothesis("said", 4)),
            m.SpeechStopped(n, session.seconds, m.Cause.SILENCE),
            m.Final(n, f"said {n}", at, session.seconds, language="en"),
        ]
    return polite(session, command)


class ScriptedSession:
    def __init__(self, options: Options, moved: Callable[[], None], script: Script) -> None:
        self.options = options
        self.commands: list[m.Command] = []
        self.seconds = 0.0
        self.utterances = 0
        self.closed = asyncio.Event()
        self.refuse: SaywireError | None = None
        self.takes = 0
        self._moved = moved
        self._script = script
        self._events: list[m.Event] = []
        self._over = self._ended = False
        self._changed = asyncio.Event()

    def end_with(self, event: m.Event) -> None:
        """End by itself: from now on commands are out of order, as with a real session."""
        self._over = True
        if isinstance(event, m.Failed):
            event.error.fatal = True
        self.say(event)

    def receive(self, command: m.Command) -> None:
        if self._over:
            raise OutOfOrder(f"{type(command).__name__} after the session's end")
        if self.refuse:
            raise self.refuse
        self.commands.append(command)
        if isinstance(command, m.Audio):
            self.seconds += len(command.samples) / command.rate
        self._changed.set()
        self.say(*self._script(self, command))

    def say(self, *events: m.Event) -> None:
        if events:
            self._events.extend(events)
            self._moved()

    def events_to_send(self) -> list[m.Event]:
        events, self._events = self._events, []
        self.takes += bool(events)
        fatal = any(isinstance(e, m.Failed) and e.error.fatal for e in events)
        self._ended = self._over or fatal or any(isinstance(e, m.Finished) for e in events)
        self._over = self._ended
        return events

    @property
    def backlog(self) -> float:
        return 0.0

    @property
    def ended(self) -> bool:
        return self._ended

    def close(self) -> None:
        self.closed.set()

    async def heard(self, kind: type[m.Command], count: int = 1) -> None:
        """Wait until that many commands of a kind have come."""
        while sum(isinstance(c, kind) for c in self.commands) < count:
            await self._changed.wait()
            self._changed.clear()


INFO = EngineInfo("scripted", languages=("en",), words=False)


@dataclass
class ScriptedHost:
    script: Script = polite
    full: bool = False
    offered: tuple[Model, ...] = (
        Model("scripted", ("en",), "says what the test says", INFO, workers=1),
        Model("lab/other:1", ("zh",), "never loaded"),
    )
    sessions: list[ScriptedSession] = field(default_factory=list)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self, options: Options, moved: Callable[[], None]) -> ScriptedSession:
        if self.full:
            raise Overloaded("the engine is full; try again later")
        self.sessions.append(ScriptedSession(options, moved, self.script))
        self.opened.set()
        return self.sessions[-1]

    def give_up(self, error: SaywireError) -> None:
        for session in self.sessions:
            if not session.closed.is_set():
                session.end_with(m.Failed(None, error))

    def models(self) -> Sequence[Model]:
        return self.offered

    def aliases(self) -> Mapping[str, str]:
        return {"whisper-1": self.offered[0].name}

    def find_model(self, name: str) -> Model:
        named = {model.name: model for model in self.offered}
        if name not in named | self.aliases():
            raise UnknownModel(f"no {name}")
        return named[self.aliases().get(name, name)]

    async def first(self) -> ScriptedSession:
        await self.opened.wait()
        return self.sessions[0]


class PlainWire(Adapter):
    """``audio`` frames are binary float32; text frames are commands; each event is one line of text.

    ``alarm N`` asks to be told in N seconds; ``claim X`` claims a session; ``?linger=N`` leaves the end to
    the client.
    """

    subprotocols = ("realtime",)

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self._frames: list[Frame] = []

    def connect(self, handshake: Handshake) -> list[m.Command]:
        self.linger = float(handshake.query.get("linger", 0))
        self._frames.append(f"hello {handshake.path} {handshake.query.get('x', '-')}")
        return []

    def expire(self) -> list[m.Command]:
        self.deadline = None
        self._frames.append("alarm")
        return []

    def receive(self, frame: str | bytes) -> list[m.Command]:
        if isinstance(frame, bytes):
            return [m.Audio(np.frombuffer(frame, np.float32))]
        match frame:
            case "commit":
                return [m.Commit()]
            case "finish":
                return [m.Finish()]
            case "configure":
                return [m.Configure(replace(self.surroundings.defaults, model="scripted"))]
            case "break":
                raise ZeroDivisionError("a bug in an adapter")
        if frame.startswith("echo "):
            self._frames.append(frame)
            return []
        if frame.startswith("claim "):
            self.claim = frame[6:]
            return []
        if frame.startswith("alarm "):
            self.deadline = self.surroundings.now() + float(frame[6:])
            return []
        raise BadRequest(f"no command '{frame[:10]}'")

    def send(self, event: m.Event) -> None:
        match event:
            case m.Partial(utterance, hypothesis):
                self._frames.append(f"partial {utterance} {hypothesis.text}")
            case m.Final(utterance=utterance, text=text):
                self._frames.append(f"final {utterance} {text}")
            case m.Failed(_, error):
                self._frames.append(f"failed {error.code}")
            case m.Finished():
                self._frames.append("finished")
                if not self.linger:
                    self._frames.append(Close(1000, "done"))

    def fail(self, error: SaywireError) -> None:
        self._frames.append(f"error {error.code}: {error}")

    def leave(self) -> list[m.Command]:
        return [m.Finish()]

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames


class SwitchWire(Multiplex):
    """``begin A``, ``audio A``, ``finish A``, ``drop A``: several sessions; each event is one line of text.

    Whoever has no key, or finds the house full, is told so over HTTP.
    """

    def __init__(self, surroundings: Surroundings) -> None:
        self.surroundings = surroundings
        self._frames: list[Frame] = []
        self._open: set[str] = set()

    def connect(self, handshake: Handshake) -> list[Order]:
        begun = handshake.query.get("begin", "").split()
        self._open.update(begun)
        return [Begin(name, self.surroundings.defaults) for name in begun]

    def refuse(self, handshake: Handshake, error: SaywireError) -> HttpAnswer:
        return HttpAnswer(418, f"{handshake.path}: {error.code}", "text/plain", {"x-why": error.code})

    def receive(self, frame: str | bytes) -> list[Order]:
        verb, _, name = str(frame).partition(" ")
        match verb:
            case "begin":
                self._open.add(name)
                return [Begin(name, self.surroundings.defaults)]
            case "audio":
                return [Give(name, m.Audio(np.zeros(1600, np.float32)))]
            case "finish":
                return [Give(name, m.Finish())]
            case "drop":
                return [Drop(name)]
            case "wait":
                self.deadline = self.surroundings.now() + float(name)
                return []
            case "die":
                raise SaywireError("as asked")
        raise BadRequest(f"no command {verb!r}")

    def hear(self, session: str, event: m.Event) -> list[Order]:
        match event:
            case m.Final(text=text):
                self._frames.append(f"{session} final {text}")
            case m.Finished():
                self._frames.append(f"{session} finished")
                self._open.discard(session)
                if session.startswith("next"):  # the name is free at once
                    return [Begin(session[4:], self.surroundings.defaults)]
            case m.Failed(_, error):
                self._frames.append(f"{session} failed {error.code}")
                return [Drop(session)]
        return []

    def fail(self, error: SaywireError, session: str | None = None) -> None:
        self._frames.append(f"{session} error {error}")

    def expire(self) -> list[Order]:
        self.deadline = None
        self._frames.append(Close(4408, "nothing to do"))
        return []

    def leave(self) -> list[Order]:
        return [Give(name, m.Finish()) for name in self._open]

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames


@dataclass(frozen=True)
class Serving:
    port: int
    server: Server
    stopped: asyncio.Task[None]

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def ws(self) -> str:
        return f"ws://127.0.0.1:{self.port}/plain"

    @property
    def switch(self) -> str:
        return f"ws://127.0.0.1:{self.port}/switch"


def settings(**server: object) -> Config:
    return Config(server=ServerConfig(**({"port": 0, "drain_seconds": 5.0} | server)))


@asynccontextmanager
async def serving(
    host: ScriptedHost, config: Config | None = None, wires: Wires | None = None
) -> AsyncIterator[Serving]:
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    wires = wires or {"/plain": PlainWire, "/switch": SwitchWire}
    server = Server(config or settings(), host, lambda _, number: port.set_result(number), wires)
    task = asyncio.create_task(server.serve())
    await asyncio.wait([port, task], return_when=asyncio.FIRST_COMPLETED)
    try:
        yield Serving(port.result(), server, task)
    finally:
        if not task.done():
            server.stop()
        await task

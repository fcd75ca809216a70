"""A worker process: one engine, the sessions that live with it, one loop.

The loop's thread owns the sessions: it takes commands from the link, has voice judged for all sessions
at once, feeds streams and sends events. Decoding happens in it too, or, for an engine of long steps, in a
second thread that does nothing else, so that hearing never waits for it; the turn model has a thread as well,
and only who asked it waits. Under load the oldest audio is decoded first, and partials thin out by
themselves: one is said for each decoded step at most.
"""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import numpy as np

from .. import messages as m
from ..audio.vad import VoiceDetector
from ..core.session import Session
from ..engines import Entry
from ..engines.base import Engine, Stream
from ..errors import EngineFailed, OutOfOrder, SaywireError
from ..types import Options, Samples
from .aside import Aside
from .judge import Judge
from .link import Down, Drop, Hello, Open, Ping, Pong, Refused, Trying, Unpacker, Up, pack

log = logging.getLogger(__name__)

ROUNDS = 32
"""Frames of each session that are judged before the link is looked at again: about a second of audio."""
MOST = 1 << 18
"""Bytes read from the link at a time."""
STUCK = 600.0
"""Seconds that no step of a model takes: a large one on a slow core needs a minute or two for its window."""

T = TypeVar("T")


class Worker:
    """``run`` returns when the other end of the link is gone."""

    def __init__(
        self, link: socket.socket, engine: Engine, detector: VoiceDetector, judge: Judge | None = None
    ) -> None:
        self._link = link
        self._engine = engine
        self._detector = detector
        self._unpacker = Unpacker()
        self._sessions: dict[int, Session] = {}
        self._fresh: set[int] = set()  # sessions with something to hear or to advance
        self._ready: dict[int, None] = {}  # sessions to decode, in the order they became so
        self._decoding: list[int] = []
        self._suspects: set[int] = set()  # they were there when a worker died, and have not settled since
        self._tried = 0  # the one of them that was announced as being touched
        self._thread: Aside[Sequence[Stream], list[SaywireError | None]] | None = None
        if engine.info.long_steps:
            self._thread = Aside("decoding", partial(decode, engine))
        self._turns: Aside[Samples | None, float | None] | None = None
        if judge:
            self._turns = Aside("turns", partial(consult, judge))
        self._questions: deque[tuple[int, Samples | None]] = deque()
        self._asking: int | None = None  # the session that the turn model is asked for
        self._warm = False

    def run(self) -> None:
        try:
            with suppress(ConnectionError):  # it went while something was being said to it
                self._send(0, Hello(self._engine.info, os.getpid()))
                self._serve()
        finally:
            for thread in self._threads:
                thread.end()

    def _serve(self) -> None:
        sources = [self._link, *(thread.bell for thread in self._threads)]
        while True:
            self._announce(0)
            busy = self._fresh or (self._ready and not (self._decoding or self._is_trying))
            readable, _, _ = select.select(sources, (), (), 0 if busy else None)
            if self._link in readable and not self._read():
                return
            if self._thread and self._thread.bell in readable:
                self._decoded(self._thread.answer())
            if self._turns and self._turns.bell in readable:
                self._answered(self._turns.answer())
            self._hear()
            self._ask()
            self._decode()

    @property
    def _threads(self) -> list[Aside[Any, Any]]:
        return [thread for thread in (self._thread, self._turns) if thread]

    def _read(self) -> bool:
        data = self._link.recv(MOST)
        for number, message in self._unpacker.feed(data):
            self._take(number, message)
        return bool(data)

    def _take(self, number: int, message: Down | Up) -> None:
        match message:
            case Open():
                self._open(number, message)
            case Drop():
                self._drop(number)
            case Ping():
                self._die_if_stuck()
                self._send(0, Pong())
            case _ if number in self._sessions:
                assert isinstance(message, m.Command)
                if isinstance(message, m.Configure):
                    self._warm_up(number, message.options)
                self._fresh.add(number)
                self._have(number, lambda session: session.receive(message))

    def _die_if_stuck(self) -> None:
        """The loop lives while a model hangs in a thread, which nothing can end but this process's end."""
        if any(busy > STUCK for thread in self._threads if (busy := thread.busy) is not None):
            log.error("a step of '%s' takes over %.0f s; its worker ends", self._engine.info.name, STUCK)
            os._exit(1)

    def _open(self, number: int, message: Open) -> None:
        if message.suspect:
            self._suspects.add(number)
        self._announce(number)
        try:
            self._sessions[number] = Session(
                self._engine, message.options, message.resume, judged=self._turns is not None
            )
        except Exception as error:  # an engine is foreign code
            self._drop(number)
            self._send(number, m.Failed(None, translated(error, self._engine)))
        else:
            self._warm_up(number, message.options)
            self._send(number, m.Configured(message.options))

    def _drop(self, number: int) -> None:
        self._sessions.pop(number, None)
        self._fresh.discard(number)
        self._ready.pop(number, None)
        self._suspects.discard(number)

    def _have(self, number: int, act: Callable[[Session], T]) -> T | None:
        """Have a session do something; one that breaks is given up, and the others never know."""
        session = self._sessions.get(number)
        if session is None:
            return None
        try:
            return act(session)
        except Exception as error:
            log.exception("a session broke")
            self._drop(number)
            broken = OutOfOrder(f"the session broke: {type(error).__name__}: {error}")
            self._send(number, m.Failed(None, broken))
            return None

    def _announce(self, number: int) -> None:
        """Before a model is let near a suspect: should that kill us, it is known who did."""
        number = number if number in self._suspects else 0
        if number != self._tried and not self._is_trying:
            self._tried = number
            self._send(number, Trying())

    @property
    def _is_trying(self) -> bool:
        """Whether a suspect is in one of the threads: nobody else goes into one then."""
        return self._tried != 0 and self._tried in (self._asking, *self._decoding)

    def _hear(self) -> None:
        """Judge what came in, all sessions together; then let those move that are not being decoded."""
        fresh, self._fresh = self._fresh, set()
        for _ in range(ROUNDS):
            heard = [(n, f) for n in fresh if (f := self._next_frame(n)) is not None]
            if not heard:
                break
            self._judge([n for n, _ in heard], [f for _, f in heard])
        else:
            self._fresh = {n for n, _ in heard}
        for number in fresh:
            if number in self._decoding:
                self._flush(number)
            else:
                self._advance(number)

    def _next_frame(self, number: int) -> Samples | None:
        """What is done before it, by a Configure, may touch the model."""
        self._announce(number)
        return self._have(number, Session.next_frame)

    def _judge(self, numbers: Sequence[int], frames: Sequence[Samples]) -> None:
        voices = [self._sessions[number].voice for number in numbers]
        probabilities, states = self._detector.judge(np.stack(frames), voices)
        for number, probability, state in zip(numbers, probabilities.tolist(), states, strict=True):
            self._sessions[number].voice = state
            self._have(number, lambda session, p=probability: session.hear(p))  # type: ignore[misc]
            if self._turns and (question := self._have(number, Session.take_question)) is not None:
                self._questions.append((number, question))

    def _ask(self) -> None:
        """One question at a time, so that whose it is can be told before."""
        while self._questions and self._asking is None and not self._is_trying:
            number, question = self._questions.popleft()
            if question is None or number in self._sessions:
                assert self._turns
                self._announce(number)
                self._asking = number
                self._turns.ask(question)

    def _answered(self, probability: float | None) -> None:
        number, self._asking = self._asking, None
        if number in self._sessions:
            self._have(number, lambda session: session.answer(probability))
            self._fresh.add(number)

    def _warm_up(self, number: int, options: Options) -> None:
        """Have the turn model loaded before anybody pauses who will ask it; for a suspect only his question
        does that, for it is announced."""
        if self._turns and options.turns.semantic and not self._warm and number not in self._suspects:
            self._warm = True
            self._questions.append((0, None))

    def _advance(self, number: int, error: SaywireError | None = None) -> None:
        self._announce(number)
        self._have(number, lambda session: session.fail(error) if error else session.advance())
        self._flush(number)
        if (session := self._sessions.get(number)) and session.ready:
            self._ready[number] = None
        else:  # it may have been cleared while it waited
            self._ready.pop(number, None)

    def _flush(self, number: int) -> None:
        session = self._sessions.get(number)
        events = session.events_to_send() if session else None
        if events:
            self._link.sendall(b"".join(pack(number, event) for event in events))
        if events and any(isinstance(event, m.Settled) for event in events):
            self._suspects.discard(number)
        if session and session.finished:
            self._drop(number)

    def _decode(self) -> None:
        """One step for as many sessions as the engine takes at a time."""
        if self._decoding or not self._ready or self._is_trying:
            return
        self._decoding = self._choose()
        for number in self._decoding:
            del self._ready[number]
        streams = [self._sessions[number].stream for number in self._decoding]
        if self._thread:
            self._thread.ask(streams)
        else:
            self._decoded(decode(self._engine, streams))

    def _choose(self) -> list[int]:
        """Who is decoded next: the first that are ready, but a suspect alone."""
        batch = list(islice(self._ready, self._engine.info.max_batch))
        until = next((i for i, number in enumerate(batch) if number in self._suspects), len(batch))
        batch = batch[: until or 1]
        self._announce(batch[0])
        return batch

    def _decoded(self, errors: Sequence[SaywireError | None]) -> None:
        numbers, self._decoding = self._decoding, []
        for number, error in zip(numbers, errors, strict=True):
            self._advance(number, error)

    def _send(self, number: int, message: Up) -> None:
        self._link.sendall(pack(number, message))


def decode(engine: Engine, streams: Sequence[Stream]) -> list[SaywireError | None]:
    """One step of each; a batch that fails is tried again one by one, so that only the guilty suffer."""
    try:
        engine.decode(streams)
    except Exception as error:  # an engine is foreign code: whatever it raises fails one utterance only
        if len(streams) > 1:
            # Those the engine had come to before it failed have made their step.
            return [error for x in streams for error in (decode(engine, [x]) if x.ready else [None])]
        return [translated(error, engine)]
    return [None] * len(streams)


def consult(judge: Judge, audio: Samples | None) -> float | None:
    """How probable it is that somebody has finished; None where nobody can say. Without audio only loads."""
    try:
        if audio is not None:
            return judge.ask(audio)
        judge.load()
    except Exception as error:  # a model is foreign code: turns end all the same
        judge.give_up(error)
    return None


def translated(error: Exception, engine: Engine) -> SaywireError:
    """What an engine raised, in the house's words."""
    if isinstance(error, SaywireError):
        return error
    log.error("engine '%s' raised", engine.info.name, exc_info=error)
    return EngineFailed(f"engine '{engine.info.name}' failed: {type(error).__name__}: {error}")


def load(entry: Entry) -> Engine:
    """Raises SaywireError, whatever its libraries raise."""
    try:
        return entry.load()
    except SaywireError:
        raise
    except Exception as error:  # an engine is foreign code
        log.error("engine '%s' raised while it was loaded", entry.name, exc_info=error)
        what = f"engine '{entry.name}' cannot be loaded: {type(error).__name__}: {error}"
        raise EngineFailed(f"{what}; `saywire models verify` tells whether its files are whole") from error


def work(
    link: socket.socket, entry: Entry, engine: Engine | None = None, detector: VoiceDetector | None = None
) -> None:
    """A worker process's whole life. What was not loaded before the fork is loaded here."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the ingress decides when; then the link ends
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(0.0002)  # the decoding thread must not make the loop wait 5 ms for the GIL
    try:
        engine = engine or load(entry)
    except SaywireError as error:
        link.sendall(pack(0, Refused(error)))
        return
    try:
        judge = Judge(entry.load_turns) if entry.turns else None
        Worker(link, engine, detector or VoiceDetector(), judge).run()
    finally:
        engine.close()

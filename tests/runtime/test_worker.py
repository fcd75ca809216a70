"""A worker in a thread of the test, spoken to over its link."""

from __future__ import annotations

import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from runtime.talk import MANUAL, noise
from saywire import messages as m
from saywire.audio.vad import VoiceDetector, VoiceState
from saywire.core.session import START
from saywire.engines import Entry
from saywire.engines.base import Engine, EngineInfo, Stream, TurnModel
from saywire.engines.fake import Conduct, FakeEngine
from saywire.errors import EngineFailed
from saywire.runtime import worker as module
from saywire.runtime.judge import Judge
from saywire.runtime.link import Down, Drop, Hello, Open, Ping, Pong, Refused, Trying, Unpacker, Up, pack
from saywire.runtime.worker import Worker, decode, work
from saywire.types import Options, Samples, Turns

OPEN = Open(Options(turns=MANUAL), START)


class Boss:
    """The ingress's end."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        self._unpacker = Unpacker()
        self._pending: list[tuple[int, Down | Up]] = []

    def send(self, *messages: tuple[int, Down]) -> None:
        self._end.sendall(b"".join(pack(number, message) for number, message in messages))

    def next(self) -> tuple[int, Down | Up]:
        while not self._pending:
            data = self._end.recv(1 << 16)
            assert data, "the worker is gone"
            self._pending += self._unpacker.feed(data)
        return self._pending.pop(0)

    def heard(self, kind: type) -> list[tuple[int, Down | Up]]:
        """What all said, up to the first of a kind; the sessions' own is kept for them."""
        said = [self.next()]
        while not isinstance(said[-1][1], kind):
            said.append(self.next())
        self._pending = [*said, *self._pending]
        return said

    def until(self, kind: type, number: int = 1) -> list[Down | Up]:
        """What that session said, up to the first of a kind."""
        said: list[Down | Up] = []
        while not said or not isinstance(said[-1], kind):
            session, message = self.next()
            if session == number:
                said.append(message)
        return said


@contextmanager
def working(
    engine: Engine, detector: VoiceDetector | None = None, judge: Judge | None = None
) -> Iterator[Boss]:
    ours, theirs = socket.socketpair()
    ours.settimeout(30)
    thread = threading.Thread(target=Worker(theirs, engine, detector or VoiceDetector(), judge).run)
    thread.start()
    boss = Boss(ours)
    try:
        assert isinstance(boss.until(Hello, 0)[0], Hello)
        yield boss
    finally:
        ours.close()
        thread.join(30)
        theirs.close()
    assert not thread.is_alive()


class Gated(FakeEngine):
    """Its steps are long: each waits until the test lets it go."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Semaphore(0)
        self.begun = threading.Event()

    @property
    def info(self) -> EngineInfo:
        return EngineInfo("gated", max_batch=4, long_steps=True)

    def decode(self, streams: Sequence[Stream]) -> None:
        self.begun.set()
        assert self.gate.acquire(timeout=30)
        super().decode(streams)


def test_a_model_that_hangs_in_its_thread_ends_its_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, ended = Gated(), threading.Semaphore(0)
    monkeypatch.setattr(module, "STUCK", -1.0)
    monkeypatch.setattr(module.os, "_exit", lambda _: ended.release())
    with working(engine) as boss:
        boss.send((0, Ping()))
        assert isinstance(boss.until(Pong, 0)[-1], Pong)
        assert not ended.acquire(blocking=False)  # nothing is asked of it
        boss.send((1, OPEN), (1, m.Audio(noise(0.5))))
        assert engine.begun.wait(30)
        boss.send((0, Ping()))
        assert ended.acquire(timeout=30)
        engine.gate.release(10)
        boss.send((1, m.Finish()))
        boss.until(m.Finished)


def test_sessions_of_one_batch() -> None:
    engine = FakeEngine()
    with working(engine) as boss:
        boss.send(*((n, OPEN) for n in (1, 2, 3)))
        boss.send(*((n, m.Audio(noise(0.5))) for n in (1, 2, 3)), *((n, m.Finish()) for n in (1, 2, 3)))
        for number in (3,):
            said = boss.until(m.Finished, number)
            assert [e.text for e in said if isinstance(e, m.Final)] == ["one two three four five"]
        assert max(engine.batches) > 1


def test_hearing_goes_on_while_a_step_takes_long() -> None:
    engine = Gated()
    with working(engine) as boss:
        boss.send((1, OPEN), (1, m.Audio(noise(0.3))))
        boss.until(m.SpeechStarted)
        boss.send((1, m.Commit()), (1, m.Audio(noise(0.3))))  # the first step has not even begun
        said = boss.until(m.SpeechStarted)
        assert [type(e) for e in said if not isinstance(e, m.Settled)] == [m.SpeechStopped, m.SpeechStarted]
        engine.gate.release(100)
        assert any(isinstance(e, m.Final) for e in boss.until(m.Final))


def test_a_session_dropped_while_it_is_decoded_harms_nobody() -> None:
    engine = Gated()
    with working(engine) as boss:
        boss.send((1, OPEN), (2, OPEN), (1, m.Audio(noise(0.3))))
        boss.until(m.SpeechStarted)
        boss.send((1, Drop()), (2, m.Audio(noise(0.3))), (2, m.Finish()))
        engine.gate.release(100)
        assert isinstance(boss.until(m.Finished, 2)[-1], m.Finished)


def test_an_engine_that_fails_fails_one_utterance() -> None:
    with working(FakeEngine(Conduct(fail_on="three"))) as boss:
        boss.send(
            (1, OPEN), (1, m.Audio(noise(0.5))), (1, m.Commit()), (1, m.Audio(noise(0.2))), (1, m.Finish())
        )
        said = boss.until(m.Finished)
        ends = [e for e in said if isinstance(e, m.Failed | m.Final)]
        assert [type(e) for e in ends] == [m.Failed, m.Final]


def test_options_that_cannot_be_are_answered() -> None:
    with working(FakeEngine(Conduct(languages=("en",)))) as boss:
        boss.send((1, Open(Options(language="zh"), START)), (1, m.Audio(noise(0.1))), (2, OPEN))
        (failed,) = boss.until(m.Failed)
        assert isinstance(failed, m.Failed) and failed.error.code == "unsupported"
        assert isinstance(boss.until(m.Configured, 2)[-1], m.Configured)


def test_the_guilty_of_a_batch_alone_suffer(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(FakeEngine):
        def decode(self, streams: Sequence[Stream]) -> None:
            if guilty in streams:
                raise ValueError("not our own kind of error")
            super().decode(streams)

    engine = Broken()
    streams = [engine.open(Options()) for _ in range(3)]
    guilty = streams[1]
    for stream in streams:
        stream.accept(noise(0.1))
    first, second, third = decode(engine, streams)
    assert first is None and third is None
    assert isinstance(second, EngineFailed) and "ValueError: not our own" in str(second)
    assert "ValueError" in caplog.text


@contextmanager
def process_of_its_own() -> Iterator[None]:
    """What a worker does to its process is undone."""
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    interval = sys.getswitchinterval()
    try:
        yield
    finally:
        sys.setswitchinterval(interval)
        for number, handler in signals.items():
            signal.signal(number, handler)


def test_an_engine_that_cannot_be_loaded_is_refused_in_words() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, process_of_its_own():
        work(theirs, Entry("gone", "fake:load", ("no_such_module",), "pip install it", (), ""))
        ((number, refused),) = Unpacker().feed(ours.recv(1 << 16))
    assert number == 0 and isinstance(refused, Refused)
    assert refused.error.message == "engine 'gone' needs no_such_module; install it with: pip install it"


def test_whatever_an_engine_raises_while_it_is_loaded_is_told(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, process_of_its_own():
        work(theirs, Entry("odd", "manifest:write_manifest", (), "", (), "", folder=tmp_path))
        ((_, refused),) = Unpacker().feed(ours.recv(1 << 16))
    assert isinstance(refused, Refused)
    assert refused.error.message.startswith("engine 'odd' cannot be loaded: TypeError: ")


def ends(said: Sequence[Down | Up]) -> list[type]:
    return [type(e) for e in said if isinstance(e, m.Final | m.Failed | m.Cleared)]


def test_a_session_cleared_while_it_waits_to_be_decoded_is_not_decoded() -> None:
    """The next utterance has begun by then, and has nothing to decode yet."""
    engine = Gated()
    with working(engine) as boss:
        boss.send((1, OPEN), (2, OPEN), (1, m.Audio(noise(0.3))))
        boss.until(m.SpeechStarted)
        boss.send((2, m.Audio(noise(0.3))))  # it waits behind the step of the first
        boss.until(m.SpeechStarted, 2)
        boss.send((2, m.Clear()), (2, m.Audio(noise(0.05))))
        boss.until(m.SpeechStarted, 2)
        engine.gate.release(100)
        boss.send((2, m.Finish()), (1, m.Finish()))
        assert ends(boss.until(m.Finished, 2)) == [m.Final]


def test_who_was_decoded_before_the_batch_failed_is_not_decoded_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class OneByOne(FakeEngine):
        def decode(self, streams: Sequence[Stream]) -> None:
            for stream in streams:
                if stream is guilty:
                    raise ValueError("not this one")
                super().decode([stream])

    engine = OneByOne()
    streams = [engine.open(Options()) for _ in range(2)]
    _, guilty = streams
    for stream in streams:
        stream.accept(noise(0.1))
    first, second = decode(engine, streams)
    assert first is None and isinstance(second, EngineFailed)


class Treacherous(FakeEngine):
    """Its streams raise what no contract allows."""

    def open(self, options: Options, context: str = "") -> Stream:
        if options.prompt == "open":
            raise RuntimeError("at open")
        stream = super().open(options, context)
        if options.prompt == "accept":
            stream.accept = raising  # type: ignore[method-assign]
        return stream


def raising(_: object) -> None:
    raise RuntimeError("at accept")


@pytest.mark.parametrize("where", ["open", "accept"])
def test_a_session_that_breaks_harms_no_other(where: str, caplog: pytest.LogCaptureFixture) -> None:
    with working(Treacherous()) as boss:
        poisoned = Open(Options(turns=MANUAL, prompt=where), START)
        boss.send((1, poisoned), (2, OPEN), (1, m.Audio(noise(0.3))), (1, m.Commit()))
        failed = boss.until(m.Failed)[-1]
        assert isinstance(failed, m.Failed) and f"at {where}" in str(failed.error)
        boss.send((2, m.Audio(noise(0.3))), (2, m.Finish()))
        assert ends(boss.until(m.Finished, 2)) == [m.Final]


def test_a_command_out_of_order_breaks_its_own_session_only(caplog: pytest.LogCaptureFixture) -> None:
    with working(Gated()) as boss:
        boss.send((1, OPEN), (2, OPEN), (1, m.Audio(noise(0.3))), (1, m.Finish()), (1, m.Commit()))
        failed = boss.until(m.Failed)[-1]
        assert isinstance(failed, m.Failed) and failed.error.code == "out_of_order"
        boss.send((2, m.Finish()))
        boss.until(m.Finished, 2)


class Loud(VoiceDetector):
    """What is loud is voice."""

    def judge(
        self, frames: Samples, states: Sequence[VoiceState]
    ) -> tuple[NDArray[np.float32], list[VoiceState]]:
        return (np.abs(frames).max(axis=1) > 0.1).astype(np.float32), list(states)


SEMANTIC = Open(Options(turns=Turns(semantic=True)), START)
SPEECH, PAUSE = m.Audio(noise(0.5)), m.Audio(np.zeros(4000, np.float32))


class Thoughtful:
    """A turn model that answers when the test lets it."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.gate = threading.Semaphore(0)

    def __call__(self, audio: Samples) -> float:
        self.asked.release()
        assert self.gate.acquire(timeout=30)
        return 1.0


def test_who_asks_the_turn_model_waits_for_it_and_nobody_else() -> None:
    model = Thoughtful()
    with working(FakeEngine(), Loud(), Judge(lambda: model)) as boss:
        boss.send((1, SEMANTIC), (2, OPEN), (1, SPEECH), (1, PAUSE), (1, SPEECH))
        assert model.asked.acquire(timeout=30)
        boss.send((2, SPEECH), (2, m.Finish()))
        boss.until(m.Finished, 2)
        model.gate.release(2)
        boss.send((1, m.Finish()))
        said = boss.until(m.Finished)
        causes = [event.cause for event in said if isinstance(event, m.SpeechStopped)]
        assert causes == [m.Cause.SILENCE, m.Cause.FINISH]


def test_for_a_suspect_the_turn_model_is_loaded_only_when_he_was_announced() -> None:
    loading, gate = threading.Event(), threading.Event()

    def make() -> TurnModel:
        loading.set()
        assert gate.wait(30)
        return lambda audio: 1.0

    with working(FakeEngine(), Loud(), Judge(make)) as boss:
        boss.send((7, replace(SEMANTIC, suspect=True)), (7, SPEECH), (7, PAUSE))
        assert loading.wait(30)
        boss.send((0, Ping()))
        tried = [session for session, message in boss.heard(Pong) if isinstance(message, Trying)]
        assert tried[-1] == 7
        gate.set()
        boss.until(m.SpeechStopped, 7)


@pytest.mark.parametrize("late", [True, False])
def test_the_turn_model_is_loaded_before_anybody_pauses_who_wants_it(late: bool) -> None:
    loaded = threading.Event()

    def make() -> TurnModel:
        loaded.set()
        return lambda audio: 1.0

    with working(FakeEngine(), Loud(), Judge(make)) as boss:
        boss.send((1, OPEN), (1, SPEECH), (1, m.Finish()))
        boss.until(m.Finished)
        assert not loaded.is_set()
        boss.send(*[(2, OPEN), (2, m.Configure(SEMANTIC.options))] if late else [(2, SEMANTIC)])
        assert loaded.wait(30)


def test_a_session_that_leaves_before_its_answer_harms_nobody() -> None:
    model = Thoughtful()
    with working(FakeEngine(), Loud(), Judge(lambda: model)) as boss:
        boss.send((1, SEMANTIC), (2, SEMANTIC), (3, SEMANTIC))
        boss.send(*((number, audio) for number in (1, 2, 3) for audio in (SPEECH, PAUSE)))
        assert model.asked.acquire(timeout=30)
        boss.send((1, Drop()), (2, Drop()))
        model.gate.release(3)
        stopped = boss.until(m.SpeechStopped, 3)[-1]
        assert isinstance(stopped, m.SpeechStopped) and stopped.cause is m.Cause.SILENCE


def test_whom_the_turn_model_is_asked_for_is_told_before_if_he_is_suspect() -> None:
    model = Thoughtful()
    with working(FakeEngine(), Loud(), Judge(lambda: model)) as boss:
        boss.send((1, replace(SEMANTIC, suspect=True)), (2, replace(SEMANTIC, suspect=True)))
        boss.send(*((number, audio) for number in (1, 2) for audio in (SPEECH, PAUSE)))
        for number in (1, 2):
            assert model.asked.acquire(timeout=30)
            assert not model.asked.acquire(blocking=False)  # one at a time
            boss.send((0, Ping()))
            tried = [session for session, message in boss.heard(Pong) if isinstance(message, Trying)]
            assert tried[-1] == number
            model.gate.release()
            boss.until(m.SpeechStopped, number)


def test_a_suspect_is_announced_before_he_changes_his_options() -> None:
    """For that an engine makes him a new stream."""
    gate = threading.Event()

    class Slow(FakeEngine):
        def open(self, options: Options, context: str = "") -> Stream:
            assert not options.prompt or gate.wait(30)
            return super().open(options, context)

    with working(Slow()) as boss:
        boss.send((7, replace(OPEN, suspect=True)))
        boss.until(m.Configured, 7)
        boss.until(Trying, 0)  # it is over
        boss.send((7, m.Configure(replace(OPEN.options, prompt="other"))))
        boss.until(Trying, 7)
        gate.set()
        boss.until(m.Configured, 7)


def test_a_turn_model_that_fails_is_given_up_and_silence_decides(caplog: pytest.LogCaptureFixture) -> None:
    def fail(audio: Samples) -> float:
        raise ValueError("not what it was made for")

    with working(FakeEngine(), Loud(), Judge(lambda: fail)) as boss:
        boss.send((1, SEMANTIC), (1, SPEECH), (1, PAUSE), (1, PAUSE), (1, PAUSE), (1, SPEECH), (1, PAUSE))
        boss.send((1, m.Finish()))
        said = boss.until(m.Finished)
        causes = [event.cause for event in said if isinstance(event, m.SpeechStopped)]
        assert causes == [m.Cause.SILENCE, m.Cause.FINISH]
    assert caplog.messages == ["semantic turns end by silence from now on: not what it was made for"]


def test_without_a_turn_model_silence_decides() -> None:
    with working(FakeEngine(), Loud()) as boss:
        boss.send((1, SEMANTIC), *[(1, SPEECH), (1, PAUSE), (1, PAUSE), (1, PAUSE)] * 2, (1, m.Finish()))
        stops = [event for event in boss.until(m.Finished) if isinstance(event, m.SpeechStopped)]
        assert [stop.cause for stop in stops] == [m.Cause.SILENCE, m.Cause.SILENCE]

"""DashScope's task protocol over ``/api-ws/v1/inference``: Paraformer, Fun-ASR, Qwen-Audio and Gummy.

Source: Alibaba Cloud's pages on these models over websocket, mid-2026, and dashscope 2.0.2 run against a
server, 2026-11-21. A task is a session: run-task begins it, binary frames are its audio, finish-task ends it.
Several run on a connection, one after another or at once; audio belongs to the one begun last of those that
still take some.

The SDK decides much: it dies of an event it does not know, tells the end of a sentence by its ``end_time``,
and the end of a task only by a payload that is not empty. The service closes after a task has failed; this
does, once no other runs. It gives up a task that sends nothing for 23 s, or only silence for 60 s without
heartbeat, and a connection without a task after 60 s; so does this.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import msgspec

from ... import messages as m
from ...audio.codec import Piece
from ...audio.streaming import Decoder
from ...errors import BadAudio, BadRequest, SaywireError
from ...types import RATE, Options
from ..base import Begin, Close, Drop, Frame, Give, Handshake, HttpAnswer, Multiplex, Order, Surroundings
from . import task_events as wire
from .corpus import find_hotwords
from .refusal import name_failure, refuse
from .sentences import Sentences
from .task_options import Manner, read_context, read_decoder, read_manner, read_options

QUIET, SILENT, IDLE = 23.0, 60.0, 60.0
"""Seconds without a frame of a task, of silence in it, and without a task."""

_decoder = msgspec.json.Decoder(wire.Message)


class _Named(msgspec.Struct):
    """What of a message tells whose it is, however little sense the rest makes."""

    header: object = None


_named = msgspec.json.Decoder(_Named)


@dataclass(slots=True)
class _Task:
    id: str
    decoder: Decoder
    manner: Manner
    options: Options
    heard_at: float
    """When its last frame came, on the clock of the world."""
    sentences: Sentences
    started: bool = False
    finishing: bool = False
    given: float = 0.0
    """Seconds of audio so far."""


class DashScopeTasks(Multiplex):
    def __init__(self, surroundings: Surroundings) -> None:
        self._around = surroundings
        self._tasks: dict[str, _Task] = {}
        self._known: set[str] = set()
        """All that were begun: who finishes one twice is not to blame."""
        self._frames: list[Frame] = []
        self._free_since = surroundings.now()
        self._drops: list[Order] = []
        """Sessions of failed tasks that are still to be ended."""
        self._blamed = ""
        """The task that a message named which made no sense."""
        self._leaving = False

    def connect(self, handshake: Handshake) -> list[Order]:
        self._set_deadline()
        return []

    def refuse(self, handshake: Handshake, error: SaywireError) -> HttpAnswer | None:
        return refuse(error, self._around.new_id("req"))

    def receive(self, frame: str | bytes) -> list[Order]:
        if self._leaving:
            return []
        orders = self._hear(frame) if isinstance(frame, bytes) else self._obey(frame)
        self._set_deadline()
        return orders

    def hear(self, session: str, event: m.Event) -> list[Order]:
        task = self._tasks.get(session)
        if not task:
            return []
        orders = self._tell(task, event)
        self._set_deadline()
        return orders

    def fail(self, error: SaywireError, session: str | None = None) -> None:
        name = self._blamed if session is None else session
        self._blamed = ""
        if session in self._tasks:
            self._drops += self._give_up(self._tasks[session], error)
        else:
            self._emit_failure(name, error)
        self._set_deadline()

    def expire(self) -> list[Order]:
        now = self._around.now()
        orders, self._drops = self._drops, []
        for task in list(self._tasks.values()):
            if not task.finishing and now - task.heard_at >= QUIET:
                orders += self._time_out(task, f"request timeout after {QUIET:.0f} seconds.")
        if not self._tasks and now - self._free_since >= IDLE:
            self._close()
        self._set_deadline()
        return orders

    def leave(self) -> list[Order]:
        self._leaving = True
        self._set_deadline()
        if not self._tasks:
            self._close()
        return [Give(task.id, m.Finish()) for task in self._tasks.values() if not task.finishing]

    def frames_to_send(self) -> list[Frame]:
        frames, self._frames = self._frames, []
        return frames

    def _set_deadline(self) -> None:
        if self._leaving:
            self.deadline = None
        elif self._drops:
            self.deadline = self._around.now()
        elif self._tasks:
            quiet = (task.heard_at + QUIET for task in self._tasks.values() if not task.finishing)
            self.deadline = min(quiet, default=None)
        else:
            self.deadline = self._free_since + IDLE

    # From the client.

    def _obey(self, frame: str) -> list[Order]:
        self._blamed = ""
        try:
            message = _decoder.decode(frame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
            self._blamed = _named_task(frame)
            raise BadRequest(f"the message is not understood: {e}") from e
        self._blamed = message.header.task_id
        task = self._tasks.get(self._blamed)
        if not task:
            return self._obey_without_task(message)
        task.heard_at = self._around.now()
        match message.header.action:
            case "continue-task":
                return self._go_on(task, message.payload or wire.Payload())
            case "finish-task":
                return self._finish(task)
            case "run-task":
                return self._give_up(task, BadRequest("a task of this id runs already"))
            case action:
                return self._give_up(task, BadRequest(f"action '{action[:40]}' is unknown"))

    def _obey_without_task(self, message: wire.Message) -> list[Order]:
        name = message.header.task_id
        match message.header.action:
            case "run-task":
                return self._run(name, message.payload or wire.Payload())
            case "continue-task" | "finish-task" if name in self._known:
                return []
            case "continue-task" | "finish-task":
                raise BadRequest("no task of this id runs")
            case action:
                raise BadRequest(f"action '{action[:40]}' is unknown")

    def _run(self, name: str, payload: wire.Payload) -> list[Order]:
        if not name:
            raise BadRequest("task_id is empty")
        options = read_options(payload, self._around.defaults, self._around.vocabularies)
        decoder, manner, now = read_decoder(payload), read_manner(payload), self._around.now()
        self._tasks[name] = _Task(name, decoder, manner, options, now, Sentences(manner))
        self._known.add(name)
        return [Begin(name, options), Give(name, m.Configure(options))]

    def _go_on(self, task: _Task, payload: wire.Payload) -> list[Order]:
        context = read_context(payload)
        if not context:
            return []
        hotwords = find_hotwords(context) or task.options.hotwords
        task.options = replace(task.options, prompt=context, hotwords=hotwords)
        return [Give(task.id, m.Configure(task.options))]

    def _finish(self, task: _Task) -> list[Order]:
        if task.finishing:
            return []
        try:
            rest = self._give(task, task.decoder.finish())
        except BadAudio as e:
            return self._give_up(task, e)
        task.finishing = True
        return [*rest, Give(task.id, m.Finish())]

    def _hear(self, data: bytes) -> list[Order]:
        open_tasks = [task for task in self._tasks.values() if not task.finishing]
        if not open_tasks:
            if not self._known:
                raise BadRequest("audio before any run-task")
            return []  # it was on its way when the task ended
        task = open_tasks[-1]
        task.heard_at = self._around.now()
        try:
            return self._give(task, task.decoder.feed(data))
        except BadAudio as e:
            return self._give_up(task, e)

    def _give(self, task: _Task, pieces: Iterable[Piece]) -> list[Order]:
        orders: list[Order] = []
        for samples, rate in pieces:
            task.given += len(samples) / rate
            orders.append(Give(task.id, m.Audio(samples, rate)))
        return orders

    # To the client.

    def _tell(self, task: _Task, event: m.Event) -> list[Order]:
        match event:
            case m.Configured() if not task.started:
                task.started = True
                self._emit(task.id, "task-started", wire.Nothing())
            case m.SpeechStarted(utterance=utterance, at=at):
                task.sentences.begin(utterance, at)
            case m.Partial():
                self._say(task, task.sentences.grow(event, task.given))
            case m.Final():
                self._say(task, task.sentences.end(event))
            case m.Settled(position=position):
                return self._be_silent(task, position / RATE)
            case m.Failed(error=error):
                return self._give_up(task, error)
            case m.Finished():
                self._forget(task)
                self._emit(task.id, "task-finished", wire.Result(wire.Output()))
                if self._leaving and not self._tasks:
                    self._close()
            case _:
                pass
        return []

    def _say(self, task: _Task, result: wire.Result | None) -> None:
        if result:
            self._emit(task.id, "result-generated", result)

    def _be_silent(self, task: _Task, at: float) -> list[Order]:
        """Everything up to ``at`` is heard, and nobody speaks."""
        if task.manner.heartbeat:
            self._say(task, task.sentences.beat(at))
        elif at - task.sentences.voiced >= SILENT:
            return self._time_out(task, f"request timeout after {SILENT:.0f} seconds of silence.")
        return []

    def _time_out(self, task: _Task, message: str) -> list[Order]:
        return self._give_up(task, BadRequest(message, code="CLIENT_ERROR"))

    def _give_up(self, task: _Task, error: SaywireError) -> list[Order]:
        """Tell that a task has failed, end its session, and close when no other runs."""
        self._forget(task)
        self._emit_failure(task.id, error)
        if not self._tasks:
            self._close(name_failure(error))
        return [Drop(task.id)]

    def _forget(self, task: _Task) -> None:
        del self._tasks[task.id]
        self._free_since = self._around.now()

    def _close(self, reason: str = "") -> None:
        self._frames.append(Close(1000, reason))
        self._leaving = True

    def _emit_failure(self, name: str, error: SaywireError) -> None:
        self._emit(name, "task-failed", wire.Nothing(), name_failure(error), error.message)

    def _emit(
        self,
        name: str,
        event: str,
        payload: wire.Result | wire.Nothing,
        code: str | None = None,
        message: str | None = None,
    ) -> None:
        header = wire.EventHeader(name, event, {}, code, message)
        self._frames.append(msgspec.json.encode(wire.Event(header, payload)).decode())


def _named_task(frame: str) -> str:
    try:
        header = _named.decode(frame).header
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return ""
    name = header.get("task_id") if isinstance(header, dict) else None
    return name if isinstance(name, str) else ""

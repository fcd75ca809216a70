from __future__ import annotations

import numpy as np
import pytest

from saywire import errors
from saywire import messages as m
from saywire.protocols.base import Adapter, Begin, Close, Give, Handshake, HttpAnswer, Multiplex
from saywire.protocols.solo import SESSION, Solo, farewell
from saywire.types import Options

OPTIONS = Options(model="some")


class Plain(Adapter):
    """Every frame is a Commit; every event a frame."""

    subprotocols = ("plain",)

    def __init__(self):
        self.frames = []

    def connect(self, handshake):
        return [m.Mark(1)]

    def receive(self, frame):
        return [m.Commit()]

    def send(self, event):
        self.frames.append(type(event).__name__)

    def fail(self, error):
        self.frames.append(error.code)

    def leave(self):
        return [m.Finish()]

    def frames_to_send(self):
        frames, self.frames = self.frames, []
        return frames


class Clocked(Plain):
    def expire(self):
        self.deadline = None
        return [m.Clear()]


class Stage:
    def __init__(self, adapter):
        self.time = 100.0
        self.adapter = adapter
        self.solo = Solo(adapter, OPTIONS, lambda: self.time)

    @property
    def frames(self):
        return self.solo.frames_to_send()


def test_the_session_begins_with_the_connection_and_gets_all_commands():
    solo = Stage(Plain()).solo
    assert solo.subprotocols == ("plain",)
    assert solo.connect(Handshake("/")) == [Begin(SESSION, OPTIONS), Give(SESSION, m.Mark(1))]
    assert solo.receive("x") == [Give(SESSION, m.Commit())]
    assert solo.leave() == [Give(SESSION, m.Finish())]


def test_the_connection_ends_with_the_session():
    stage = Stage(Plain())
    assert stage.solo.hear(SESSION, m.Marked(1)) == []
    assert stage.frames == ["Marked"]
    stage.solo.hear(SESSION, m.Finished(1.0))
    assert stage.frames == ["Finished", Close()]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.Overloaded("x"), 1013),
        (errors.NotAllowed("x"), 1008),
        (errors.UnknownModel("x"), 1008),
        (errors.OutOfOrder("x"), 1011),
    ],
)
def test_a_fatal_error_ends_the_connection(error, code):
    error.fatal = True
    assert farewell(error) == Close(code, error.code)
    for tell in (lambda solo: solo.fail(error), lambda solo: solo.hear(SESSION, m.Failed(None, error))):
        stage = Stage(Plain())
        stage.adapter.linger = 9.0
        tell(stage.solo)
        assert stage.frames[1:] == [Close(code, error.code)]


def test_another_error_does_not():
    stage = Stage(Plain())
    stage.solo.fail(errors.BadRequest("x"))
    stage.solo.hear(SESSION, m.Failed(0, errors.EngineFailed("x")))
    assert stage.frames == ["invalid_request", "Failed"]


def test_lingering_leaves_the_end_to_the_client_for_a_while():
    stage = Stage(Plain())
    stage.adapter.linger = 30.0
    stage.solo.hear(SESSION, m.Finished(1.0))
    assert stage.frames == ["Finished"] and stage.solo.deadline == 130.0
    stage.time = 130.0
    assert stage.solo.expire() == []
    assert stage.frames == [Close()] and stage.solo.deadline is None


def test_the_adapters_own_deadline_counts_while_it_lingers():
    stage = Stage(Clocked())
    stage.adapter.linger, stage.adapter.deadline = 30.0, 110.0
    stage.solo.hear(SESSION, m.Finished(1.0))
    assert stage.frames == ["Finished"] and stage.solo.deadline == 110.0
    stage.time = 110.0
    assert stage.solo.expire() == [Give(SESSION, m.Clear())]
    assert stage.frames == [] and stage.solo.deadline == 130.0


def test_a_deadline_that_is_not_there_yet_does_not_expire():
    stage = Stage(Clocked())
    stage.adapter.deadline = 110.0
    assert stage.frames == [] and stage.solo.deadline == 110.0
    assert stage.solo.expire() == []


def test_a_deadline_that_moves_with_the_frames_is_seen():
    class Late(Plain):
        def frames_to_send(self):
            self.deadline = 110.0
            return super().frames_to_send()

    stage = Stage(Late())
    assert stage.frames == [] and stage.solo.deadline == 110.0


def test_by_default_nothing_expires_and_who_is_refused_is_told_by_fail():
    stage = Stage(Plain())
    assert stage.frames == [] and stage.solo.deadline is None and stage.adapter.expire() == []
    assert stage.solo.refuse(Handshake("/"), errors.NotAllowed("x")) is None
    assert stage.frames == ["not_allowed", Close(1008, "not_allowed")]


def test_a_wire_may_refuse_over_http():
    class Strict(Plain):
        def refuse(self, handshake, error):
            return HttpAnswer(401, error.code)

    assert Stage(Strict()).solo.refuse(Handshake("/"), errors.NotAllowed("x")) == HttpAnswer(
        401, "not_allowed"
    )


def test_audio_beside_the_frames_goes_to_the_session():
    solo = Solo(Plain(), OPTIONS, lambda: 0.0)
    audio = m.Audio(np.zeros(10, np.float32))
    assert solo.listen(audio) == [Give(SESSION, audio)]
    assert solo.greet() == []


def test_a_wire_of_several_sessions_has_no_place_for_it():
    with pytest.raises(errors.BadRequest):
        Multiplex.listen(Solo(Plain(), OPTIONS, lambda: 0.0), m.Audio(np.zeros(10, np.float32)))


def test_the_adapter_s_claim_is_the_wire_s():
    stage = Stage(Plain())
    assert stage.frames == [] and stage.solo.claim is None
    stage.adapter.claim = "sess_1"
    assert stage.frames == [] and stage.solo.claim == "sess_1"

from __future__ import annotations

import json
from datetime import datetime

import pytest

from saywire import messages as m
from saywire.errors import EngineFailed
from saywire.relay import control
from saywire.relay.control import Refusal, Wish
from saywire.relay.journal import Gap
from saywire.types import Hypothesis

NOW = datetime(2026, 11, 21, 18, 30, 1)
STAMP = "2026-11-21T18:30:01"


@pytest.mark.parametrize(
    ("frame", "wish"),
    [
        ('{"type": "start_system_audio"}', Wish.START),
        (b'{"type":"stop_system_audio","more":1}', Wish.STOP),
        ('{"type":"ping"}', Wish.PING),
    ],
)
def test_what_a_page_may_ask(frame: str | bytes, wish: Wish) -> None:
    assert control.read(frame, NOW) is wish


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ("", "收到空消息"),
        (" \n", "收到空消息"),
        (b"", "收到空消息"),
        ("nonsense", "无效的JSON格式: "),
        ("[]", "无效的JSON格式: "),
        ('{"type": 3}', "无效的JSON格式: "),
        (b"\xff\xfe", "无效的JSON格式: "),
        (b'{"type": "\xff"}', "无效的JSON格式: "),
        ('{"a":' + "[" * 2000, "无效的JSON格式: "),
        ('{"type": "dance"}', "未知的消息类型: dance"),
        ("{}", "未知的消息类型: "),
    ],
)
def test_what_means_nothing_is_answered_in_the_words_that_pages_look_for(frame: str, message: str) -> None:
    refused = control.read(frame, NOW)
    assert isinstance(refused, Refusal)
    told = json.loads(refused.frame)
    assert told == {"type": "error", "message": told["message"], "timestamp": STAMP}
    assert told["message"].startswith(message)


def test_the_words_are_those_of_the_one_before() -> None:
    assert json.loads(control.tell_status(control.GREETING, NOW)) == {
        "type": "status",
        "message": "已连接到系统音频识别服务",
        "timestamp": STAMP,
    }
    assert (control.CAPTURING, control.RECORDING) == ("系统音频捕获已开始", "系统音频录制已开始")
    assert control.STOPPED == "系统音频录制已停止" and "失败" in control.FAILED
    assert json.loads(control.tell_pong(NOW)) == {"type": "pong", "timestamp": STAMP}


def test_text_is_told_with_what_it_took() -> None:
    told = control.tell_text(m.Final(0, " 打开灯 ", 1.0, 2.0), 2.75, NOW)
    assert json.loads(told or "") == {
        "type": "transcript",
        "text": "打开灯",
        "timestamp": STAMP,
        "processing_time": 0.75,
    }
    assert control.tell_text(m.Final(0, " ", 1.0, 2.0), 2.75, NOW) is None
    assert '"processing_time":0.0' in (control.tell_text(m.Final(0, "x", 1.0, 2.0), 1.0, NOW) or "")


def test_the_page_here_hears_more() -> None:
    partial = m.Partial(2, Hypothesis("open the", 4))
    assert json.loads(control.tell_event(partial) or "") == {
        "type": "partial",
        "utterance": 2,
        "text": "open the",
        "stable": 4,
    }
    final = json.loads(control.tell_event(m.Final(2, "open", 1.00049, 2)) or "")
    assert final == {"type": "final", "utterance": 2, "text": "open", "start": 1.0, "end": 2}
    assert control.tell_event(m.Cleared(1)) is None
    failed = control.tell_event(m.Failed(1, EngineFailed("it broke")))
    assert failed == control.tell_warning("it broke")
    assert json.loads(control.tell_gap(Gap(1, 2))) == {"type": "lost", "start": 1, "end": 2}
    assert json.loads(control.tell_warning("x")) == {"type": "warning", "message": "x"}
    state = {"type": "state", "connected": True, "capturing": False, "waiting": 1.2, "lost": 0}
    assert json.loads(control.tell_state(True, False, 1.23, 0)) == state

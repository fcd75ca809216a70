"""What pages say to a relay and hear of it, as JSON in text frames. Pure.

The words are those of LLM-Realtime-ASR's local websocket (port 8765, path ``/``), which its pages look for in
the messages: they stay as they are. A page here gets more: text while it is spoken, times, and how the relay
is. Source: https://github.com/WangJinchao602/LLM-Realtime-ASR, read 2026-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import msgspec

from ..messages import Event, Failed, Final, Partial
from .journal import Gap

GREETING = "已连接到系统音频识别服务"
CAPTURING, RECORDING = "系统音频捕获已开始", "系统音频录制已开始"
STOPPED = "系统音频录制已停止"
FAILED = "系统音频捕获失败"


class Wish(StrEnum):
    START = "start_system_audio"
    STOP = "stop_system_audio"
    PING = "ping"


class _Frame(msgspec.Struct):
    type: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a page said that means nothing."""

    frame: str


def read(frame: str | bytes, now: datetime) -> Wish | Refusal:
    if not frame.strip():
        return Refusal(tell_error("收到空消息", now))
    try:
        said = msgspec.json.decode(frame, type=_Frame)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as e:
        return Refusal(tell_error(f"无效的JSON格式: {e}", now))
    if said.type not in set(Wish):
        return Refusal(tell_error(f"未知的消息类型: {said.type}", now))
    return Wish(said.type)


def tell_status(message: str, now: datetime) -> str:
    return _encode({"type": "status", "message": message, "timestamp": now.isoformat()})


def tell_error(message: str, now: datetime) -> str:
    return _encode({"type": "error", "message": message, "timestamp": now.isoformat()})


def tell_pong(now: datetime) -> str:
    return _encode({"type": "pong", "timestamp": now.isoformat()})


def tell_text(final: Final, captured: float, now: datetime) -> str | None:
    """``captured``: seconds of audio when it came; what lies behind its end is what it took. None without
    text."""
    if not final.text.strip():
        return None
    took = round(max(0.0, captured - final.end), 3)
    body = {"type": "transcript", "text": final.text.strip(), "timestamp": now.isoformat()}
    return _encode(body | {"processing_time": took})


# For the page here.


def tell_event(event: Event) -> str | None:
    """None for what it has no use for."""
    match event:
        case Partial(utterance, hypothesis):
            body = {"type": "partial", "utterance": utterance, "text": hypothesis.text}
            return _encode(body | {"stable": hypothesis.stable})
        case Final(utterance=utterance, text=text, start=start, end=end):
            times = {"start": round(start, 3), "end": round(end, 3)}
            return _encode({"type": "final", "utterance": utterance, "text": text.strip()} | times)
        case Failed(error=error):
            return tell_warning(error.message)
    return None


def tell_gap(gap: Gap) -> str:
    return _encode({"type": "lost", "start": gap.start, "end": gap.end})


def tell_warning(message: str) -> str:
    return _encode({"type": "warning", "message": message})


def tell_state(connected: bool, capturing: bool, waiting: float, lost: float) -> str:
    """Seconds: ``waiting`` for a server, ``lost`` for ever."""
    how = {"connected": connected, "capturing": capturing, "waiting": round(waiting, 1), "lost": lost}
    return _encode({"type": "state"} | how)


def _encode(body: object) -> str:
    return msgspec.json.encode(body).decode()

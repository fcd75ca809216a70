from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request

from saywire.errors import Overloaded
from saywire.server import limits
from saywire.server.limits import Admission, limit_body
from saywire.server.problems import TooLarge, TooSlow
from server.doubles import in_loop


def test_places_are_counted_and_given_back():
    admission = Admission(2)
    with admission.enter(lambda: None), admission.enter(lambda: None):
        assert admission.sessions == 2
        with pytest.raises(Overloaded, match="all 2 sessions are taken"), admission.enter(lambda: None):
            pass
    assert admission.sessions == 0


def test_a_place_is_given_back_after_an_error_too():
    admission = Admission(1)
    with pytest.raises(ZeroDivisionError), admission.enter(lambda: None):
        raise ZeroDivisionError
    with admission.enter(lambda: None):
        pass


@in_loop
async def test_closing_asks_everybody_once_and_lets_nobody_in():
    admission, asked = Admission(5), []
    with admission.enter(lambda: asked.append(1)), admission.enter(lambda: asked.append(2)):
        admission.close()
        admission.close()
        assert sorted(asked) == [1, 2]
        with pytest.raises(Overloaded) as refused, admission.enter(lambda: None):
            pass
        assert refused.value.code == "shutting_down"
        waiting = asyncio.create_task(admission.emptied())
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


@in_loop
async def test_an_empty_house_is_empty_at_once():
    await Admission(1).emptied()


def request(body: list[bytes], length: str | None = None) -> Request:
    messages = [{"type": "http.request", "body": part, "more_body": True} for part in body]
    messages.append({"type": "http.request", "body": b"", "more_body": False})

    async def receive():
        return messages.pop(0)

    headers = [] if length is None else [(b"content-length", length.encode())]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@in_loop
async def test_body_up_to_the_limit_is_read():
    assert await limit_body(request([b"12345", b"67890"], "10"), 10).body() == b"1234567890"


def test_body_that_is_announced_too_large_is_not_read():
    with pytest.raises(TooLarge, match=r"^Maximum content size limit \(10\) exceeded \(11 bytes read\)$"):
        limit_body(request([], "11"), 10)


@pytest.mark.parametrize("length", [None, "5", "nonsense"])
@in_loop
async def test_body_that_grows_too_large_is_stopped(length):
    with pytest.raises(TooLarge, match=r"\(12 bytes read\)"):
        await limit_body(request([b"123456", b"123456", b"x" * 1000], length), 10).body()


@in_loop
async def test_body_that_stops_coming_is_given_up(monkeypatch):
    monkeypatch.setattr(limits, "STALL", 0.01)

    async def never():
        await asyncio.Event().wait()

    with pytest.raises(TooSlow, match="nothing of the body came"):
        await limit_body(Request({"type": "http", "method": "POST", "headers": []}, never), 10).body()

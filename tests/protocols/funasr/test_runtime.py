"""FunASR's runtime wire beyond its stories."""

import json

from hypothesis import given
from hypothesis import strategies as st

from protocols.adapters import surroundings
from saywire import messages as m
from saywire.protocols.base import Handshake
from saywire.protocols.funasr.runtime import FunAsrRuntime
from saywire.types import Hypothesis


def opened(mode):
    adapter = FunAsrRuntime(surroundings())
    adapter.connect(Handshake("/"))
    adapter.receive(json.dumps({"mode": mode, "is_speaking": True}))
    return adapter


def said(adapter):
    return [json.loads(frame) for frame in adapter.frames_to_send() if isinstance(frame, str)]


LINES = st.lists(st.text("ab 一，", max_size=8), max_size=4)


@given(LINES, st.data())
def test_online_texts_put_together_are_the_finals(finals, data):
    adapter = opened("online")
    for number, text in enumerate(finals):
        stable = 0
        for _ in range(3):
            stable = data.draw(st.integers(stable, len(text)))
            adapter.send(m.Partial(number, Hypothesis(text[:stable] + "?", stable)))
        adapter.send(m.Final(number, text, 0.0, 1.0))
    told = said(adapter)
    assert all(result["mode"] == "online" for result in told)
    assert "".join(r["text"] for r in told).replace(" ", "") == "".join(finals).replace(" ", "")


@given(LINES, st.data())
def test_a_client_of_two_passes_ends_with_the_finals(finals, data):
    adapter = opened("2pass")
    kept, shown = "", ""
    for number, text in enumerate(finals):
        for _ in range(3):
            adapter.send(m.Partial(number, Hypothesis(data.draw(st.text("ab 一", max_size=8)), 0)))
        adapter.send(m.Final(number, text, 0.0, 1.0))
    for result in said(adapter):
        if result["mode"] == "2pass-online":
            shown += result["text"]
        else:
            kept, shown = kept + result["text"], ""
    assert not shown
    assert kept.replace(" ", "") == "".join(finals).replace(" ", "")


def test_each_stop_is_answered_once_and_confirmed_where_asked():
    adapter = opened("2pass")
    stops = [True, False, True]
    for confirm in stops:
        adapter.receive(json.dumps({"is_speaking": False} | ({"is_end": True} if confirm else {})))
    for number, _ in enumerate(stops):
        adapter.send(m.Final(number, "", 0.0, 0.0))
        adapter.send(m.Marked(number + 1))
    told = said(adapter)
    assert sum(r["is_final"] and "is_end" not in r for r in told) == 3
    assert sum("is_end" in r for r in told) == 2

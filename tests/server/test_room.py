from __future__ import annotations

import asyncio

import pytest

from saywire.errors import Overloaded
from saywire.server import room as module
from saywire.server.room import Line, Room, Seen
from server.doubles import in_loop


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


@in_loop
async def test_who_comes_late_gets_all_that_is_there_and_who_was_there_what_is_new():
    room = Room(1, [Line(0, 0.0, 1.0, "before", final=True)])
    assert (texts(room.changed(Seen())), room.end) == (["before"], 1.0)
    seen = room.now()
    assert room.changed(seen) == []
    first, second = room.new_id(), room.new_id()
    room.put(Line(second, 3.0, text="se"))
    room.put(Line(first, 2.0, 3.0, "first", final=True))
    room.put(Line(second, 3.0, text="second"))
    assert texts(room.changed(seen)) == ["first", "second"]
    assert texts(room.changed(Seen())) == ["before", "first", "second"]
    assert texts(room.changed(Seen("another", 99))) == ["before", "first", "second"]


@in_loop
async def test_a_line_that_is_taken_back_is_told_to_who_has_seen_it():
    room = Room(1)
    line = room.new_id()
    room.put(Line(line, 0.0, text="oops"))
    seen = room.now()
    room.remove(line)
    room.remove(99)
    assert [(one.id, one.gone, one.text) for one in room.changed(seen)] == [(line, True, "")]
    assert room.changed(Seen()) == []


@in_loop
async def test_only_so_many_lines_are_kept(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    room = Room(1, [Line(0, n, n + 1, f"{n}", final=True) for n in range(5)])
    assert texts(room.changed(Seen())) == ["2", "3", "4"]
    assert [line.id for line in room.changed(Seen())] == [3, 4, 5]


@in_loop
async def test_who_missed_lines_that_are_no_longer_kept_can_be_told(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 3)
    room = Room(1, [Line(0, n, n + 1, f"{n}", final=True) for n in range(3)])
    assert not room.lacks(Seen())
    seen = room.now()
    for number in range(3, 6):
        room.put(Line(room.new_id(), number, number + 1, f"{number}", final=True))
    assert not room.lacks(seen) and texts(room.changed(seen)) == ["3", "4", "5"]
    room.put(Line(room.new_id(), 6, 7, "6", final=True))
    assert room.lacks(seen) and room.lacks(Seen()) and room.lacks(Seen("another", 99))
    assert not room.lacks(room.now())


@in_loop
async def test_lines_that_were_taken_back_are_not_missed(monkeypatch):
    monkeypatch.setattr(module, "KEPT", 1)
    room = Room(1)
    for _ in range(3):
        line = room.new_id()
        room.put(Line(line, 0.0, text="oops"))
        room.remove(line)
    assert not room.lacks(Seen())


@in_loop
async def test_a_room_may_begin_behind_lines_that_were_left_out():
    room = Room(1, [Line(0, 7.0, 8.0, "said", final=True)], behind=True)
    assert room.lacks(Seen()) and not room.lacks(room.now())


@in_loop
async def test_who_waits_is_woken_by_whatever_is_new():
    room = Room(1)
    steps = (
        lambda: room.put(Line(room.new_id(), 0.0, text="a")),
        lambda: room.speak(True),
        lambda: room.close(over=True),
    )
    for step in steps:
        seen = room.now()
        waiting = [asyncio.create_task(room.move(seen)) for _ in range(3)]
        await asyncio.sleep(0)
        assert not any(task.done() for task in waiting)
        step()
        await asyncio.gather(*waiting)
        await room.move(seen)  # at once
    seen = room.now()
    room.speak(True)
    assert room.now() == seen  # nothing new


@in_loop
async def test_places():
    room = Room(1)
    with room.watch():
        assert room.viewers == 1
        with pytest.raises(Overloaded, match="all 1 places"), room.watch():
            pass
    with room.watch():
        pass
    assert room.viewers == 0

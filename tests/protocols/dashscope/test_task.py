"""The task protocol beyond its stories."""

import json

from protocols.adapters import NOW, surroundings
from saywire import messages as m
from saywire.errors import BadRequest, Overloaded
from saywire.protocols.base import Close, Drop, Handshake
from saywire.protocols.dashscope.task import IDLE, QUIET, DashScopeTasks


class Clock:
    now = NOW


def opened():
    clock = Clock()
    tasks = DashScopeTasks(surroundings(lambda: clock.now))
    tasks.connect(Handshake("/api-ws/v1/inference"))
    return tasks, clock


def run(tasks, name, **parameters):
    header = {"action": "run-task", "task_id": name, "streaming": "duplex"}
    tasks.receive(
        json.dumps({"header": header, "payload": {"model": "fun-asr-realtime", "parameters": parameters}})
    )
    tasks.hear(name, m.Configured(None))


def events(tasks):
    frames = tasks.frames_to_send()
    return [json.loads(f)["header"]["event"] for f in frames if isinstance(f, str)], [
        f for f in frames if isinstance(f, Close)
    ]


def test_a_refusal_that_is_not_fatal_still_ends_the_session():
    tasks, _ = opened()
    run(tasks, "t1")
    run(tasks, "t2")
    tasks.fail(BadRequest("no such turns"), "t1")
    assert tasks.deadline == NOW and tasks.expire() == [Drop("t1")]
    told, closes = events(tasks)
    assert told == ["task-started", "task-started", "task-failed"] and not closes


def test_one_task_too_many_harms_no_other():
    tasks, _ = opened()
    run(tasks, "t1")
    tasks.fail(Overloaded("full"), "t2")
    told, closes = events(tasks)
    assert told == ["task-started", "task-failed"] and not closes
    assert tasks.receive(bytes(32))


def test_each_task_has_its_own_patience():
    tasks, clock = opened()
    run(tasks, "t1")
    clock.now += 10
    run(tasks, "t2")
    assert tasks.deadline == NOW + QUIET
    clock.now = tasks.deadline
    assert tasks.expire() == [Drop("t1")]
    assert tasks.deadline == NOW + 10 + QUIET
    assert events(tasks)[1] == []


def test_a_connection_without_a_task_is_closed():
    tasks, clock = opened()
    assert tasks.deadline == NOW + IDLE
    clock.now = tasks.deadline
    tasks.expire()
    assert events(tasks) == ([], [Close(1000, "")]) and tasks.deadline is None


def test_a_hundred_tasks_leave_nothing():
    tasks, _ = opened()
    for number in range(100):
        name = f"t{number}"
        run(tasks, name)
        tasks.receive(json.dumps({"header": {"action": "finish-task", "task_id": name}}))
        tasks.hear(name, m.Finished(0.0))
    assert not tasks._tasks

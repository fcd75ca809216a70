from __future__ import annotations

import os
import select
import signal
import socket
from pathlib import Path

import pytest

from runtime.talk import BROKEN, FAKE, SINGLE
from saywire.engines import Entry
from saywire.engines.manifest import MANIFEST
from saywire.errors import ConfigError
from saywire.runtime import zygote
from saywire.runtime.link import Hello, Refused, Unpacker, Up
from saywire.runtime.starters import Forking, Spawning, Starter, choose

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def first_word(end: socket.socket) -> Up:
    end.settimeout(30)
    ((_, message),) = Unpacker().feed(end.recv(1 << 16))
    assert isinstance(message, Hello | Refused)
    return message


def greet(starter: Starter, entry: Entry) -> Up:
    with starter.start(entry) as end:
        return first_word(end)


@pytest.mark.parametrize("how", ["fork", "spawn"])
@pytest.mark.parametrize("entry", [FAKE, SINGLE], ids=lambda entry: entry.name)
def test_a_started_worker_says_hello_and_ends_with_its_link(how: str, entry: Entry) -> None:
    starter = choose(how)
    try:
        hello = greet(starter, entry)
        assert isinstance(hello, Hello) and hello.pid != os.getpid()
    finally:
        starter.end()  # returns: every process has ended


def test_shared_engines_are_loaded_once_for_all_their_workers() -> None:
    starter = Forking()
    try:
        assert {type(greet(starter, SINGLE)) for _ in range(3)} == {Hello}
        assert len(starter.nurseries) == 1
        starter.retire(SINGLE)
        assert not starter.nurseries
        assert isinstance(greet(starter, SINGLE), Hello)
    finally:
        starter.end()


def test_an_engine_that_a_nursery_cannot_load_is_refused_by_its_workers() -> None:
    broken = Entry("broken", BROKEN.loader, BROKEN.requires, BROKEN.install, (), "", shares=True)
    starter = Forking()
    try:
        refused = greet(starter, broken)
        assert isinstance(refused, Refused) and "no_such_module" in str(refused.error)
    finally:
        starter.end()


def test_a_zygote_that_was_killed_is_started_again() -> None:
    starter = Forking()
    try:
        assert isinstance(greet(starter, FAKE), Hello)
        os.kill(starter.pid, signal.SIGKILL)
        os.waitid(os.P_PID, starter.pid, os.WEXITED | os.WNOWAIT)  # dead; reaping is not ours
        assert isinstance(greet(starter, FAKE), Hello)
        assert isinstance(greet(starter, SINGLE), Hello)
    finally:
        starter.end()


def test_a_nursery_and_the_zygote_may_die_together() -> None:
    starter = Forking()
    try:
        assert isinstance(greet(starter, SINGLE), Hello)
        starter.nurseries[SINGLE.name].close()
        starter.nurseries[SINGLE.name], far = socket.socketpair()
        far.close()
        starter._zygote.requests.shutdown(socket.SHUT_RDWR)  # gone, but its process not yet
        assert isinstance(greet(starter, SINGLE), Hello)
    finally:
        starter.end()


def test_a_zygote_that_was_killed_with_requests_unread_is_started_again() -> None:
    """Then the next one meets a reset connection, not a broken pipe."""
    starter = Forking()
    try:
        os.kill(starter.pid, signal.SIGSTOP)
        starter.start(FAKE).close()
        os.kill(starter.pid, signal.SIGKILL)
        os.waitid(os.P_PID, starter.pid, os.WEXITED | os.WNOWAIT)
        assert isinstance(greet(starter, FAKE), Hello)
    finally:
        starter.end()


def test_a_zygote_that_hangs_is_killed_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zygote, "PATIENCE", 0.0)
    started = zygote.start()
    os.kill(started.process.pid, signal.SIGSTOP)
    started.end()
    assert started.process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("shares", [False, True], ids=["worker", "nursery"])
def test_who_hangs_while_it_loads_is_killed_at_the_end(tmp_path: Path, shares: bool) -> None:
    os.mkfifo(tmp_path / MANIFEST)
    stuck = Entry("stuck", "manifest:read_manifest", (), "", (), "", folder=tmp_path, shares=shares)
    starter = Forking()
    with starter.start(stuck):
        writing = os.open(tmp_path / MANIFEST, os.O_WRONLY)  # once it is read
    starter.end()
    poll = select.poll()
    poll.register(writing, 0)
    assert poll.poll(30_000) == [(writing, select.POLLERR)]  # nobody reads any more
    os.close(writing)


def test_ways_to_start() -> None:
    with pytest.raises(ConfigError, match=r"engine\.start is 'thread'; this system has auto, spawn, fork"):
        choose("thread")
    assert isinstance(choose("spawn"), Spawning)

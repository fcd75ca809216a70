from __future__ import annotations

import os
import socket

import pytest

from runtime.talk import FAKE
from saywire.runtime import zygote
from saywire.runtime.link import Hello, Unpacker

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")


def test_a_request_and_its_socket_arrive_together() -> None:
    ours, theirs = socket.socketpair()
    end, far = socket.socketpair()
    with ours, theirs, far:
        request = zygote.Request("worker", FAKE)
        zygote.send_request(ours, request, end)
        received = zygote.receive_request(theirs)
        assert received is not None
        assert received[0] == request
        with received[1] as handed:
            handed.sendall(b"through")
            assert far.recv(100) == b"through"
        ours.close()
        assert zygote.receive_request(theirs) is None


def test_the_workers_outlive_the_zygote_that_made_them() -> None:
    started = zygote.start()
    ours, theirs = socket.socketpair()
    with ours:
        zygote.send_request(started.requests, zygote.Request("worker", FAKE), theirs)
        ours.settimeout(30)
        ((_, hello),) = Unpacker().feed(ours.recv(1 << 16))
        started.end()
        assert isinstance(hello, Hello)
        os.kill(hello.pid, 0)  # still there
        ours.shutdown(socket.SHUT_WR)
        assert ours.recv(100) == b""  # and gone with its link

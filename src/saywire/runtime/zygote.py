"""The process that workers are forked from: single-threaded, so that forking it is safe and takes 2 ms.

The ingress starts one, as a fresh interpreter, and asks it over a socket. A request is what is wanted, and
one end of a socketpair for it::

    worker    fork a worker, which talks over that socket
    nursery   fork another zygote, which loads the engine first and takes requests over that socket:
              its workers share the engine's memory (an engine whose entry says ``shares``)

A zygote ends when its socket does, and never reads anything but its socket: nobody has to stop it.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, NoReturn

from ..audio.vad import VoiceDetector
from ..engines import Entry
from ..engines.base import Engine
from ..errors import SaywireError
from .link import Refused, pack
from .worker import load, work

LENGTH = struct.Struct("<I")
PATIENCE = 1.0
"""Seconds that a zygote has to end."""


@dataclass(frozen=True, slots=True)
class Request:
    what: Literal["worker", "nursery"]
    entry: Entry


def send_request(zygote: socket.socket, request: Request, end: socket.socket) -> None:
    """Hand over one end of a socketpair; it is closed here. Raises OSError when the zygote is dead."""
    data = pickle.dumps(request)
    with end:
        socket.send_fds(zygote, [LENGTH.pack(len(data)) + data], [end.fileno()])


def receive_request(requests: socket.socket) -> tuple[Request, socket.socket] | None:
    """None when nobody will ask any more."""
    head, handles, _, _ = socket.recv_fds(requests, LENGTH.size, 1)
    if not head:
        return None
    (length,) = LENGTH.unpack(head)
    data = requests.recv(length, socket.MSG_WAITALL)
    request: Request = pickle.loads(data)
    return request, socket.socket(fileno=handles[0])


@dataclass(slots=True)
class Zygote:
    requests: socket.socket
    detector: VoiceDetector
    engine: Engine | None = None
    error: SaywireError | None = None
    """Why the engine is not there."""

    def run(self) -> NoReturn:
        gc.collect()
        gc.freeze()  # a collection in a child would touch, and so copy, everything it shares with us
        while asked := receive_request(self.requests):
            if os.fork() == 0:
                self.requests.close()
                self._become(*asked)
            asked[1].close()
        os._exit(0)

    def _become(self, request: Request, end: socket.socket) -> NoReturn:
        """In the child, for the rest of its life."""
        if request.what == "nursery":
            Zygote(end, self.detector, *try_to_load(request.entry)).run()
        if self.error:
            end.sendall(pack(0, Refused(self.error)))
        else:
            work(end, request.entry, self.engine, self.detector)
        os._exit(0)  # what the zygote set up for its own end is not ours to run


def try_to_load(entry: Entry) -> tuple[Engine | None, SaywireError | None]:
    try:
        return load(entry), None
    except SaywireError as error:
        return None, error


@dataclass(frozen=True, slots=True)
class Started:
    """A zygote, seen from the ingress."""

    requests: socket.socket
    process: subprocess.Popen[bytes]

    def end(self) -> None:
        """Returns when it has ended; one that hangs is killed."""
        self.requests.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def sweep(self) -> None:
        """Kill who came of it and is still there: once all links are closed, only who hangs while loading."""
        with suppress(OSError):  # nobody is left
            os.killpg(self.process.pid, signal.SIGKILL)


def start() -> Started:
    """Start a zygote in a fresh interpreter."""
    ours, theirs = socket.socketpair()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",  # workers are many and small: they share out the cores, not threads
        "OMP_NUM_THREADS": "1",
    }
    code = f"from saywire.runtime.zygote import main; main({theirs.fileno()})"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        process_group=0,
    )
    theirs.close()
    return Started(ours, process)


def main(handle: int) -> NoReturn:
    """What the fresh interpreter runs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody has to wait for dead workers
    Zygote(socket.socket(fileno=handle), VoiceDetector()).run()

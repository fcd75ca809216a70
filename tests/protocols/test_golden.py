"""Golden transcripts: a whole conversation with an adapter, line by line. A line's mark says who speaks::

    #  what the story is about
    C> a frame from the client: a text frame as it is; ``binary 0a0b``; ``gone`` when it left without a word.
       The first is the request, ``GET /path?query``, headers after it as ``name: value`` between bars
    => a command to the session        <= an event from the session
    S< a frame to the client           <! an error that is no event, as the server tells it
       Where a wire has several sessions, each of these three begins with the session's name, if it has one
    </ why the client may not come in, right after the request
    .. seconds that pass; an adapter whose deadline is among them is told
    :: what is special about the server, before all others: ``lifetime=60.0``

In a client's frame ``@silence 2400`` stands for base64 of that many samples of PCM16, ``@step 2400`` for as
many at half of full scale, ``@hex 00ff`` for base64 of bytes. Ids count by kind, the time stands still.

Run with UPDATE_GOLDEN=1 to write what the adapters say now; read the difference before you keep it.
"""

import itertools
import os
import re
from dataclasses import fields
from urllib.parse import parse_qsl, urlsplit

import pytest

from protocols.adapters import NOW, frame, stories, surroundings
from saywire import errors, messages, types
from saywire.errors import SaywireError
from saywire.messages import Audio, Configure
from saywire.protocols import PROTOCOLS
from saywire.protocols.base import Begin, Drop, Give, Handshake

NAMES = {**vars(types), **vars(messages), **vars(errors)}


def handshake(line):
    request, *headers = (part.strip() for part in line.removeprefix("GET ").split("|"))
    url = urlsplit(request)
    pairs = [header.split(": ", 1) for header in headers]
    return Handshake(url.path, tuple(parse_qsl(url.query)), {name.lower(): value for name, value in pairs})


def shown(command):
    match command:
        case Give(session, given):
            return shown(given).replace("=>", f"=> {session}", 1)
        case Begin(session, options):
            return f"=> {session} begin({', '.join(changes(options, types.Options()))})"
        case Drop(session):
            return f"=> {session} drop"
        case Audio(samples, rate):
            heard = f", {samples.min():.3f} to {samples.max():.3f}" if len(samples) else ""
            return f"=> Audio({len(samples)} samples at {rate} Hz{heard})"
        case Configure(options):
            return f"=> Configure({', '.join(changes(options, types.Options()))})"
        case _:
            return f"=> {command}"


def changes(value, default):
    for field in fields(value):
        here, usual = getattr(value, field.name), getattr(default, field.name)
        if field.name == "turns":
            yield from changes(here, usual)
        elif here != usual:
            yield f"{field.name}={here!r}"


def drain(adapter):
    return [f"S< {f}" for f in adapter.frames_to_send()]


class Replay:
    """Plays the lines that come from outside and keeps all lines, as they turn out."""

    def __init__(self, settings, request, refused):
        self.time = NOW
        self.request = handshake(request)
        around = eval(
            f"surroundings(now, {settings})", {"surroundings": surroundings, "now": lambda: self.time}
        )
        self.adapter = PROTOCOLS[self.request.path](around)
        self.lines = [f":: {settings}"] * bool(settings) + [f"C> {request}"]
        if not refused:
            self.keep(self.adapter.connect(self.request))

    def keep(self, commands):
        self.lines += [shown(command) for command in commands] + drain(self.adapter)

    def play(self, mark, body):
        self.lines.append(f"{mark} {body}")
        match mark:
            case "C>":
                self.keep(self.client(body))
            case "<=":
                self.keep(self.hear(*named(body)))
            case "<!":
                name, error = named(body)
                self.adapter.fail(*([error, name] if name else [error]))
                self.keep([])
            case "..":
                self.time += float(body)
                if self.adapter.deadline is not None and self.adapter.deadline <= self.time:
                    self.keep(self.adapter.expire())
            case "</":
                answer = self.adapter.refuse(self.request, eval(body, dict(NAMES)))
                self.keep([answer] if answer else [])

    def hear(self, name, event):
        return self.adapter.hear(name, event) if name else self.adapter.send(event) or []

    def client(self, body):
        if body == "gone":
            return self.adapter.leave()
        try:
            return self.adapter.receive(frame(body))
        except SaywireError as error:
            self.adapter.fail(error)
            return []


def named(body):
    """A session's name, or nothing, and what is said of it."""
    found = re.match(r"([\w-]+) (?=[A-Z])", body)
    name, rest = (found[1], body[found.end() :]) if found else ("", body)
    return name, eval(rest, dict(NAMES))


def replay(lines):
    marked = [line.partition(" ")[::2] for line in lines]
    settings = marked[0][1] if marked[0][0] == "::" else ""
    outside = [(mark, body) for mark, body in marked if mark in ("C>", "<=", "<!", "</", "..")]
    story = Replay(settings, outside[0][1], refused=len(outside) > 1 and outside[1][0] == "</")
    for mark, body in outside[1:]:
        story.play(mark, body)
    return story.lines


@pytest.mark.parametrize("path", stories(), ids=lambda path: path.stem)
def test_story(path):
    lines = path.read_text().splitlines()
    head = list(itertools.takewhile(lambda line: line.startswith("#"), lines))
    assert head, "a story says first what it is about"
    told = replay(lines[len(head) :])
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text("\n".join(head + told) + "\n")
    else:
        assert told == lines[len(head) :]


def test_a_changed_frame_is_noticed():
    lines = ["C> GET /v1/realtime", "S< {}"]
    assert replay(lines) != lines
    assert replay(lines)[0] == lines[0]

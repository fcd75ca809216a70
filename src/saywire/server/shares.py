"""Captions that others may read along: who speaks chooses a key, and gets a token for those who read.

* The key is the speaker's secret, made by its client. Every session that is opened with it, on any wire
  (``offered.py`` knows how), feeds the share of that key while there is one.
* Whoever may use the server opens the share of a key, and gets the token. It is a keyed hash of a fresh
  salt, so nothing can be told from it, and it opens nothing but this stream of text.
* Who still has both opens the same share again after the server was restarted, and no link breaks. A share
  that is opened without its token gets another one, so a link that was closed stays closed.
* A share ends when it is closed, or when nobody has spoken into it for a while.

All of it is in the memory of one process: viewers must come to the server that the speaker is on.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from secrets import token_urlsafe

from ..errors import BadRequest, Overloaded
from .feeds import Feed, Speaker, read_start
from .problems import NotFound
from .room import Line, Room

KEY = re.compile(r"[A-Za-z0-9_-]{32,128}")
SALT = 16
"""Characters at the beginning of a token."""


@dataclass(slots=True, eq=False)
class Share:
    key: str
    token: str
    room: Room
    alarm: asyncio.TimerHandle | None = None
    """Ends it, while nobody speaks."""


@dataclass(slots=True)
class Shares:
    """Of one server, within one event loop."""

    most: int = 100
    viewers: int = 200
    """Of each share, at most."""
    grace: float = 300.0
    """Seconds that one lasts in which nobody speaks."""
    _by_key: dict[str, Share] = field(default_factory=dict)
    _by_token: dict[str, Share] = field(default_factory=dict)
    _feeds: dict[str, set[Feed]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def watching(self) -> int:
        """Viewers of all shares."""
        return sum(share.room.viewers for share in self._by_key.values())

    def open(
        self, key: str, token: str | None = None, past: Sequence[Line] = (), behind: bool = False
    ) -> str:
        """The token of the share of this key, which there is from now on if there was none: with this token,
        if it was its token once, and with ``past`` as what was said before, ``behind`` more of it.

        Raises BadRequest, Overloaded.
        """
        check_key(key)
        if share := self._by_key.get(key):
            return share.token
        if token is not None and not hmac.compare_digest(
            token.encode(), make_token(key, token[:SALT]).encode()
        ):
            raise BadRequest("this token was made for another share", param="token")
        if len(self._by_key) >= self.most:
            raise Overloaded(f"all {self.most} shares are taken; try again later")
        room = Room(self.viewers, past, behind)
        share = Share(key, token or make_token(key, token_urlsafe(SALT)[:SALT]), room)
        self._by_key[key] = self._by_token[share.token] = share
        self._look(key)
        return share.token

    def close(self, key: str, over: bool = True) -> None:
        """``over``: for good, of which its viewers are told; otherwise it may be opened again. Idempotent."""
        if share := self._by_key.pop(key, None):
            del self._by_token[share.token]
            if share.alarm:
                share.alarm.cancel()
            share.room.close(over)

    def find(self, token: str) -> Room:
        """Raises NotFound."""
        share = self._by_token.get(token)  # which is that random that the time of looking it up tells nothing
        if share is None:
            raise NotFound("there are no such captions, or not any more")
        return share.room

    def feed(self, speaker: Speaker, heard: float = 0.0) -> Feed:
        """For a session that begins, after so many seconds of audio on its connection. Whoever has it calls
        ``end``.

        Raises BadRequest.
        """
        key, start = speaker.key, read_start(speaker.start)
        if key:
            check_key(key)
        room = self._room_of(key)
        offset = start + heard if start is not None else room.end if room else 0.0
        feed = Feed(partial(self._room_of, key), partial(self._leave, key), speaker, offset)
        if key:
            if room and key not in self._feeds:
                room.drop_unfinished()
            self._feeds.setdefault(key, set()).add(feed)
            self._look(key)
        return feed

    def stop(self) -> None:
        """The server ends: viewers shall come again, to the next."""
        for share in self._by_key.values():
            if share.alarm:
                share.alarm.cancel()
            share.room.close(over=False)
        self._by_key.clear()
        self._by_token.clear()

    def _room_of(self, key: str) -> Room | None:
        share = self._by_key.get(key)
        return share.room if share else None

    def _leave(self, key: str, feed: Feed) -> None:
        feeds = self._feeds.get(key, set())
        feeds.discard(feed)
        if feeds:
            feed.drop()
        else:  # its unfinished lines stay until somebody goes on
            self._feeds.pop(key, None)
        self._look(key)

    def _look(self, key: str) -> None:
        """A share in which nobody speaks ends after a while."""
        share = self._by_key.get(key)
        if share is None:
            return
        speaking = key in self._feeds
        share.room.speak(speaking)
        if share.alarm:
            share.alarm.cancel()
        if speaking:
            share.alarm = None
        else:
            share.alarm = asyncio.get_running_loop().call_later(self.grace, self.close, key, False)


def check_key(key: str) -> None:
    """Raises BadRequest for one that could be guessed, by its length."""
    if not KEY.fullmatch(key):
        raise BadRequest(
            "share is the speaker's secret: 32 to 128 random letters, digits, hyphens and underscores",
            param="share",
        )


def make_token(key: str, salt: str) -> str:
    digest = hmac.digest(key.encode(), salt.encode(), "sha256")
    return salt + base64.urlsafe_b64encode(digest).decode().rstrip("=")

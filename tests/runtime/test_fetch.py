"""Downloads from a server that behaves badly."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from runtime.hub import Answer, Hub, serve
from saywire.errors import FetchFailed
from saywire.runtime import fetch as module
from saywire.runtime.contents import checksum
from saywire.runtime.fetch import Fetched, fetch
from saywire.runtime.patience import Patience, open_client

DATA = bytes(range(256)) * 4096  # 1 MiB
SUM = hashlib.sha256(DATA).hexdigest()
OTHER = DATA[:-1] + b"!"
SLEPT: list[float] = []
HASTY = Patience(connect=2.0, silence=0.2, tries=3, sleep=SLEPT.append)


@pytest.fixture
def hub() -> Iterator[Hub]:
    SLEPT.clear()
    with serve() as hub:
        yield hub


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with open_client(HASTY) as client:
        yield client


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store" / "model.onnx"


def left(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir()) if path.parent.exists() else []


def test_a_file_arrives_and_progress_is_told(hub: Hub, client: httpx.Client, path: Path) -> None:
    told: list[tuple[int, int | None]] = []
    url = hub.put("/m", DATA)
    done = fetch(client, url, path, progress=lambda *now: told.append(now), patience=HASTY)
    assert done == Fetched(len(DATA), SUM, published=False)
    assert path.read_bytes() == DATA and left(path) == ["model.onnx"]
    assert told[-1] == (len(DATA), len(DATA))
    assert [now for now, _ in told] == sorted(now for now, _ in told)


def test_three_dropped_connections_are_gone_on_from(hub: Hub, client: httpx.Client, path: Path) -> None:
    drops = [Answer(drop_at=300_000), Answer(drop_at=1), Answer(drop_at=200_000)]
    url = hub.put("/m", DATA, *drops)
    assert fetch(client, url, path, sha256=SUM, patience=HASTY) == Fetched(len(DATA), SUM, published=True)
    starts = ["", "bytes=300000-", "bytes=300001-", "bytes=500001-"]
    assert [wanted for _, wanted in hub.requests] == starts
    assert len(SLEPT) == 3


def test_a_server_without_ranges_begins_anew_each_time(hub: Hub, client: httpx.Client, path: Path) -> None:
    url = hub.put("/m", DATA, Answer(drop_at=5000), Answer(drop_at=9000, ranges=False), Answer(ranges=False))
    assert fetch(client, url, path, patience=HASTY).sha256 == SUM


def test_a_file_that_changed_meanwhile_begins_anew(hub: Hub, client: httpx.Client, path: Path) -> None:
    url = hub.put("/m", DATA, Answer(drop_at=5000))
    with pytest.raises(FetchFailed):
        fetch(client, url, path, patience=Patience(tries=1))
    hub.put("/m", OTHER, etag='"two"')
    fetch(client, url, path, patience=HASTY)
    assert path.read_bytes() == OTHER


def test_another_process_goes_on_where_one_was_killed(hub: Hub, client: httpx.Client, path: Path) -> None:
    url = hub.put("/m", DATA, Answer(drop_at=5000))
    with pytest.raises(FetchFailed, match="at byte 5,000; look at the network and call again"):
        fetch(client, url, path, patience=Patience(tries=1))
    assert left(path) == ["model.onnx.part", "model.onnx.part.json"]
    fetch(client, url, path, patience=HASTY)
    assert hub.requests[-1] == ("/m", "bytes=5000-") and path.read_bytes() == DATA


def test_without_a_version_or_a_checksum_nothing_is_continued(
    hub: Hub, client: httpx.Client, path: Path
) -> None:
    url = hub.put("/m", DATA, Answer(drop_at=5000), etag="")
    with pytest.raises(FetchFailed):
        fetch(client, url, path, patience=Patience(tries=1))
    fetch(client, url, path, patience=HASTY)
    assert hub.requests[-1] == ("/m", "") and path.read_bytes() == DATA


def test_the_part_of_another_url_is_not_continued(hub: Hub, client: httpx.Client, path: Path) -> None:
    with pytest.raises(FetchFailed):
        fetch(client, hub.put("/a", OTHER, Answer(drop_at=5000)), path, patience=Patience(tries=1))
    fetch(client, hub.put("/b", DATA), path, patience=HASTY)
    assert path.read_bytes() == DATA


def test_what_was_complete_but_not_named_is_finished(hub: Hub, client: httpx.Client, path: Path) -> None:
    url = hub.put("/m", DATA, Answer(drop_at=5000))
    with pytest.raises(FetchFailed):
        fetch(client, url, path, sha256=SUM, patience=Patience(tries=1))
    path.with_name("model.onnx.part").write_bytes(DATA)
    fetch(client, url, path, sha256=SUM, patience=HASTY)
    assert path.read_bytes() == DATA


def test_a_flipped_byte_is_refused_and_thrown_away(hub: Hub, client: httpx.Client, path: Path) -> None:
    url = hub.put("/m", OTHER)
    with pytest.raises(FetchFailed, match=f"came damaged or changed: sha256 .*, expected {SUM[:12]}"):
        fetch(client, url, path, sha256=SUM, patience=HASTY)
    assert left(path) == []


def test_a_hub_s_own_checksum_counts(hub: Hub, client: httpx.Client, path: Path) -> None:
    linked = (("X-Linked-Etag", f'"{SUM}"'),)
    good = hub.put("/good", DATA, Answer(headers=linked))
    assert fetch(client, good, path, patience=HASTY).published
    bad = hub.put("/bad", OTHER, Answer(headers=linked))
    with pytest.raises(FetchFailed, match="came damaged"):
        fetch(client, bad, path.with_name("bad"), patience=HASTY)


def test_the_checksum_before_a_redirect_counts(hub: Hub, client: httpx.Client, path: Path) -> None:
    hub.put("/cdn", OTHER)
    linked = (("Location", "/cdn"), ("X-Linked-Etag", f'"{SUM}"'))
    url = hub.put("/resolve", b"", Answer(302, headers=linked))
    with pytest.raises(FetchFailed, match="came damaged"):
        fetch(client, url, path, patience=HASTY)


def test_a_web_page_is_not_a_model(hub: Hub, client: httpx.Client, path: Path) -> None:
    page = Answer(body=b"<html>log in", headers=(("Content-Type", "text/html; charset=utf-8"),))
    with pytest.raises(FetchFailed, match="a web page came instead of the file; a proxy"):
        fetch(client, hub.put("/m", DATA, page), path, patience=HASTY)
    assert left(path) == []


@pytest.mark.parametrize(
    ("status", "hint"),
    [(404, "not there any more"), (403, "who asks"), (401, "who asks"), (400, "take another")],
)
def test_a_final_no_is_final(hub: Hub, client: httpx.Client, path: Path, status: int, hint: str) -> None:
    with pytest.raises(FetchFailed, match=f"the server answered {status} .*{hint}"):
        fetch(client, hub.put("/m", DATA, Answer(status)), path, patience=HASTY)
    assert len(hub.requests) == 1


def test_a_busy_server_is_asked_again_when_it_says(hub: Hub, client: httpx.Client, path: Path) -> None:
    busy = Answer(429, headers=(("Retry-After", "7"),))
    fetch(client, hub.put("/m", DATA, busy, Answer(503)), path, patience=HASTY)
    assert path.read_bytes() == DATA
    assert SLEPT[0] == 7.0 and SLEPT[1] < 7.0


def test_patience_ends(hub: Hub, client: httpx.Client, path: Path) -> None:
    with pytest.raises(FetchFailed, match="the server answered 502, 3 times in a row, at byte 0"):
        fetch(client, hub.put("/m", DATA, *[Answer(502)] * 9), path, patience=HASTY)
    assert len(hub.requests) == 3


def test_drops_that_bring_nothing_new_end_too(hub: Hub, client: httpx.Client, path: Path) -> None:
    drops = [Answer(drop_at=5000, ranges=False)] * 20
    with pytest.raises(FetchFailed, match="3 times in a row"):
        fetch(client, hub.put("/m", DATA, *drops), path, patience=HASTY)
    assert len(hub.requests) == 3


def test_a_server_that_falls_silent_is_left_and_asked_again(
    hub: Hub, client: httpx.Client, path: Path
) -> None:
    fetch(client, hub.put("/m", DATA, Answer(hang_at=5000)), path, patience=HASTY)
    assert hub.requests[1] == ("/m", "bytes=5000-") and path.read_bytes() == DATA


def test_a_server_that_only_hangs_is_given_up(hub: Hub, client: httpx.Client, path: Path) -> None:
    with pytest.raises(FetchFailed, match="the server fell silent, 3 times in a row"):
        fetch(client, hub.put("/m", DATA, *[Answer(hang_at=0)] * 9), path, patience=HASTY)


def test_nobody_listens(client: httpx.Client, path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    with pytest.raises(FetchFailed, match="refused, 3 times in a row"):
        fetch(client, f"http://127.0.0.1:{port}/m", path, patience=HASTY)


def test_a_length_that_is_too_long_is_found_out(hub: Hub, client: httpx.Client, path: Path) -> None:
    fetch(client, hub.put("/m", DATA, Answer(claim=5000)), path, sha256=SUM, patience=HASTY)
    assert path.read_bytes() == DATA and hub.requests[1] == ("/m", f"bytes={len(DATA)}-")


def test_a_length_that_is_too_short_is_found_out(hub: Hub, client: httpx.Client, path: Path) -> None:
    with pytest.raises(FetchFailed, match="came damaged"):
        fetch(client, hub.put("/m", DATA, Answer(claim=-5000)), path, sha256=SUM, patience=HASTY)


def test_an_empty_file_is_a_file(hub: Hub, client: httpx.Client, path: Path) -> None:
    assert fetch(client, hub.put("/m", b""), path, patience=HASTY).size == 0
    assert path.read_bytes() == b""


def test_too_large_is_refused_before_a_byte(hub: Hub, client: httpx.Client, path: Path) -> None:
    with pytest.raises(FetchFailed, match="has 1,048,576 bytes; 1,000 are the most"):
        fetch(client, hub.put("/m", DATA), path, limit=1000, patience=HASTY)
    assert not path.exists()


def test_a_full_disk_is_told_before_a_byte(
    hub: Hub, client: httpx.Client, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 64 * 2**20))
    with pytest.raises(
        FetchFailed, match=r"needs 1 MB more, but .* has 64 MB free; make room, or set models"
    ):
        fetch(client, hub.put("/m", DATA), path, patience=HASTY)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_cannot_be_written_is_named(hub: Hub, client: httpx.Client, tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(FetchFailed, match="cannot write"):
        fetch(client, hub.put("/m", DATA), tmp_path / "sub" / "m", patience=HASTY)
    tmp_path.chmod(0o700)


def test_a_compressed_answer_is_refused(hub: Hub, client: httpx.Client, path: Path) -> None:
    packed = Answer(headers=(("Content-Encoding", "gzip"),))
    with pytest.raises(FetchFailed, match="came compressed"):
        fetch(client, hub.put("/m", DATA, packed), path, patience=HASTY)


def test_checksums_are_sha256(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(DATA)
    assert checksum(tmp_path / "x") == SUM

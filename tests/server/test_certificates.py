"""Certificates of our own making, judged by OpenSSL as clients have it."""

from __future__ import annotations

import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.program import environment
from saywire.server.certificates import AUTHORITY, AUTHORITY_KEY, LIFE, SERVER, load_authority, make
from saywire.server.tls import MAKER, Credentials, load, shake_hands

NAMES = ("localhost", "127.0.0.1", "::1", "müller.example")


def end_for(folder: Path, name: str) -> datetime:
    pair = Credentials(folder / SERVER, folder / SERVER)
    return shake_hands(load(pair), folder / AUTHORITY, name)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_authority_takes_every_name(tmp_path: Path, name: str) -> None:
    make(tmp_path, NAMES)
    left = end_for(tmp_path, name) - datetime.now(UTC)
    assert timedelta(days=700) < left < timedelta(days=825)


def test_other_names_and_other_authorities_are_refused(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    make(tmp_path, NAMES)
    make(tmp_path / "other", NAMES)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        end_for(tmp_path, "example.com")
    (tmp_path / AUTHORITY).write_bytes((tmp_path / "other" / AUTHORITY).read_bytes())
    with pytest.raises(ssl.SSLCertVerificationError):
        end_for(tmp_path, "localhost")


@pytest.mark.skipif(not hasattr(ssl, "VERIFY_X509_STRICT"), reason="this Python has no strict mode")
def test_the_strictest_client_finds_nothing(tmp_path: Path) -> None:
    """Python 3.13 is strict by default."""
    make(tmp_path, NAMES)
    server = load(Credentials(tmp_path / SERVER, tmp_path / SERVER))
    strict = ssl.create_default_context(cafile=tmp_path / AUTHORITY)
    strict.verify_flags |= ssl.VERIFY_X509_STRICT
    down, up = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = strict.wrap_bio(down, up, server_hostname="localhost")
    other = server.wrap_bio(up, down, server_side=True)
    for end in (client, other, client):
        try:
            end.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.version() == "TLSv1.3"


def test_the_authority_stays_while_it_lasts(tmp_path: Path) -> None:
    make(tmp_path, ["localhost"])
    authority = (tmp_path / AUTHORITY).read_bytes()
    make(tmp_path, ["other.example"])
    assert (tmp_path / AUTHORITY).read_bytes() == authority
    assert end_for(tmp_path, "other.example")
    make(tmp_path, ["localhost"], datetime.now(UTC) + timedelta(days=3650) - LIFE)
    assert (tmp_path / AUTHORITY).read_bytes() != authority


def test_an_authority_that_is_not_whole_is_none(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    make(tmp_path, ["localhost"])
    make(tmp_path / "other", ["localhost"])
    soon = datetime.now(UTC)
    assert load_authority(tmp_path, soon)
    (tmp_path / AUTHORITY_KEY).write_bytes((tmp_path / "other" / AUTHORITY_KEY).read_bytes())
    assert load_authority(tmp_path, soon) is None
    (tmp_path / AUTHORITY_KEY).write_bytes(b"half")
    assert load_authority(tmp_path, soon) is None
    (tmp_path / AUTHORITY_KEY).unlink()
    assert load_authority(tmp_path, soon) is None


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_keys_are_the_owner_s_alone(tmp_path: Path) -> None:
    make(tmp_path, ["localhost"])
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {AUTHORITY: 0o644, AUTHORITY_KEY: 0o600, SERVER: 0o600}


def test_as_a_program(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", MAKER, tmp_path, "localhost", "192.0.2.1"],
        env=environment(tmp_path),
        capture_output=True,
    )
    assert (run.returncode, run.stderr) == (0, b"")
    assert end_for(tmp_path, "192.0.2.1")

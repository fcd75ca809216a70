"""Which certificate is served with, what is wrong with it, and real clients that verify it."""

from __future__ import annotations

import logging
import os
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from openai import AsyncOpenAI
from openai import DefaultAsyncHttpxClient as OpenAIClient
from websockets.asyncio.client import connect

from saywire.client.realtime import connect as open_session
from saywire.config import ServerConfig
from saywire.errors import BadRequest, ConfigError, EngineFailed, ModelError
from saywire.messages import Finish, Finished
from saywire.protocols import PROTOCOLS
from saywire.server import tls
from saywire.server.certificates import AUTHORITY, SERVER, make
from saywire.server.tls import Credentials, Renewal, find_credentials, find_names, keep, load, shake_hands
from server.audio import quiet, wav
from server.doubles import ScriptedHost, in_loop, serving, settings, talkative


def find(**server: object) -> Credentials | None:
    return find_credentials(ServerConfig(**server), {})  # type: ignore[arg-type]


def made(folder: Path, now: datetime | None = None, names: Sequence[str] = ("localhost",)) -> Path:
    """A file with key and certificate."""
    folder.mkdir(exist_ok=True)
    make(folder, names, now)
    return folder / SERVER


def key_of(both: Path) -> Path:
    """The key alone, in a file of its own."""
    path = both.with_name("key.pem")
    path.touch(0o600)
    path.write_text(both.read_text().partition("-----BEGIN CERTIFICATE")[0])
    return path


def test_without_settings_there_is_no_tls() -> None:
    assert find() is None


def test_a_certificate_and_its_key_in_one_file_or_two(tmp_path: Path) -> None:
    both = made(tmp_path)
    assert find(tls_cert=str(both)) == Credentials(both, both)
    assert find(tls_cert=str(both), tls_key=str(key_of(both))) == Credentials(both, key_of(both))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"tls_key": "k.pem"}, "tls_key without server.tls_cert"),
        ({"tls_cert": "c.pem", "tls_self_signed": True}, "exclude each other"),
        ({"tls_cert": "/no/such.pem"}, "server.tls_cert: cannot read .*no.such.pem: No such file"),
        ({"tls_cert": "{both}", "tls_key": "/no/such.pem"}, "server.tls_key: cannot read"),
        ({"tls_cert": "{key}"}, "key.pem is no certificate in PEM"),
        ({"tls_cert": "{authority}"}, "ca.pem has no private key in PEM; name the key's file"),
        ({"tls_cert": "{both}", "tls_key": "{other}"}, "other.server.pem is not the key of"),
        ({"tls_cert": "{both}", "tls_key": "{locked}"}, "locked.pem needs a password"),
        ({"tls_cert": "{damaged}"}, "damaged.pem or its key .*damaged.pem is damaged"),
        ({"tls_cert": "{expired}"}, "clients will not take .*: certificate has expired"),
        ({"tls_cert": "{early}"}, "clients will not take .*: certificate is not yet valid"),
    ],
)
def test_what_cannot_be_served_with_is_told_at_start_up(
    tmp_path: Path, given: dict[str, object], complaint: str
) -> None:
    both = made(tmp_path)
    locked = tmp_path / "locked.pem"
    password = BestAvailableEncryption(b"secret")
    whole = load_pem_private_key(both.read_bytes(), None)
    locked.write_bytes(whole.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, password))
    damaged = tmp_path / "damaged.pem"
    damaged.write_text("\n".join(line for line in both.read_text().splitlines() if "MII" not in line))
    now = datetime.now(UTC)
    files = {
        "both": both,
        "key": key_of(both),
        "authority": tmp_path / AUTHORITY,
        "other": made(tmp_path / "other"),
        "locked": locked,
        "damaged": damaged,
        "expired": made(tmp_path / "expired", now - timedelta(days=900)),
        "early": made(tmp_path / "early", now + timedelta(days=9)),
    }
    for path in files.values():
        path.chmod(0o600)
    filled = {
        name: str(value).format(**files) if value is not True else True for name, value in given.items()
    }
    with pytest.raises(ConfigError, match=complaint):
        find(**filled)


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_key_that_others_can_read_is_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    both = made(tmp_path)
    both.chmod(0o640)
    find(tls_cert=str(both))
    assert caplog.text == ""
    both.chmod(0o644)
    find(tls_cert=str(both))
    assert f"everybody on this machine can read the private key: chmod o= {both}" in caplog.text


def test_an_end_that_is_near_is_warned_about(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    both = made(tmp_path, datetime.now(UTC) - timedelta(days=790))
    find(tls_cert=str(both))
    assert "ends at" in caplog.text


def test_names_are_those_clients_may_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Kitchen.lan")
    monkeypatch.setattr(tls, "_addresses", lambda: iter(["192.0.2.7", "::1"]))
    names = find_names(ServerConfig(host="0.0.0.0", tls_names=("asr.example",)))
    base = ["localhost", "127.0.0.1", "::1", "kitchen.lan", "kitchen.local", "192.0.2.7"]
    assert names == [*base, "asr.example"]
    assert find_names(ServerConfig(host="192.0.2.8")) == [*base, "192.0.2.8"]
    monkeypatch.setattr(socket, "gethostname", lambda: "no certificate for this_one")
    assert find_names(ServerConfig()) == ["localhost", "127.0.0.1", "::1", "192.0.2.7"]


def test_this_machine_s_addresses_are_addresses() -> None:
    assert all(":" in name or name.count(".") == 3 for name in tls._addresses())


def test_a_certificate_is_made_once_and_anew_when_it_will_not_do(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there"
    names = ["localhost", "*.asr.example"]
    given = keep(folder, names)
    assert given.authority and shake_hands(load(given), given.authority, "localhost")
    first = given.certificate.read_bytes()
    keep(folder, names)
    assert given.certificate.read_bytes() == first
    keep(folder, [*names, "192.0.2.9"])
    second = given.certificate.read_bytes()
    assert second != first
    make(folder, [*names, "192.0.2.9"], datetime.now(UTC) - timedelta(days=790))
    keep(folder, [*names, "192.0.2.9"])
    assert shake_hands(load(given), given.authority, "192.0.2.9") > datetime.now(UTC) + timedelta(days=700)
    given.certificate.write_text("half")
    keep(folder, names)
    assert shake_hands(load(given), given.authority, "localhost")


def test_a_certificate_that_cannot_be_made_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="no certificate could be made in"):
        keep(tmp_path, ["bad name \N{SNOWMAN}.."])
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="a certificate cannot be kept in"):
        keep(tmp_path / "file", ["localhost"])

    def refuse(*_: object) -> None:
        raise ModelError("read-only")

    monkeypatch.setattr(tls, "locked", refuse)
    with pytest.raises(ConfigError, match="a certificate cannot be kept in"):
        keep(tmp_path, ["localhost"])


def test_a_renewed_certificate_is_used_and_half_of_one_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    both = made(tmp_path, names=["old.example"])
    given = Credentials(both, both)
    context, renewal = load(given), Renewal(given)
    renewal.renew(context)
    assert caplog.text == ""
    both.write_text("half")
    renewal.renew(context)
    assert "the changed certificate is not used" in caplog.text
    assert shake_hands(context, tmp_path / AUTHORITY, "old.example")
    both.unlink()
    renewal.renew(context)
    made(tmp_path, names=["new.example"])
    renewal.renew(context)
    assert shake_hands(context, tmp_path / AUTHORITY, "new.example")
    caplog.clear()
    renewal.renew(context)
    assert caplog.text == ""


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of the certificate that a server of this test will make."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "saywire" / "tls" / AUTHORITY


@in_loop
async def test_https_and_wss_for_clients_that_trust_the_authority(authority: Path) -> None:
    async with serving(ScriptedHost(talkative), settings(tls_self_signed=True)) as at:
        trust = ssl.create_default_context(cafile=authority)
        for name in ("localhost", "127.0.0.1"):
            async with httpx.AsyncClient(base_url=f"https://{name}:{at.port}", verify=trust) as client:
                assert (await client.get("/health")).json()["status"] == "ok"
            async with connect(f"wss://{name}:{at.port}/plain", ssl=trust) as ws:
                assert (await ws.recv()).startswith("hello /plain")


@in_loop
async def test_who_does_not_trust_it_is_told_so_and_the_server_lives_on(authority: Path) -> None:
    async with serving(ScriptedHost(), settings(tls_self_signed=True)) as at:
        address = f"wss://127.0.0.1:{at.port}/v1/realtime"
        with pytest.raises(EngineFailed, match=r"is not trusted: .*; name the authority that signed it"):
            async with open_session(address):
                pass
        async with httpx.AsyncClient() as client:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get(f"https://127.0.0.1:{at.port}/health")
            with pytest.raises(httpx.TransportError):
                await client.get(f"http://127.0.0.1:{at.port}/health")  # not TLS at all
        trust = ssl.create_default_context(cafile=authority)
        async with httpx.AsyncClient(verify=trust) as client:
            assert (await client.get(f"https://127.0.0.1:{at.port}/health")).status_code == 200


@in_loop
async def test_our_own_client_over_wss(authority: Path) -> None:
    async with serving(ScriptedHost(), settings(tls_self_signed=True), PROTOCOLS) as at:
        address = f"wss://localhost:{at.port}/v1/realtime"
        async with open_session(address, ca=authority) as session:
            await session.send(Finish())
            assert [type(event) async for event in session] == [Finished]
        with pytest.raises(BadRequest, match="has no certificates of authorities in PEM"):
            async with open_session(address, ca=authority.with_name("none.pem")):
                pass


@in_loop
async def test_openai_python_verifies_us(authority: Path) -> None:
    async with serving(ScriptedHost(talkative), settings(tls_self_signed=True), PROTOCOLS) as at:
        trust = ssl.create_default_context(cafile=authority)
        async with AsyncOpenAI(
            api_key="any",
            base_url=f"https://localhost:{at.port}/v1",
            max_retries=0,
            http_client=OpenAIClient(verify=trust),
        ) as client:
            stream = await client.audio.transcriptions.create(
                model="scripted", file=wav(quiet(1.0)), stream=True
            )
            events = [event async for event in stream]
            options = {"ssl": trust}
            async with client.realtime.connect(
                model="scripted", websocket_connection_options=options
            ) as connection:
                assert (await connection.recv()).type == "session.created"
    assert events[-1].type == "transcript.text.done"
    assert events[-1].text.startswith("said 0 said 1")

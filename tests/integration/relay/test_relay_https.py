"""The HTTPS door with real clients: curl for every line of the reference page; cut off anywhere, gone on with."""

import contextlib
import datetime as dt
import hashlib
import json
import os
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from ecluse.domain.access import Access, AccessEntry
from ecluse.domain.errors import StorageError
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import FolderStore
from ecluse.relay.accounts import secret_digest
from ecluse.relay.certificates import fingerprint, keep_client_certificate
from ecluse.relay.log import Log
from ecluse.wire.artefacts import decode
from https_relays import TOKENS, Doorway
from migrating import OUT, holding
from relays import DESTINATION, ENGINEER, SOURCE, Sent

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


@pytest.fixture
def sent(delivered: Sent, tmp_path: Path) -> Sent:
    return delivered.copied(tmp_path)


@pytest.fixture
def doorway(sent: Sent) -> Iterator[Doorway]:
    with Doorway(sent) as opened:
        yield opened


def told(sent: Sent, event: Access) -> list[AccessEntry]:
    journal = Journal.open(FolderStore(sent.home.journal), LogKey.load(sent.home.log_key))
    entries = [decode(AccessEntry, data) for data in journal.entries()]
    return [each for each in entries if each.event is event]


class TestCurl:
    def test_a_whole_delivery_comes_through(self, doorway: Doorway, sent: Sent, tmp_path: Path) -> None:
        for name, data in sent.papers().items():
            (tmp_path / name).write_bytes(data)
            assert doorway.curl(SOURCE, "-T", str(tmp_path / name), path=f"/{sent.box}/out/{name}").status == 204
        assert doorway.curl(SOURCE).json == {"boxes": [sent.box]}
        assert doorway.curl(DESTINATION, path=f"/{sent.box}/in/").json == {"files": []}
        for name, path in sent.parcels().items():
            assert doorway.curl(SOURCE, "-T", str(path), path=f"/{sent.box}/out/{name}").status == 201
        files = {each["name"]: each for each in doorway.curl(DESTINATION, path=f"/{sent.box}/in/").json["files"]}
        assert set(files) == set(sent.papers()) | set(sent.parcels())
        for name, path in sent.parcels().items():
            got = doorway.curl(DESTINATION, path=f"/{sent.box}/in/{name}")
            assert got.body == path.read_bytes()
            assert got.headers["etag"] == f'"{name.removesuffix(".age")}"'
            assert doorway.curl(DESTINATION, "-X", "DELETE", path=f"/{sent.box}/in/{name}").status == 204
            assert doorway.curl(DESTINATION, path=f"/{sent.box}/in/{name}").status == 404
        out = {each["name"]: each["state"] for each in doorway.curl(SOURCE, path=f"/{sent.box}/out/").json["files"]}
        assert {out[name] for name in sent.parcels()} == {"taken"}
        for name in sent.parcels():
            assert doorway.curl(SOURCE, "-T", str(path), path=f"/{sent.box}/out/{name}").reason == "here-already"
        assert {each.actor for each in told(sent, Access.PARCEL_TAKEN)} == {DESTINATION}

    def test_an_upload_goes_on_where_it_was(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        address, data = f"/{sent.box}/out/{name}", path.read_bytes()
        first = doorway.curl(SOURCE, "-X", "PATCH", *_tus(0), "--data-binary", f"@{_part(path, data[:1000])}",
                             path=address)  # fmt: skip
        assert (first.status, first.headers["upload-offset"]) == (204, "1000")
        state = doorway.curl(SOURCE, "-I", path=address)
        assert (state.headers["upload-offset"], state.headers["upload-length"]) == ("1000", str(len(data)))
        wrong = doorway.curl(SOURCE, "-T", str(path), "-C", "999", path=address)
        assert (wrong.status, wrong.headers["upload-offset"]) == (409, "1000")
        assert doorway.curl(SOURCE, "-T", str(path), "-C", "1000", path=address).status == 201

    def test_a_download_goes_on_where_it_was(self, doorway: Doorway, sent: Sent, tmp_path: Path) -> None:
        doorway.send_all()
        name, path = doorway.largest()
        held = tmp_path / "half"
        held.write_bytes(path.read_bytes()[:5000])
        done = subprocess.run(
            ["curl", "-sS", "--fail", "--cacert", doorway.ca, "-H", f"Authorization: Bearer {TOKENS[DESTINATION]}",
             "-C", "-", "-o", held, f"{doorway.url}/{sent.box}/in/{name}"],
            capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert held.read_bytes() == path.read_bytes()

    @pytest.mark.parametrize(
        ("header", "status", "wanted"),
        [
            ("bytes=0-0", 206, slice(0, 1)), ("bytes=5-", 206, slice(5, None)), ("bytes=-7", 206, slice(-7, None)),
            ("bytes=0-99999999", 206, slice(None)), ("bytes=99999999-", 416, None), ("bytes=-0", 416, None),
            ("bytes=5-4", 200, slice(None)), ("bytes=0-1,3-4", 200, slice(None)), ("lines=0-1", 200, slice(None)),
        ],
    )  # fmt: skip
    def test_ranges(self, doorway: Doorway, sent: Sent, header: str, status: int, wanted: slice | None) -> None:
        doorway.send_all()
        name, path = doorway.largest()
        got = doorway.curl(DESTINATION, "-H", f"Range: {header}", path=f"/{sent.box}/in/{name}")
        assert got.status == status
        if wanted is None:
            assert got.headers["content-range"] == f"bytes */{path.stat().st_size}"
        else:
            assert got.body == path.read_bytes()[wanted]

    def test_conditions(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_all()
        name, path = doorway.largest()
        address, etag = f"/{sent.box}/in/{name}", f'"{name.removesuffix(".age")}"'
        ask = doorway.ask
        assert ask(DESTINATION, "GET", address, headers={"Range": "bytes=0-1", "If-Range": etag}).status == 206
        other = ask(DESTINATION, "GET", address, headers={"Range": "bytes=0-1", "If-Range": '"x"'})
        assert (other.status, len(other.body)) == (200, path.stat().st_size)
        assert ask(DESTINATION, "GET", address, headers={"If-Match": '"x"'}).status == 412
        assert ask(DESTINATION, "DELETE", address, headers={"If-Match": '"x"'}).status == 412
        assert ask(DESTINATION, "DELETE", address, headers={"If-Match": etag}).status == 204

    def test_a_refused_upload_is_not_sent(self, doorway: Doorway, sent: Sent, tmp_path: Path) -> None:
        """curl waits for 100 before a large body: a refusal costs no transfer."""
        doorway.send_papers()
        name, _ = doorway.largest()
        held = tmp_path / "large"
        held.write_bytes(bytes(3_000_000))
        got = doorway.curl(SOURCE, "-T", str(held), "-w", "%{size_upload}", path=f"/{sent.box}/out/{name}")
        assert got.status == 413
        assert got.body.endswith(b"}0")


def _tus(offset: int) -> list[str]:
    given = TUS | {"Upload-Offset": str(offset)}
    return [each for name, value in given.items() for each in ("-H", f"{name}: {value}")]


def _part(path: Path, data: bytes) -> Path:
    made = path.parent.parent / f"part-{len(data)}"
    made.write_bytes(data)
    return made


PAGE = Path(__file__).parents[3] / "docs" / "reference" / "relay-https.md"


def test_the_page_s_own_lines_work(doorway: Doorway, sent: Sent, tmp_path: Path) -> None:
    """A delivery by the reference page's shell lines alone."""
    sender, recipient = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (parcel, first), (other, second) = list(sent.parcels().items())[:2]
    for folder, who in (("sender", SOURCE), ("recipient", DESTINATION)):
        (tmp_path / folder).mkdir()
        shutil.copy(doorway.ca, tmp_path / folder / "https.crt")
        (tmp_path / folder / "token.txt").write_text(f"Authorization: Bearer {TOKENS[who]}\n")
    for name, data in (sent.papers() | {parcel: first.read_bytes(), other: second.read_bytes()}).items():
        (tmp_path / "sender" / name).write_bytes(data)
    given = {"relay": doorway.url, "box": sent.box, "parcel": parcel, "other": other, "PATH": os.environ["PATH"]}
    _shell(sender, tmp_path / "sender", given)
    doorway.send(SOURCE, {n: p.read_bytes() for n, p in sent.parcels().items() if n not in {parcel, other}}, 201)
    _shell(recipient, tmp_path / "recipient", given)
    assert (tmp_path / "recipient" / parcel).read_bytes() == first.read_bytes()
    assert [each.subject for each in told(sent, Access.PARCEL_TAKEN)] == [parcel.removesuffix(".age")]


def _shell(lines: str, folder: Path, given: dict[str, str]) -> None:
    done = subprocess.run(["bash", "-euc", lines], cwd=folder, env=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class TestTus:
    def test_cut_off_at_any_byte(self, doorway: Doorway, sent: Sent) -> None:
        """The connection dies in the middle of a body, over and over; in the end all is there, once."""
        doorway.send_papers()
        name, path = doorway.largest()
        address, data = f"/{sent.box}/out/{name}", path.read_bytes()
        for cut in (0, 1, 21, 22, 200, 4096, len(data) // 2, len(data) - 1):
            come = int(doorway.ask(SOURCE, "HEAD", address).headers["upload-offset"])
            assert come <= cut
            head = _head("PATCH", address, TUS | {"Upload-Offset": str(come), "Content-Length": str(len(data) - come)})
            with doorway.connected() as secure:
                secure.sendall(head + data[come:cut])
            come = _settled(doorway, address, cut)
        last = doorway.ask(SOURCE, "PATCH", address, data[come:], TUS | {"Upload-Offset": str(come)})
        assert (last.status, last.headers["upload-offset"]) == (204, str(len(data)))
        assert [each.subject for each in told(sent, Access.PARCEL_STORED)] == [name.removesuffix(".age")]
        assert doorway.ask(SOURCE, "HEAD", address).headers["upload-offset"] == str(len(data))

    def test_a_put_that_was_cut_off_goes_on_too(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        address, data = f"/{sent.box}/out/{name}", path.read_bytes()
        with doorway.connected() as secure:
            secure.sendall(_head("PUT", address, {"Content-Length": str(len(data))}) + data[:9000])
        come = _settled(doorway, address, 9000)
        span = {"Content-Range": f"bytes {come}-{len(data) - 1}/{len(data)}"}
        assert doorway.ask(SOURCE, "PUT", address, data[come:], span).status == 201

    def test_a_parcel_whose_end_nobody_judged_is_judged_when_asked_about(self, doorway: Doorway, sent: Sent) -> None:
        """As after kill -9 between the last byte and the judgement: a client of tus only asks where to go on."""
        doorway.send_papers()
        (name, path), (other, like) = list(sent.parcels().items())[:2]
        for each, data in ((name, path.read_bytes()), (other, like.read_bytes()[:-1] + b"?")):
            upload = doorway.desk.begin(sent.visitor(doorway.desk, SOURCE), sent.box, each)
            upload.write(0, data)
            upload.close()
        assert doorway.ask(SOURCE, "HEAD", f"/{sent.box}/out/{name}").headers["upload-offset"] == str(
            len(path.read_bytes())
        )
        assert doorway.ask(SOURCE, "HEAD", f"/{sent.box}/out/{other}").headers["upload-offset"] == "0"
        assert [each.subject for each in told(sent, Access.PARCEL_STORED)] == [name.removesuffix(".age")]
        assert [each.subject for each in told(sent, Access.PARCEL_REFUSED)] == [other.removesuffix(".age")]

    def test_two_relays_serve_one_folder(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        with Doorway(sent) as other:
            turns = [doorway, other]
            for name, path in sent.parcels().items():
                address, data = f"/{sent.box}/out/{name}", path.read_bytes()
                step = len(data) // 3 + 1
                for number, begin in enumerate(range(0, len(data), step)):
                    piece = data[begin : begin + step]
                    got = turns[number % 2].ask(SOURCE, "PATCH", address, piece, TUS | {"Upload-Offset": str(begin)})
                    assert got.headers["upload-offset"] == str(begin + len(piece))
            held = {each["name"] for each in other.ask(DESTINATION, "GET", f"/{sent.box}/in/").json["files"]}
            assert set(sent.parcels()) <= held

    def test_the_last_session_has_the_parcel(self, doorway: Doorway, sent: Sent) -> None:
        """A connection that died without a word does not hold its parcel for as long as it may be idle."""
        doorway.send_papers()
        name, path = doorway.largest()
        address, data = f"/{sent.box}/out/{name}", path.read_bytes()
        head = _head("PATCH", address, TUS | {"Upload-Offset": "0", "Content-Length": str(len(data))})
        with doorway.connected() as silent:
            silent.sendall(head + data[:1000])
            for _ in range(200):  # until the first has begun: a later one would be the last session
                if any(each.event is Access.PARCEL_COMING for each in Log(sent.home).entries()):
                    break
                time.sleep(0.05)
            got = doorway.ask(SOURCE, "PUT", address, data)
            assert got.status == 201

    def test_another_process_that_writes_is_not_disturbed(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        other = sent.desk()
        upload = other.begin(sent.visitor(other, SOURCE), sent.box, name)
        got = doorway.ask(SOURCE, "PUT", f"/{sent.box}/out/{name}", path.read_bytes())
        assert (got.status, got.reason, got.headers["retry-after"]) == (409, "busy", "1")
        upload.close()

    @pytest.mark.parametrize(
        ("headers", "status"),
        [
            ({"Tus-Resumable": "0.2"}, 412), ({"Content-Type": "text/plain"}, 415), ({"Upload-Offset": "-1"}, 400),
            ({"Upload-Offset": "5"}, 409), ({"Upload-Checksum": "sha1 AAAA"}, 400),
        ],
    )  # fmt: skip
    def test_what_tus_forbids(self, doorway: Doorway, sent: Sent, headers: dict[str, str], status: int) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        given = TUS | {"Upload-Offset": "0"} | headers
        assert doorway.ask(SOURCE, "PATCH", f"/{sent.box}/out/{name}", path.read_bytes()[:9], given).status == status


def _head(method: str, path: str, headers: dict[str, str], who: str = SOURCE) -> bytes:
    given = {"Host": "localhost", "Authorization": f"Bearer {TOKENS[who]}"} | headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode()


def _settled(doorway: Doorway, address: str, wanted: int) -> int:
    """The offset once the last connection's end was heard of: all that came before it is kept."""
    found = -1
    for _ in range(200):
        found = int(doorway.ask(SOURCE, "HEAD", address).headers["upload-offset"])
        if found == wanted:
            break
    assert found == wanted
    return found


class TestRefusals:
    def test_a_flipped_byte(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        got = doorway.ask(SOURCE, "PUT", f"/{sent.box}/out/{name}", bytes(data))
        assert (got.status, got.reason) == (422, "tampered")
        assert not any((sent.home.boxes / sent.box / "coming").iterdir())
        assert told(sent, Access.PARCEL_REFUSED)

    def test_plaintext(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        clear = (b"NOM;PRENOM;" + OUT + b";DIABETE\n") * 400
        for data in (clear, path.read_bytes()[:8192] + clear):
            sized = data[: path.stat().st_size].ljust(path.stat().st_size, b"x")
            got = doorway.ask(SOURCE, "PUT", f"/{sent.box}/out/{name}", sized)
            assert (got.status, got.reason in {"not-sealed", "tampered"}) == (422, True)
        assert holding(OUT, sent.home.boxes) + holding(OUT, sent.home.journal) == []

    def test_not_announced(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        _, path = doorway.largest()
        got = doorway.ask(SOURCE, "PUT", f"/{sent.box}/out/{'0' * 64}.age", path.read_bytes())
        assert (got.status, got.reason) == (422, "not-announced")
        assert doorway.ask(SOURCE, "HEAD", f"/{sent.box}/out/{'0' * 64}.age").status == 404

    @pytest.mark.parametrize("more", [-1, 1, 5000])
    def test_another_length(self, doorway: Doorway, sent: Sent, more: int) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        data = path.read_bytes() + bytes(5000)
        got = doorway.ask(SOURCE, "PUT", f"/{sent.box}/out/{name}", data[: path.stat().st_size + more])
        assert (got.status, got.reason) == ((422, "tampered") if more < 0 else (413, "too-much"))

    def test_a_quota(self, doorway: Doorway, sent: Sent) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        object.__setattr__(doorway.desk.settings, "quota_gib", 0)
        assert doorway.ask(SOURCE, "PUT", f"/{sent.box}/out/{name}", path.read_bytes()).reason == "too-much"

    def test_a_full_disk_keeps_what_came(self, doorway: Doorway, sent: Sent, monkeypatch: pytest.MonkeyPatch) -> None:
        doorway.send_papers()
        name, path = doorway.largest()
        address, data = f"/{sent.box}/out/{name}", path.read_bytes()
        doorway.ask(SOURCE, "PATCH", address, data[:1000], TUS | {"Upload-Offset": "0"})

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        with monkeypatch.context() as patched:
            patched.setattr("os.pwrite", full)
            got = doorway.ask(SOURCE, "PATCH", address, data[1000:], TUS | {"Upload-Offset": "1000"})
        assert (got.status, got.reason) == (507, "no-room")
        assert doorway.ask(SOURCE, "PATCH", address, data[1000:], TUS | {"Upload-Offset": "1000"}).status == 204
        assert told(sent, Access.PARCEL_STORED)

    def test_a_paper_that_does_not_travel_so(self, doorway: Doorway, sent: Sent) -> None:
        name = f"acceptance.{'0' * 64}.json"
        got = doorway.ask(SOURCE, "PUT", f"/{sent.box}/out/{name}", b"{}")
        assert (got.status, got.reason) == (422, "malformed-paper")

    def test_without_its_journal_the_door_opens_nothing(
        self, doorway: Doorway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object, **__: object) -> int:
            raise StorageError("the journal cannot be written")

        with monkeypatch.context() as patched:
            patched.setattr(doorway.desk.log, "append", broken)
            assert doorway.ask(SOURCE, "GET", "/").status == 507
        assert doorway.ask(SOURCE, "GET", "/").status == 200


class TestWhoComesIn:
    def test_a_session_is_told_once_with_what_went_through(self, sent: Sent) -> None:
        with Doorway(sent) as doorway, contextlib.closing(doorway.client()) as connection:
            for _ in range(5):
                assert doorway.over(connection, SOURCE, "GET", "/").status == 200
            name, data = next(iter(sent.papers().items()))
            assert doorway.over(connection, SOURCE, "PUT", f"/{sent.box}/out/{name}", data).status == 204
        assert [each.detail["door"] for each in told(sent, Access.ENTERED)] == ["https"]
        left = told(sent, Access.LEFT)
        assert [each.actor for each in left] == [SOURCE]
        assert left[0].detail["sent"] == len(data)

    @pytest.mark.parametrize("given", ["Basic YTpi", "Bearer x", "Bearer ", "bearer", "Digest x", "Bearer a b"])
    def test_nothing_else_opens(self, doorway: Doorway, sent: Sent, given: str) -> None:
        got = doorway.ask(None, "GET", "/", headers={"Authorization": given})
        assert (got.status, got.reason) == (401, "unknown")
        assert got.headers["www-authenticate"] == 'Bearer realm="relay"'
        assert told(sent, Access.ENTRY_FAILED)

    def test_an_account_that_is_closed_is_out_at_once(self, doorway: Doorway) -> None:
        with contextlib.closing(doorway.client()) as connection:
            assert doorway.over(connection, SOURCE, "GET", "/").status == 200
            doorway.desk.accounts.revoke(SOURCE, doorway.desk.log, "adm.roux")
            assert doorway.over(connection, SOURCE, "GET", "/").status == 401

    def test_from_an_unlisted_network_there_is_not_even_tls(self, sent: Sent) -> None:
        desk = sent.desk()
        object.__setattr__(desk.settings, "networks", ("10.0.0.0/8",))
        with Doorway(sent, desk) as doorway, pytest.raises((ssl.SSLError, ConnectionError)):
            doorway.ask(SOURCE, "GET", "/")
        assert told(sent, Access.NETWORK_REFUSED)


class TestCertificates:
    def test_a_bound_certificate_opens(self, doorway: Doorway, sent: Sent, tmp_path: Path) -> None:
        files = _bound(doorway, tmp_path / "client", SOURCE)
        done = subprocess.run(
            ["curl", "-sS", "--cacert", doorway.ca, "--cert", files[0], "--key", files[1], f"{doorway.url}/"],
            capture_output=True, check=False,
        )  # fmt: skip
        assert json.loads(done.stdout) == {"boxes": []}, done.stderr
        assert [each.actor for each in told(sent, Access.ENTERED)] == [SOURCE]

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    def test_another_s_certificate_of_the_same_name_does_not(
        self, doorway: Doorway, sent: Sent, tmp_path: Path, version: ssl.TLSVersion
    ) -> None:
        _bound(doorway, tmp_path / "client", SOURCE)
        files = _certificate(tmp_path / "other", SOURCE)
        context = doorway.context()
        context.minimum_version = context.maximum_version = version
        context.load_cert_chain(*files)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            doorway.ask(SOURCE, "GET", "/", context=context)
        for _ in range(100):  # the client hears of it first
            if told(sent, Access.ENTRY_FAILED):
                break
            time.sleep(0.05)
        assert [each.detail["reason"] for each in told(sent, Access.ENTRY_FAILED)] == ["unknown certificate"]

    def test_with_somebody_else_s_token_it_does_not(self, doorway: Doorway, sent: Sent, tmp_path: Path) -> None:
        context = doorway.context()
        context.load_cert_chain(*_bound(doorway, tmp_path / "client", SOURCE))
        assert doorway.ask(SOURCE, "GET", "/", context=context).status == 200
        for token in (DESTINATION, "nobody-s-token-0123456789"):
            assert doorway.ask(token, "GET", "/", context=context).status == 401
        assert {each.actor for each in told(sent, Access.KEY_CLAIMED)} == {SOURCE}

    def test_an_unbound_one_that_is_kept_does_not(self, doorway: Doorway, tmp_path: Path) -> None:
        """Kept certificates are only checked; whose they are is the accounts' word."""
        files = _certificate(tmp_path / "client", SOURCE)
        keep_client_certificate(doorway.desk.home, files[0].read_bytes())
        context = doorway.context()
        context.load_cert_chain(*files)
        assert doorway.ask(None, "GET", "/", context=context).status == 401

    def test_the_relay_s_own_is_pinned_by_its_fingerprint(self, doorway: Doorway) -> None:
        pem = ssl.get_server_certificate(("127.0.0.1", doorway.port))
        assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest() == fingerprint(doorway.ca)


def _certificate(path: Path, name: str) -> tuple[Path, Path]:
    key, who = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder().subject_name(who).issuer_name(who).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(1))
        .not_valid_after(now + dt.timedelta(30)).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.with_suffix(".crt").write_bytes(made.public_bytes(pem))
    path.with_suffix(".key").write_bytes(secret)
    return path.with_suffix(".crt"), path.with_suffix(".key")


def _bound(doorway: Doorway, path: Path, who: str) -> tuple[Path, Path]:
    files = _certificate(path, who)
    digest = keep_client_certificate(doorway.desk.home, files[0].read_bytes())
    account = doorway.desk.accounts.get(who)
    assert account
    doorway.desk.accounts.add(replace(account, certificates=(digest,)), doorway.desk.log, "adm.roux")
    return files


def test_an_engineer_carries_for_their_agent(doorway: Doorway, sent: Sent) -> None:
    doorway.send_papers(ENGINEER)
    assert [each.actor for each in told(sent, Access.BOX_OPENED)] == [ENGINEER]


def test_a_token_is_kept_as_its_digest(doorway: Doorway, sent: Sent) -> None:
    assert holding(TOKENS[SOURCE].encode(), sent.home.root) == []
    assert secret_digest(TOKENS[SOURCE]) in (sent.home.accounts / f"{SOURCE}.json").read_text()

"""The HTTPS door, attacked: requests that two readers understand in two ways, every verb by everybody, TLS itself."""

import contextlib
import json
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ecluse.domain.access import Access, AccessEntry
from ecluse.journal import Journal, LogKey
from ecluse.journal.store import FolderStore
from ecluse.relay.https_requests import METHODS, VERBS, target_of
from ecluse.wire.artefacts import decode
from https_relays import TOKENS, Doorway
from migrating import ROOT
from relays import DESTINATION, SOURCE, Sent

STRANGER = "m.curieux"
BEARER = f"Authorization: Bearer {TOKENS[SOURCE]}"
METHOD_WORDS = (*sorted(VERBS), "get", "FOO", "PROPFIND", "PRI")


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Sent:
    return Sent.made(tmp_path_factory.mktemp("relay"), patients=20, origin_strangers=100)


@pytest.fixture(scope="module")
def doorway(sent: Sent) -> Iterator[Doorway]:
    with Doorway(sent) as opened:
        opened.send_all()
        yield opened


def told(sent: Sent, event: Access) -> list[AccessEntry]:
    journal = Journal.open(FolderStore(sent.home.journal), LogKey.load(sent.home.log_key))
    entries = [decode(AccessEntry, data) for data in journal.entries()]
    return [each for each in entries if each.event is event]


def state(sent: Sent) -> dict[str, bytes]:
    """Everything in the relay's boxes."""
    return {str(path): path.read_bytes() for path in sorted(sent.home.boxes.rglob("*")) if path.is_file()}


def statuses(answer: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)]


class TestShapes:
    """Each of these is one refusal and the end of the connection; what follows it on the line is never answered."""

    @pytest.mark.parametrize(
        "head",
        [
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Length: +0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Length: 0x0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Length: 0, 0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\n X: folded\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n{bearer}\r\n\r\n",
            "GET / HTTP/1.1\r\n{bearer}\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a b\r\n{bearer}\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\n{bearer}\r\n\r\n",
            "GET / HTTP/1.0\r\nHost: a\r\n{bearer}\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: a\r\n{bearer}\r\n\r\n",
            "GET /\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nX\0: 1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nX: a\0b\r\n\r\n",
            "GET / HTTP/1.1\nHost: a\r\n{bearer}\r\nX: a\rb\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Length: 3\r\n\r\nabc",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nContent-Encoding: gzip\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nExpect: 200-ok\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\n" + "X: y\r\n" * 200 + "\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n{bearer}\r\nX: " + "y" * 5000 + "\r\n\r\n",
            "GET /" + "a" * 5000 + " HTTP/1.1\r\nHost: a\r\n{bearer}\r\n\r\n",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ],
    )  # fmt: skip
    def test_one_400_and_no_more(self, doorway: Doorway, head: str) -> None:
        follow = f"GET / HTTP/1.1\r\nHost: a\r\n{BEARER}\r\n\r\n"
        answer = doorway.raw((head.replace("{bearer}", BEARER) + follow).encode("latin-1"))
        assert statuses(answer) == [400]
        assert b"yyy" not in answer
        assert b"boxes" not in answer

    @pytest.mark.parametrize(
        "path",
        [
            "http://localhost/", "https://localhost/", "//", "/./", "/../", "/?x", "/#x", "*", "/%2e%2e/", "/{box}",
            "/{box}/", "/{box}/in", "/{box}/in/..", "/{box}/in/../in/", "/{box}/in/%2e%2e/out/", "/{box}/in//",
            "/{box}/in/%00", "/{box}/in/{name}/", "/{box}/in/{name}?x=1", "/{box}/in/{name}%00", "/{box}/in/.{name}",
            "/{upper}/in/", "/{box}/IN/", "/{box}/in/{name}.part", "/{box}/coming/{name}", "/{box}/box.json",
            "/accounts/agent-source.json", "/keys/log.key", "/relay.yaml", "/metrics", "/favicon.ico", "/.well-known/",
            "/{box}\\in\\", "/{box}/in/\\..\\", "/{box}/in/{name};x", "/{box};x/in/",
        ],
    )  # fmt: skip
    def test_no_other_address_is_there(self, doorway: Doorway, sent: Sent, path: str) -> None:
        name = doorway.largest()[0]
        asked = path.replace("{box}", sent.box).replace("{name}", name).replace("{upper}", sent.box.upper() + "A")
        for method in ("GET", "PUT", "DELETE"):
            body = "Content-Length: 0\r\n" if method == "PUT" else ""
            head = f"{method} {asked} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKENS[DESTINATION]}\r\n{body}\r\n"
            answer = doorway.raw_one(head.encode())
            assert statuses(answer) in ([404], [400])
            assert b"nothing-here" in answer or b"malformed" in answer

    def test_a_query_of_a_right_address_is_told(self, doorway: Doorway, sent: Sent) -> None:
        before = len(told(sent, Access.PATH_REFUSED))
        assert doorway.ask(SOURCE, "GET", "/?a=b").status == 404
        assert len(told(sent, Access.PATH_REFUSED)) == before + 1

    def test_pipelined_requests_are_answered_in_their_order(self, doorway: Doorway, sent: Sent) -> None:
        one = f"GET / HTTP/1.1\r\nHost: a\r\n{BEARER}\r\n\r\n"
        two = f"GET /{sent.box}/in/ HTTP/1.1\r\nHost: a\r\n{BEARER}\r\nConnection: close\r\n\r\n"
        answer = doorway.raw((one + two).encode())
        assert statuses(answer) == [200, 200]
        assert answer.index(b'"boxes"') < answer.index(b'"files"')

    def test_an_unread_body_is_not_a_request(self, doorway: Doorway, sent: Sent) -> None:
        """A body that was refused is never read as the next request."""
        inner = f"GET / HTTP/1.1\r\nHost: a\r\n{BEARER}\r\n\r\n"
        for path in (f"/{sent.box}/out/{'0' * 64}.age", "/nowhere"):
            head = f"PUT {path} HTTP/1.1\r\nHost: a\r\n{BEARER}\r\nContent-Length: {len(inner)}\r\n\r\n"
            assert len(statuses(doorway.raw((head + inner).encode()))) == 1

    @pytest.mark.parametrize(
        "chunks", [b"5\r\nhello\r\nG", b"-1\r\n", b"5;x\r\nhellohello", b"FFFFFFFFFFFFFFFFF\r\n", b"0x5\r\n"]
    )
    def test_chunks_that_are_none(self, doorway: Doorway, sent: Sent, chunks: bytes) -> None:
        name = f"receipt.{'1' * 64}.json"
        head = f"PUT /{sent.box}/out/{name} HTTP/1.1\r\nHost: a\r\n{BEARER}\r\nTransfer-Encoding: chunked\r\n\r\n"
        before = state(sent)
        answer = doorway.raw(head.encode() + chunks)
        assert statuses(answer) in ([400], [])
        assert state(sent) == before

    def test_nothing_that_was_sent_comes_back(self, doorway: Doorway, sent: Sent) -> None:
        canary = "zqxcanary"
        for who in (None, SOURCE):
            for path, headers in (
                (f"/{canary}", {}), (f"/{sent.box}/out/{canary}", {}), ("/", {"Range": canary, canary: canary}),
                (f"/{sent.box}/in/order.{'0' * 64}.{canary}.sig", {}), ("/", {"If-Match": canary}),
            ):  # fmt: skip
                got = doorway.ask(who, "GET", path, headers=headers)
                assert canary.encode() not in got.body.lower()
                assert canary not in json.dumps(got.headers).lower()


class TestEverybodyEverything:
    def test_whoever_is_not_known_gets_one_answer(self, doorway: Doorway, sent: Sent) -> None:
        """Method by address by pretender: 401, whatever was asked, with one and the same body."""
        before, bodies = state(sent), set()
        for token in (None, "nobody-s-token-0123456789", "Basic YTpi"):
            bearer = "" if token is None else f"Authorization: {token if ' ' in token else f'Bearer {token}'}\r\n"
            for method in METHOD_WORDS:
                for path in _addresses(doorway, sent):
                    answer = doorway.raw_one(f"{method} {path} HTTP/1.1\r\nHost: a\r\n{bearer}\r\n".encode())
                    assert statuses(answer) in ([401], [400])
                    if statuses(answer) == [401] and method != "HEAD":
                        bodies.add(answer.partition(b"\r\n\r\n")[2])
        assert len(bodies) == 1
        assert state(sent) == before

    def test_a_stranger_with_an_account_finds_nothing(self, doorway: Doorway, sent: Sent) -> None:
        account = doorway.desk.accounts.get(SOURCE)
        assert account
        from ecluse.relay.accounts import Kind, secret_digest  # noqa: PLC0415

        token = "token-of-a-stranger-0123456789"
        doorway.desk.accounts.add(
            replace(account, id=STRANGER, kind=Kind.PERSON, owner=STRANGER, agent="agent-autre", keys=(), tokens=(secret_digest(token),)),
            doorway.desk.log, "adm.roux",
        )  # fmt: skip
        before = state(sent)
        with contextlib.closing(doorway.client()) as connection:
            assert doorway.over(connection, token, "GET", "/").json == {"boxes": []}
        right = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        told_apart = set()
        for path in _addresses(doorway, sent)[1:]:
            target = target_of(path)
            for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"):
                got = doorway.ask(token, method, path, b"x" if method in {"PUT", "PATCH"} else None, right)
                assert got.status in {404, 405}, (method, path)
                if target and method in METHODS[target.kind] and method != "HEAD":
                    told_apart.add(got.body)
        assert len(told_apart) == 1, "what is another's looks like what does not exist"
        assert state(sent) == before
        assert any(each.actor == STRANGER for each in told(sent, Access.PATH_REFUSED))

    @pytest.mark.parametrize("who", [SOURCE, DESTINATION])
    def test_members_have_their_own_side_alone(self, doorway: Doorway, sent: Sent, who: str) -> None:
        """Everything but what the reference page allows to this side is refused, and changes nothing."""
        before, name = state(sent), doorway.largest()[0]
        paper = next(each for each in sent.papers() if each.startswith("receipt."))
        wrong = [
            (method, f"/{sent.box}/{side}/{each}")
            for side in ("in", "out")
            for each in (name, paper, f"{'0' * 64}.age", "")
            for method in ("GET", "PUT", "PATCH", "DELETE", "POST", "MOVE", "COPY", "MKCOL", "PROPFIND")
            if not (method == "GET" and not each)
            and not (who == DESTINATION and side == "in" and each in {name, paper} and method in {"GET", "DELETE"})
            and not (side == "out" and method == "PUT" and each == paper)
        ]
        right = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        for method, path in wrong:
            got = doorway.ask(who, method, path, b"x" if method in {"PUT", "PATCH"} else None, right)
            assert got.status in {404, 405, 409, 422}, (method, path, got.status)
        assert state(sent) == before


def _addresses(doorway: Doorway, sent: Sent) -> list[str]:
    name = doorway.largest()[0]
    paper = next(each for each in sent.papers() if each.startswith("receipt."))
    return [
        "/", f"/{sent.box}/in/", f"/{sent.box}/out/", f"/{sent.box}/in/{name}", f"/{sent.box}/out/{name}",
        f"/{sent.box}/in/{paper}", f"/{sent.box}/out/{paper}", f"/{'0' * 16}/in/", f"/{'0' * 16}/in/{name}",
        "/nowhere", f"/{sent.box}/out/{'0' * 64}.age",
    ]  # fmt: skip


class TestPatience:
    def test_whoever_says_nothing_is_put_out(self, sent: Sent) -> None:
        with Doorway(sent, login_grace_s=1) as doorway, doorway.connected() as secure:
            secure.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
            began = time.monotonic()
            secure.settimeout(20)
            with contextlib.suppress(ssl.SSLError, ConnectionError):
                assert secure.recv(100) == b""
            assert time.monotonic() - began < 15

    def test_whoever_does_not_even_speak_tls_is_put_out(self, sent: Sent) -> None:
        """Plain HTTP, and garbage, at the TLS port."""
        with Doorway(sent) as doorway:
            for data in (b"GET / HTTP/1.0\r\n\r\n", b"\x00" * 64, b"SSH-2.0-x\r\n"):
                with socket.create_connection(("127.0.0.1", doorway.port), timeout=20) as plain:
                    plain.sendall(data)
                    plain.settimeout(20)
                    with contextlib.suppress(ConnectionError):
                        while plain.recv(1000):
                            pass

    def test_a_body_that_stops_is_refused_and_what_came_is_kept(self, sent: Sent) -> None:
        home = replace(sent.home, root=sent.home.root.parent / "slow")
        shutil.copytree(sent.home.root, home.root, ignore=shutil.ignore_patterns("boxes"))
        home.boxes.mkdir()
        with Doorway(replace(sent, home=home), idle_s=1) as doorway:
            doorway.send_papers()
            name, path = doorway.largest()
            head = (
                f"PATCH /{sent.box}/out/{name} HTTP/1.1\r\nHost: a\r\n{BEARER}\r\nTus-Resumable: 1.0.0\r\n"
                "Content-Type: application/offset+octet-stream\r\nUpload-Offset: 0\r\n"
                f"Content-Length: {path.stat().st_size}\r\n\r\n"
            )
            with doorway.connected() as secure:
                secure.settimeout(20)
                secure.sendall(head.encode() + path.read_bytes()[:700])
                assert statuses(secure.recv(4096)) == [408]
            assert doorway.ask(SOURCE, "HEAD", f"/{sent.box}/out/{name}").headers["upload-offset"] == "700"

    def test_one_address_has_so_many_connections(self, sent: Sent) -> None:
        with Doorway(sent, origin_strangers=3) as doorway, contextlib.ExitStack() as open_ones:
            for _ in range(3):
                open_ones.enter_context(doorway.connected())
            with pytest.raises((ssl.SSLError, ConnectionError)):
                doorway.ask(SOURCE, "GET", "/")
        with Doorway(sent, account_sessions=1) as doorway, contextlib.closing(doorway.client()) as connection:
            assert doorway.over(connection, SOURCE, "GET", "/").status == 200
            assert doorway.ask(SOURCE, "GET", "/").status == 429
            assert doorway.ask(DESTINATION, "GET", "/").status == 200


def test_sslyze_finds_nothing(doorway: Doorway, tmp_path: Path) -> None:
    out, sslyze = tmp_path / "found.json", ROOT / "build" / "scanners" / "bin" / "sslyze"
    assert sslyze.exists(), "this test needs sslyze: scripts/scanners"
    done = subprocess.run(
        [sslyze, "--mozilla_config=disable", "--json_out", out, f"localhost:{doorway.port}",
         "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--compression", "--heartbleed",
         "--openssl_ccs", "--robot", "--reneg", "--elliptic_curves", "--early_data", "--fallback", "--http_headers"],
        capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert out.is_file(), done.stderr
    server = json.loads(out.read_bytes())["server_scan_results"][0]
    assert server["scan_status"] == "COMPLETED"
    found = {name: each["result"] for name, each in server["scan_result"].items() if each["status"] == "COMPLETED"}
    for old in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1"):
        assert found[f"{old}_cipher_suites"]["accepted_cipher_suites"] == []
    suites = [each["cipher_suite"]["name"] for each in found["tls_1_2_cipher_suites"]["accepted_cipher_suites"]]
    assert suites
    assert all(each.startswith("TLS_ECDHE_") and ("GCM" in each or "CHACHA20" in each) for each in suites)
    suites = [each["cipher_suite"]["name"] for each in found["tls_1_3_cipher_suites"]["accepted_cipher_suites"]]
    assert {"GCM" in each or "CHACHA20" in each for each in suites} == {True}
    curves = {each["name"] for each in found["elliptic_curves"]["supported_curves"]}
    assert curves == {"secp256r1"}
    assert not found["tls_compression"]["supports_compression"]
    assert not found["heartbleed"]["is_vulnerable_to_heartbleed"]
    assert not found["openssl_ccs_injection"]["is_vulnerable_to_ccs_injection"]
    assert found["robot"]["robot_result"].startswith("NOT_VULNERABLE")
    assert not found["session_renegotiation"]["is_vulnerable_to_client_renegotiation_dos"]
    assert found["session_renegotiation"]["supports_secure_renegotiation"]
    assert not found["tls_1_3_early_data"]["supports_early_data"]
    assert found["tls_fallback_scsv"]["supports_fallback_scsv"]
    assert found["http_headers"]["strict_transport_security_header"]["max_age"] >= 31_536_000


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize("given", [["-groups", "ffdhe2048"], ["-cipher", "AES128-SHA:DHE-RSA-AES256-GCM-SHA384"]])
def test_finite_fields_and_old_ciphers_agree_on_nothing(doorway: Doorway, version: str, given: list[str]) -> None:
    if version == "-tls1_3" and given[0] == "-cipher":
        given = ["-ciphersuites", "TLS_AES_128_CCM_SHA256"]
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{doorway.port}", version, *given],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=30,
    )  # fmt: skip
    assert b"Cipher is (NONE)" in done.stdout

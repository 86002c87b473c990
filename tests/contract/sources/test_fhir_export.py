"""A FHIR server as a source: a third party's ``$export`` whole, and every way in which an export goes wrong."""

import base64
import json
import os
import re
import urllib.parse
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from carebundle.cli import main as carebundle_main
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from ecluse.adapters.sources._fhir_export import ExportClient
from ecluse.adapters.sources.fhir_export import FhirExportSource
from ecluse.adapters.sources.opening import open_source
from ecluse.adapters.sources.spec import PASSWORD_ENV, SourceSpec
from ecluse.domain.errors import ConnectionLostError, EcluseError, MalformedError, ProfileError, UsageError
from ecluse.domain.files import FileFormat, SourceFile
from ecluse.domain.profile import Engine
from ecluse.migration.ports import Source
from fhir_bulk import Answer, Exporter, Sekmet, running_exporter, running_sekmet

FIELDS = ("Patient.id", "Patient.name[0].family as family", "Observation.id", "Observation.valueQuantity.value")
PATIENTS = (
    b'{"resourceType":"Patient","id":"p1","name":[{"family":"ZZCANARY"}]}\n{"resourceType":"Patient","id":"p2"}\n'
)
RESULTS = b"".join(
    b'{"resourceType":"Observation","id":"o%d","valueQuantity":{"value":%d.10}}\n' % (n, n) for n in range(5000)
)
FILES = {"Observation": RESULTS, "Patient": PATIENTS}


@pytest.fixture(autouse=True)
def paused(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are told, not made."""
    pauses: list[float] = []
    made = ExportClient.__init__

    def init(self: ExportClient, base: str, elsewhere: str = "") -> None:
        made(self, base, elsewhere, pauses.append)

    monkeypatch.setattr(ExportClient, "__init__", init)
    monkeypatch.delenv(PASSWORD_ENV, raising=False)
    return pauses


def opened(url: str, memory_mb: int = 512, **options: str | list[str]) -> Source:
    query = "?" + urllib.parse.urlencode(options, doseq=True) if options else ""
    file = SourceFile("*", format=FileFormat.FHIR, fields=FIELDS)
    return open_source(SourceSpec(Engine.FILES, url + query, files={"r": file}, memory_mb=memory_mb))


def read(source: Source, sql: str = "SELECT id FROM r_patient ORDER BY id") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = source.query(sql).to_pylist()
    return found


def refused(exporter: Exporter, kind: type[EcluseError], words: str) -> None:
    """It is refused in these words, and nothing of a patient's or an address is told."""
    with (
        running_exporter(exporter),
        pytest.raises(kind, match=words) as caught,
        closing(opened(exporter.url)) as source,
    ):
        source.adopt_snapshot(None)
        source.facts()
    assert not re.search(r"ZZCANARY|127\.0\.0\.1|http:", str(caught.value))
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, EcluseError)


def test_an_export_is_read_in_whole_and_dropped() -> None:
    exporter = Exporter(dict(FILES), counts={"Observation": 5000, "Patient": 2})
    with running_exporter(exporter):
        with closing(opened(exporter.url)) as source:
            source.adopt_snapshot(source.export_snapshot())
            assert read(source) == [{"id": "p1"}, {"id": "p2"}]
            [row] = read(source, "SELECT count(*) AS n, max(value_quantity_value) AS v FROM r_observation")
            assert (row["n"], row["v"]) == (5000, "999.10")
            [intake] = source.facts().files
            assert (intake.files, intake.size, intake.records) == (2, len(RESULTS) + len(PATIENTS), 5002)
            assert intake.mapped + intake.structure == intake.size
            assert exporter.times("DELETE") == 0
        assert exporter.times("DELETE /fhir/jobs/1") == 1
    assert exporter.times("GET /fhir/$export") == 1
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(next(w for w in exporter.asked if "$export" in w)).query)
    assert asked == {"_outputFormat": ["application/fhir+ndjson"], "_type": ["Observation,Patient"]}
    assert exporter.times("GET /fhir/files/") == 2


def test_another_connection_takes_over_the_export_and_leaves_it() -> None:
    exporter = Exporter(dict(FILES))
    with running_exporter(exporter), closing(opened(exporter.url)) as keeper:
        token = keeper.export_snapshot()
        with closing(opened(exporter.url)) as worker:
            worker.adopt_snapshot(token)
            assert len(read(worker)) == 2
        assert exporter.times("DELETE") == 0
        assert exporter.times("GET /fhir/$export") == 1


def test_what_does_not_fit_into_memory_is_downloaded_by_each_query() -> None:
    lines = [
        b'{"resourceType":"Patient","id":"%d","name":[{"family":"%s"}]}' % (n, base64.b16encode(os.urandom(120)))
        for n in range(60_000)
    ]
    exporter = Exporter({"Patient": b"\n".join(lines)})
    with running_exporter(exporter), closing(opened(exporter.url, memory_mb=16)) as source:
        source.adopt_snapshot(None)
        sql = "SELECT count(*) AS n, count(DISTINCT length(family)) AS k FROM r_patient"
        before = exporter.times("GET /fhir/files/Patient")
        assert read(source, sql) == [{"n": 60_000, "k": 1}]
        assert exporter.times("GET /fhir/files/Patient") == before + 1
        assert source.facts().files[0].records == 60_000


def test_options_go_to_the_server() -> None:
    exporter = Exporter(dict(FILES))
    filters = ["Observation?code=http://loinc.org|2951-2", "Patient?active=true"]
    with (
        running_exporter(exporter),
        closing(opened(f"{exporter.url}/Group/g1", since="2020-01-01T00:00:00Z", filter=filters)) as source,
    ):
        source.adopt_snapshot(None)
    what = next(each for each in exporter.asked if "$export" in each)
    assert what.startswith("GET /fhir/Group/g1/$export?")
    asked = urllib.parse.parse_qs(urllib.parse.urlsplit(what).query)
    assert asked["_since"] == ["2020-01-01T00:00:00Z"]
    assert asked["_typeFilter"] == filters
    assert "GET /fhir/metadata" in exporter.asked


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_server_is_waited_for_as_long_as_it_says(status: int, paused: list[float]) -> None:
    def busy(server: Exporter, what: str, _: Mapping[str, str]) -> Answer | None:
        return (status, {"Retry-After": "7"}, b"") if server.times(what) <= 2 and "metadata" not in what else None

    exporter = Exporter(dict(FILES), busy)
    with running_exporter(exporter), closing(opened(exporter.url)) as source:
        source.adopt_snapshot(None)
        assert len(read(source)) == 2
    assert paused.count(7.0) >= 8


def test_an_export_in_progress_is_followed(paused: list[float]) -> None:
    def going(server: Exporter, what: str, _: Mapping[str, str]) -> Answer | None:
        on = what == "GET /fhir/jobs/1" and server.times(what) <= 3
        return (
            (202, {"X-Progress": "ZZCANARY", **({"Retry-After": "9"} if server.times(what) == 1 else {})}, b"")
            if on
            else None
        )

    exporter = Exporter(dict(FILES), going)
    with running_exporter(exporter), closing(opened(exporter.url)) as source:
        source.adopt_snapshot(None)
    assert paused[0] == 9.0
    assert len(paused) == 3


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("cut", [0, 1, 100_000])
def test_a_download_that_is_cut_off_goes_on(cut: int, chunked: bool) -> None:
    def breaking(server: Exporter, what: str, _: Mapping[str, str]) -> Answer | None:
        if "files/Observation" in what and server.times(what) <= 2:
            return 200, {"X-Cut": str(cut * server.times(what))}, RESULTS
        return None

    exporter = Exporter(dict(FILES), breaking, chunked=chunked)
    with running_exporter(exporter), closing(opened(exporter.url)) as source:
        source.adopt_snapshot(None)
        assert read(source, "SELECT count(DISTINCT id) AS n, count(*) AS k FROM r_observation") == [
            {"n": 5000, "k": 5000}
        ]
        assert source.facts().files[0].size == len(RESULTS) + len(PATIENTS)


def test_a_download_that_is_always_cut_off_is_given_up() -> None:
    def breaking(_: Exporter, what: str, __: Mapping[str, str]) -> Answer | None:
        return (200, {"X-Cut": "70000"}, RESULTS) if "files/Observation" in what else None

    refused(Exporter(dict(FILES), breaking), ConnectionLostError, "cannot be read to its end")


def test_a_file_that_changes_between_two_halves_is_refused() -> None:
    def changing(server: Exporter, what: str, _: Mapping[str, str]) -> Answer | None:
        if "files/Observation" not in what:
            return None
        return (200, {"X-Cut": "100000"}, RESULTS) if server.times(what) == 1 else (200, {}, RESULTS[::-1])

    refused(Exporter(dict(FILES), changing), MalformedError, "changed while it was being read")


@pytest.mark.parametrize(
    ("files", "counts", "words"),
    [
        (FILES, {"Patient": 3}, "not as many resources"),
        (FILES, {"Observation": 4999}, "not as many resources"),
        ({"Patient": PATIENTS + RESULTS[:80]}, {}, "another type"),
        ({"Patient": b"x" * (65 << 20)}, {}, "64 MiB"),
    ],
)
def test_files_that_are_not_what_the_manifest_says(files: dict[str, bytes], counts: dict[str, int], words: str) -> None:
    refused(Exporter(dict(files), counts=counts), MalformedError, words)


def test_a_broken_line_is_set_aside() -> None:
    exporter = Exporter({"Patient": PATIENTS + b'{"resourceType":"Patient","id":"ZZCANARY"'}, counts={"Patient": 3})
    with running_exporter(exporter), closing(opened(exporter.url)) as source:
        source.adopt_snapshot(None)
        assert len(read(source)) == 2
        [aside] = source.facts().files[0].set_aside
        assert (aside.file, aside.line, aside.byte, aside.reason) == (1, 3, len(PATIENTS), "no JSON")


def test_an_empty_export_is_one() -> None:
    with running_exporter(Exporter({})) as exporter, closing(opened(exporter.url)) as source:
        source.adopt_snapshot(None)
        assert read(source) == []
        assert source.facts().files[0].size == 0


def test_what_could_not_be_exported_is_not_missed_in_silence() -> None:
    issue = {"severity": "error", "code": "exception", "diagnostics": "ZZCANARY"}
    outcome = json.dumps({"resourceType": "OperationOutcome", "issue": [issue, {"severity": "warning", "code": "x"}]})
    refused(
        Exporter(dict(FILES), errors=f"{outcome}\n".encode() * 2), ProfileError, r"everything: 2 errors \(exception\)"
    )
    refused(Exporter(dict(FILES), errors=b"<html>ZZCANARY"), ProfileError, r"1 errors \(structure\)")
    named = outcome.replace("exception", "zzcanary-marie")
    refused(Exporter(dict(FILES), errors=named.encode()), ProfileError, r"1 errors \(no code\)")


def test_warnings_alone_stop_nothing() -> None:
    outcome = b'{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational"}]}\n'
    with running_exporter(Exporter(dict(FILES), errors=outcome)) as exporter, closing(opened(exporter.url)) as source:
        source.adopt_snapshot(None)
        assert len(read(source)) == 2


@pytest.mark.parametrize(
    ("at", "answer", "kind", "words"),
    [
        ("GET /fhir/files/Patient", (404, {}, b"ZZCANARY"), ConnectionLostError, "may have expired"),
        ("GET /fhir/files/Patient", (403, {}, b""), ConnectionLostError, "may have expired"),
        ("GET /fhir/files/Patient", (500, {}, b"ZZCANARY"), ProfileError, "HTTP 500"),
        ("GET /fhir/files/Patient", (503, {}, b""), ConnectionLostError, "too busy"),
        ("GET /fhir/jobs/1", (410, {}, b""), ConnectionLostError, "not there any more"),
        ("GET /fhir/jobs/1", (500, {}, b"ZZCANARY"), ProfileError, "HTTP 500"),
        ("GET /fhir/jobs/1", (200, {}, b"ZZCANARY"), MalformedError, "no JSON"),
        ("GET /fhir/jobs/1", (200, {}, b"[]"), MalformedError, "manifest is none"),
        ("GET /fhir/jobs/1", (200, {}, b'{"output":[{"type":"Patient"}]}'), MalformedError, "manifest is none"),
        ("GET /fhir/jobs/1", (200, {}, b'{"output":[{"type":"Patient","url":"http://elsewhere.example/ZZCANARY"}]}'),
         ProfileError, "another server"),
        ("GET /fhir/jobs/1", (200, {}, b'{"output":[{"type":"Patient","url":"https://host:ZZCANARY/"}]}'), ProfileError,
         "address that is none"),
        ("GET /fhir/jobs/1", (200, {}, b'{"output":[{"type":"Patient","url":"files/ZZCANARY-\\u00e9"}]}'), ProfileError,
         "address that is none"),
        ("GET /fhir/jobs/1", (200, {}, b'{"output":[],"link":[{"relation":"next","url":"x"}]}'), MalformedError,
         "goes on elsewhere"),
        ("GET /fhir/$export", (202, {}, b""), ProfileError, "no address"),
        ("GET /fhir/$export", (202, {"Content-Location": "https://elsewhere.example/job"}, b""), ProfileError,
         "another server"),
        ("GET /fhir/$export", (400, {}, b"ZZCANARY"), ProfileError, "HTTP 400"),
        ("GET /fhir/$export", (302, {"Location": "http://elsewhere.example/"}, b""), ProfileError, "redirects"),
        ("GET /fhir/$export", (401, {}, b""), ProfileError, "refuses the login"),
        ("GET /fhir/metadata", (200, {}, b'{"fhirVersion":"5.0.0"}'), ProfileError, "R4"),
        ("GET /fhir/metadata", (200, {}, b"ZZCANARY"), MalformedError, "no JSON"),
    ],
)  # fmt: skip
def test_a_server_that_does_otherwise(at: str, answer: Answer, kind: type[EcluseError], words: str) -> None:
    def wrong(_: Exporter, what: str, __: Mapping[str, str]) -> Answer | None:
        return answer if what.startswith(at) else None

    refused(Exporter(dict(FILES), wrong), kind, words)


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(ConnectionLostError):
        opened("http://127.0.0.1:9/fhir")


def test_a_token_goes_to_its_server_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSWORD_ENV, "sesame")
    exporter = Exporter(dict(FILES), token="sesame")
    other = Exporter(dict(FILES))

    def elsewhere(_: Exporter, what: str, __: Mapping[str, str]) -> Answer | None:
        if what != "GET /fhir/jobs/1":
            return None
        told = exporter.manifest() | {"requiresAccessToken": needed}
        told["output"] = [{"type": "Patient", "url": f"{other.url}/files/Patient.ndjson"}]
        return 200, {}, json.dumps(told).encode()

    with running_exporter(exporter), running_exporter(other):
        with closing(opened(exporter.url)) as source:
            source.adopt_snapshot(None)
            assert len(read(source)) == 2
        exporter.instead, needed = elsewhere, False
        with closing(opened(exporter.url, files=f"127.0.0.1:{other.port}")) as source:
            source.adopt_snapshot(None)
            assert len(read(source)) == 2
        assert [headers.get("Authorization") for _, headers in other.served] == [None]
        needed = True
        with (
            closing(opened(exporter.url, files=f"127.0.0.1:{other.port}")) as source,
            pytest.raises(ProfileError, match="shown to another server"),
        ):
            source.adopt_snapshot(None)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://lab.example/fhir", "https:// only"),
        ("https://user@lab.example/fhir", "no user"),
        ("https://user:secret@lab.example/fhir", "password"),
        ("https://lab.example/fhir?x=1", "unknown option"),
        ("https://lab.example/fhir?client=a", "client and key"),
    ],
)
def test_an_address_that_is_none(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        SourceSpec(Engine.FILES, url)


def test_only_fhir_comes_from_a_server() -> None:
    spec = SourceSpec(Engine.FILES, "http://127.0.0.1:9/fhir", {"t": SourceFile("a.csv", "utf-8")})
    with pytest.raises(ProfileError, match="format fhir"):
        FhirExportSource(spec)


@pytest.fixture(scope="module")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder = tmp_path_factory.mktemp("bundles")
    made = ["generate", "--profile", "mixed", "--count", "8", "--seed", "42", "--out", str(folder)]
    assert carebundle_main(made) == 0
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def loaded(server: Sekmet, bundles: list[dict[str, Any]]) -> int:
    """How many Observations were put there."""
    for bundle in bundles:
        server.ask("POST", "", bundle)
    return sum(entry["resource"]["resourceType"] == "Observation" for each in bundles for entry in each["entry"])


def private_key(path: Path, key: Any) -> dict[str, str]:
    """Written as PEM for its owner alone; gives the public half's settings."""
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    path.chmod(0o600)
    public = path.with_suffix(".pub")
    public.write_bytes(
        key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return {"client_id": "ecluse", "public_key_path": str(public), "scopes": "system/*.read"}


def test_a_third_party_s_server_exports_what_it_was_given(tmp_path: Path, bundles: list[dict[str, Any]]) -> None:
    with running_sekmet(tmp_path) as server:
        observations = loaded(server, bundles)
        with closing(opened(server.url)) as source:
            source.adopt_snapshot(source.export_snapshot())
            assert len(read(source)) == len(bundles)
            assert read(source, "SELECT count(DISTINCT id) AS n FROM r_observation") == [{"n": observations}]
            [intake] = source.facts().files
            assert intake.records == len(bundles) + observations
            assert len(list((tmp_path / "bulk").iterdir())) == 1
        assert not list((tmp_path / "bulk").iterdir())
        with closing(opened(server.url, filter="Patient?gender=female")) as source:
            source.adopt_snapshot(None)
            female = [e for b in bundles for e in b["entry"] if e["resource"].get("gender") == "female"]
            assert len(read(source)) == sum(e["resource"]["resourceType"] == "Patient" for e in female)


def test_a_third_party_s_server_knows_the_token(
    tmp_path: Path, bundles: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    auth = {"types": ["bearer"], "tokens": ["sesame"]}
    with running_sekmet(tmp_path, auth, "sesame") as server:
        loaded(server, bundles[:1])
        with closing(opened(server.url)) as source, pytest.raises(ProfileError, match="refuses the login"):
            source.adopt_snapshot(None)
        monkeypatch.setenv(PASSWORD_ENV, "sesame")
        with closing(opened(server.url)) as source:
            source.adopt_snapshot(None)
            assert len(read(source)) == 1


@pytest.mark.parametrize("algorithm", ["rsa", "ec"])
def test_a_third_party_s_server_knows_the_client_s_key(
    tmp_path: Path, bundles: list[dict[str, Any]], algorithm: str
) -> None:
    """SMART Backend Services: the token's few seconds are over before each request."""

    def key() -> Any:
        return rsa.generate_private_key(65537, 2048) if algorithm == "rsa" else ec.generate_private_key(ec.SECP384R1())

    client = private_key(tmp_path / "client.pem", key())
    private_key(tmp_path / "other.pem", key())
    auth = {"types": ["smart", "bearer"], "smart_clients": [client], "tokens": ["loader"], "token_lifetime": 20}
    with running_sekmet(tmp_path, auth, "loader") as server:
        loaded(server, bundles[:2])
        with closing(opened(server.url, client="ecluse", key=str(tmp_path / "client.pem"))) as source:
            source.adopt_snapshot(None)
            assert len(read(source)) == 2
        with pytest.raises(ProfileError, match="refuses the client"):
            opened(server.url, client="ecluse", key=str(tmp_path / "other.pem"))
    (tmp_path / "client.pem").chmod(0o644)
    with pytest.raises(UsageError, match="others may read"):
        opened("http://127.0.0.1:9/fhir", client="ecluse", key=str(tmp_path / "client.pem"))
    with pytest.raises(UsageError, match="no private key"):
        opened("http://127.0.0.1:9/fhir", client="ecluse", key=str(tmp_path / "none.pem"))


def test_a_token_that_is_refused_midway_is_asked_for_anew(tmp_path: Path) -> None:
    private_key(tmp_path / "client.pem", ec.generate_private_key(ec.SECP384R1()))
    tokens: list[str] = []

    def tokens_of_one_use(server: Exporter, what: str, headers: Mapping[str, str]) -> Answer | None:
        if what == "GET /fhir/.well-known/smart-configuration":
            return 200, {}, json.dumps({"token_endpoint": f"{server.url}/token"}).encode()
        if what == "POST /fhir/token":
            tokens.append(f"t{len(tokens)}")
            return 200, {}, json.dumps({"access_token": tokens[-1], "expires_in": 300}).encode()
        server.token = tokens[-1] if tokens and "files/Observation" not in what else f"t{max(1, len(tokens) - 1)}"
        return None

    exporter = Exporter(dict(FILES), tokens_of_one_use, token="none")
    with (
        running_exporter(exporter),
        closing(opened(exporter.url, client="ecluse", key=str(tmp_path / "client.pem"))) as source,
    ):
        source.adopt_snapshot(None)
        assert len(read(source)) == 2
    assert len(tokens) == 2

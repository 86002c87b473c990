"""A FHIR server as a destination: Medplum's engine, and what must hold of any."""

import contextlib
import datetime as dt
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from destination_benches import (
    ORDER,
    SCHEMAS,
    SECOND,
    batch,
    observations,
    patients,
    read,
    reports,
    requests,
    without_control,
)
from ecluse.adapters.destinations import DestinationSpec, open_destination
from ecluse.adapters.destinations._fhir_http import FhirAddress, FhirHttp
from ecluse.adapters.destinations.opening import PASSWORD_ENV
from ecluse.domain.errors import ConnectionLostError, DestinationError, ProfileError, UsageError
from ecluse.domain.profile import DestinationProfile, Engine, FhirTarget
from ecluse.migration.ports import Destination
from fhir_servers import FhirTestServer, running_fhir
from servers import MissingServerError

ROWS = {
    "patient": patients(10),
    "request": requests(8),
    "observation": observations(40),
    "report": reports(5),
}


@pytest.fixture(scope="module")
def loose() -> Iterator[FhirTestServer]:
    try:
        with running_fhir() as server:
            yield server
    except MissingServerError as error:
        pytest.fail(str(error))


@pytest.fixture
def server(loose: FhirTestServer) -> FhirTestServer:
    loose.clear()
    return loose


def profile(**changes: Any) -> DestinationProfile:
    target = FhirTarget(**{"source": "dxlab", "zone": "Europe/Paris", "entries": 7} | changes)
    return DestinationProfile("ecluse.destination-profile/1", "new", "new", Engine.FHIR, production=False, fhir=target)


def opened(server: FhirTestServer, **changes: Any) -> closing[Destination]:
    return closing(open_destination(DestinationSpec(Engine.FHIR, server.url, profile(**changes))))


def load(server: FhirTestServer, order: str = ORDER, /, **rows: pa.Table) -> None:
    with opened(server) as destination:
        destination.prepare(order, {name: table.schema for name, table in rows.items()})
        for name, table in rows.items():
            half = table.num_rows // 2
            destination.stage(order, batch(f"{name}-1", name, table.slice(0, half)))
            destination.stage(order, batch(f"{name}-2", name, table.slice(half)))
        destination.publish(order)


def test_what_is_staged_is_read_back_identical(server: FhirTestServer) -> None:
    load(server, **ROWS)
    with opened(server) as destination:
        for name, rows in ROWS.items():
            found = read(destination, name)
            assert without_control(found).equals(rows.combine_chunks()), name
            for row in found.to_pylist():
                if name == "patient":
                    assert (row["_date"], row["_site"]) == (None, None)
                    continue
                number = int(row["source_id" if name == "request" else "request"][1:])
                assert row["_date"] == dt.date(2018 + number % 2, 3, 4)
                assert row["_site"] == ("RENNES", None)[number % 2]


def test_references_lead_to_the_resources_of_their_keys(server: FhirTestServer) -> None:
    load(server, **ROWS)
    there = {f"{kind}/{r['id']}": r for kind in ("Patient", "ServiceRequest") for r in server.resources(kind)}
    for resource in server.resources("Observation"):
        request = there[resource["basedOn"][0]["reference"]]
        assert request["identifier"][0]["value"] == resource["basedOn"][0]["identifier"]["value"]
        assert (
            there[resource["subject"]["reference"]]["identifier"][0]["value"]
            == request["subject"]["identifier"]["value"]
        )
    # five patients of ten have no request here; the reference to a site that was not ordered has no address
    assert "reference" not in server.resources("ServiceRequest")[0]["performer"][0]


def test_reports_with_a_content_are_documents_and_every_bundle_has_its_provenance(server: FhirTestServer) -> None:
    load(server, **ROWS)
    reports_ = {f"DiagnosticReport/{each['id']}" for each in server.resources("DiagnosticReport")}
    documents = server.resources("DocumentReference")
    assert len(documents) == 5
    assert {each["context"]["related"][0]["reference"] for each in documents} == reports_
    targets = [target["reference"] for each in server.resources("Provenance") for target in each["target"]]
    assert len(targets) == len(set(targets)) == sum(rows.num_rows for rows in ROWS.values())
    assert {each["entity"][0]["what"]["identifier"]["value"] for each in server.resources("Provenance")} == {ORDER}


def test_nothing_clinical_is_there_before_it_is_published(server: FhirTestServer) -> None:
    with opened(server) as destination:
        assert destination.loaded(ORDER) == {}
        destination.prepare(ORDER, SCHEMAS)
        destination.stage(ORDER, batch("one", "patient", patients(6)))
        assert server.resources("Patient") == []
        assert len(destination.finish(ORDER)) == len(SCHEMAS)
        assert destination.finish(ORDER) == ()
        with pytest.raises(DestinationError, match="abandoned"):
            destination.publish(ORDER)
    assert server.resources("Patient") == []
    assert [b for b in server.resources("Basic") if "Attachment" in json.dumps(b)] == []


def test_a_batch_is_loaded_once(server: FhirTestServer) -> None:
    with opened(server) as destination:
        destination.prepare(ORDER, SCHEMAS)
        for _ in range(2):
            destination.stage(ORDER, batch("one", "patient", patients(6), "sha256:" + "11" * 32))
        assert destination.loaded(ORDER) == {"one": "sha256:" + "11" * 32}
        with pytest.raises(DestinationError, match="another parcel"):
            destination.stage(ORDER, batch("one", "patient", patients(6), "sha256:" + "22" * 32))
        destination.publish(ORDER)
    assert len(server.resources("Patient")) == 6


def test_preparing_and_publishing_again_create_nothing(server: FhirTestServer) -> None:
    load(server, **ROWS)
    counts = {
        kind: len(server.resources(kind)) for kind in ("Patient", "Observation", "Provenance", "DocumentReference")
    }
    load(server, **ROWS)
    with opened(server) as destination:
        with pytest.raises(DestinationError, match="too late"):
            destination.stage(ORDER, batch("patient-3", "patient", patients(1, 900)))
        assert "patient-3" not in destination.loaded(ORDER)
    assert counts == {kind: len(server.resources(kind)) for kind in counts}


@pytest.mark.parametrize("cut", [1, 4, 5, 6, 7, 9, 12, 15])
def test_a_publication_killed_at_any_request_goes_on_and_creates_nothing_twice(
    cut: int, server: FhirTestServer
) -> None:
    rows = {name: table.slice(0, 12) for name, table in ROWS.items()}
    with opened(server) as destination:
        destination.prepare(ORDER, {name: table.schema for name, table in rows.items()})
        for name, table in rows.items():
            destination.stage(ORDER, batch(name, name, table))
    with opened(server) as destination:
        http = destination._server.http  # type: ignore[attr-defined]
        ask, left = http.ask, [3 * cut]

        def dying(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            answer = ask(*arguments, **options)
            if left[0] == 0:
                raise KeyboardInterrupt  # done there, and nobody here heard of it
            return answer

        http.ask = dying
        with pytest.raises(KeyboardInterrupt):
            destination.publish(ORDER)
            raise KeyboardInterrupt
    with opened(server) as destination:
        destination.publish(ORDER)
        for name, table in rows.items():
            assert without_control(read(destination, name, ORDER)).equals(table.combine_chunks()), name
    assert {kind: len(server.resources(kind)) for kind in ("Patient", "Observation")} == {
        "Patient": 10,
        "Observation": 12,
    }


def test_finishing_within_a_publication_is_refused(server: FhirTestServer) -> None:
    with opened(server) as destination:
        destination.prepare(ORDER, {"patient": SCHEMAS["patient"]})
        destination.stage(ORDER, batch("one", "patient", patients(20)))
        destination._server.post = None  # type: ignore[attr-defined]
        with pytest.raises(TypeError):
            destination.publish(ORDER)
        with pytest.raises(DestinationError, match="cut off"):
            destination.finish(ORDER)
    with opened(server) as destination:
        destination.publish(ORDER)
        assert destination.finish(ORDER) == ("Basic staged for patient",)
        with pytest.raises(DestinationError):
            read(destination, "patient")


def test_a_second_order_meets_the_same_rows(server: FhirTestServer) -> None:
    load(server, patient=patients(6))
    before = {r["id"]: r["meta"]["versionId"] for r in server.resources("Patient")}
    load(server, SECOND, patient=patients(9))
    with opened(server) as destination:
        assert without_control(read(destination, "patient", SECOND)).equals(patients(9).combine_chunks())
        assert read(destination, "patient").num_rows == 6
    after = {r["id"]: r["meta"]["versionId"] for r in server.resources("Patient")}
    assert len(after) == 9
    assert before.items() <= after.items()


@pytest.mark.parametrize("change", [{"family_name": "SECRETNAME"}, {"family_name": "nom4"}, {"family_name": None}])
def test_a_value_that_stands_is_never_overwritten(server: FhirTestServer, change: dict[str, Any]) -> None:
    load(server, patient=patients(6))
    with opened(server) as destination:
        destination.prepare(SECOND, {"patient": SCHEMAS["patient"]})
        destination.stage(SECOND, batch("one", "patient", patients(8, 4, **change)))
        with pytest.raises(DestinationError, match=r"family_name \(2\)") as caught:
            destination.publish(SECOND)
        assert "SECRET" not in str(caught.value)
    assert len(server.resources("Patient")) == 6


def test_a_key_that_comes_twice_is_refused(server: FhirTestServer) -> None:
    with opened(server) as destination:
        destination.prepare(ORDER, SCHEMAS)
        destination.stage(ORDER, batch("one", "patient", patients(3)))
        destination.stage(ORDER, batch("two", "patient", patients(3)))
        with pytest.raises(DestinationError, match="more than once"):
            destination.publish(ORDER)
    assert server.resources("Patient") == []


def test_keys_that_differ_by_case_spaces_or_delimiters_are_several(server: FhirTestServer) -> None:
    """Servers look tokens up without case, and split them at marks: only the UUID tells keys apart."""
    keys = ["ab", "AB", "ab ", " ab", "a|b", "a,b", "a\\b", "a$b", "ab\x00", "", "é", "e\u0301"]
    rows = pa.table({"source_id": keys})
    load(server, patient=rows)
    with opened(server) as destination:
        assert sorted(read(destination, "patient", schema=rows.schema).column(0).to_pylist()) == sorted(keys)
    assert len(server.resources("Patient")) == len(keys)


def test_hostile_texts_and_numbers_survive(server: FhirTestServer) -> None:
    texts = [
        "",
        " ",
        "NULL",
        "\\N",
        "a\tb\nc\r\nd",
        'l\'Hôpital "Sud"',
        "𝄞 🧪",
        "%s {0}",
        "\x1a\x01\x7f",
        "x" * 70_000,
        None,
    ]
    numbers = ["0", "-0.0000000001", "0.0000000001", "123456789012345678.1234567891", "1.5", "100", None]
    rows = pa.Table.from_pylist(
        [
            {"source_id": f"R{i:02}", "request": None, "rank": -(2**31) + i, "raw_value": text,
             "value": None if (n := numbers[i % len(numbers)]) is None else Decimal(n)}
            for i, text in enumerate(texts)
        ],
        schema=SCHEMAS["observation"],
    )  # fmt: skip
    load(server, observation=rows)
    with opened(server) as destination:
        assert without_control(read(destination, "observation")).to_pylist() == rows.to_pylist()


def test_what_others_changed_on_the_server_shows(server: FhirTestServer) -> None:
    load(server, patient=patients(3))
    one = server.resources("Patient")[1]
    one["name"][0]["family"] = "AUTRE"
    server.ask("PUT", f"fhir/Patient/{one['id']}", one)
    with opened(server) as destination:
        found = without_control(read(destination, "patient"))
        assert found.column("family_name").to_pylist() == ["NOM0", "AUTRE", "NOM2"]


def test_a_busy_server_is_asked_again(server: FhirTestServer) -> None:
    with opened(server) as destination:
        destination.prepare(ORDER, {"patient": SCHEMAS["patient"]})
        for status in (429, 503):
            server.fail(status, 3)
            destination.stage(ORDER, batch(f"b{status}", "patient", patients(2, status)))
        server.fail(503, 1000)
        with pytest.raises(ConnectionLostError):
            destination.stage(ORDER, batch("never", "patient", patients(2)))
        server.fail(0, 0)
        assert destination.loaded(ORDER).keys() == {"b429", "b503"}
        destination.publish(ORDER)
    assert len(server.resources("Patient")) == 4


def test_a_refusal_is_told_without_the_servers_words(server: FhirTestServer) -> None:
    with opened(server) as destination:
        for status in (400, 401, 422, 302):
            server.fail(status, 1, "http://127.0.0.1:1/elsewhere")
            with pytest.raises(DestinationError) as caught:
                destination.prepare(ORDER, SCHEMAS)
            assert "SECRET" not in str(caught.value)


def test_strict_transactions_of_the_size_that_the_server_takes() -> None:
    with running_fhir("strict") as server:
        with opened(server, entries=7) as destination:
            destination.prepare(ORDER, {"patient": SCHEMAS["patient"]})
            destination.stage(ORDER, batch("one", "patient", patients(20)))
            destination.publish(ORDER)
        assert len(server.resources("Patient")) == 20
        with opened(server, entries=50) as destination:
            destination.prepare(SECOND, {"patient": SCHEMAS["patient"]})
            destination.stage(SECOND, batch("one", "patient", patients(20, 100)))
            with pytest.raises(DestinationError, match="HTTP 400"):
                destination.publish(SECOND)
        with opened(server, entries=50, bundle="batch") as destination:
            destination.publish(SECOND)
        assert len(server.resources("Patient")) == 40


def test_the_token_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_fhir("loose", "s3cret") as server:
        monkeypatch.setenv(PASSWORD_ENV, "s3cret")
        load(server, patient=patients(2))
        monkeypatch.setenv(PASSWORD_ENV, "other")
        with opened(server) as destination, pytest.raises(DestinationError, match="login"):
            destination.loaded(ORDER)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://fhir.example.org/fhir", "https"),
        ("https://user:secret@fhir.example.org/fhir", "no user"),
        ("https://fhir.example.org/fhir?token=secret", "option"),
        ("ftp://fhir.example.org", "begin with"),
        ("https://fhir.example.org:99999/", "parse"),
    ],
)
def test_addresses_that_are_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        DestinationSpec(Engine.FHIR, url, profile())
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "link", ["http://127.0.0.1:2/fhir/Patient", "https://127.0.0.1:1/fhir/Patient", "//evil/x", "/elsewhere?x"]
)
def test_a_page_elsewhere_is_not_asked_for(link: str) -> None:
    with pytest.raises(DestinationError, match="another server"):
        FhirAddress.of("http://127.0.0.1:1/fhir").within(link)
    assert FhirAddress.of("http://127.0.0.1:1/fhir").within("http://127.0.0.1:1/fhir/Patient?a=b") == "Patient?a=b"


def test_a_server_that_is_away_is_retryable() -> None:
    http = FhirHttp(FhirAddress.of("http://127.0.0.1:1/fhir"), PASSWORD_ENV, sleep=lambda _: None)
    with pytest.raises(ConnectionLostError):
        http.ask("GET", "metadata")


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]),
    )
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now).not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False).sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(Encoding.PEM) + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem")
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                with connection, context.wrap_socket(connection, server_side=True):
                    pass

        thread = threading.Thread(target=serve)
        thread.start()
        http = FhirHttp(FhirAddress.of(f"https://localhost:{listening.getsockname()[1]}/fhir"), PASSWORD_ENV)
        with pytest.raises(DestinationError, match="certificate"):
            http.ask("GET", "metadata")
        thread.join()


def test_large_reports_go_in_small_bundles(server: FhirTestServer) -> None:
    contents = [bytes([i]) * (1 << 20) for i in range(6)]
    rows = pa.table({"source_id": [f"C{i}" for i in range(6)], "content": pa.array(contents, pa.binary())})
    load(server, report=rows)
    with opened(server) as destination:
        found = read(destination, "report", schema=rows.schema).column("content").to_pylist()
    assert found == contents
    assert len(server.resources("Provenance")) >= 3


def test_a_zone_that_is_none_is_refused() -> None:
    with pytest.raises(ProfileError, match="time zone"):
        open_destination(DestinationSpec(Engine.FHIR, "https://fhir.example.org", profile(zone="Europe/Rennes")))

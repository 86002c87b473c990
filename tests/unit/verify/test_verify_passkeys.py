"""A migration ordered, approved and accepted by passkey: the bundle verifies, by us and by OpenSSH, and says so."""

import subprocess
import zipfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ecluse.domain.errors import EcluseError, MalformedError, SignatureError
from ecluse.domain.order import Order
from ecluse.verify import _sshsig, render, verify_bundle
from ecluse.wire.artefacts import encode, kind_of, namespace
from evidence_tools import Genuine, Members, audit, first_failure, unpack
from passkeys import PRESENT, RP_ID, SoftPasskey, armour, mpint, string, to_be_signed
from synthetic_evidence import NOW, Keys, Migration

PERSONS = {"dr.martin": SoftPasskey(secret=1001), "a.second": SoftPasskey(secret=1002)}


class PasskeyKeys(Keys):
    """The controller's persons sign by passkey, everybody else as ever."""

    def __init__(self, folder: Path, **assertion: object) -> None:
        super().__init__(folder)
        self.assertion = assertion

    def line(self, id_: str) -> str:
        return PERSONS[id_].line if id_ in PERSONS else super().line(id_)

    def sign(self, value: object, id_: str) -> bytes:
        if id_ not in PERSONS:
            return super().sign(value, id_)
        asserted = self.assertion if isinstance(value, Order) else {}
        return PERSONS[id_].sign(encode(value), namespace=namespace(kind_of(type(value))), **asserted)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    migration = Migration(tmp_path_factory.mktemp("passkeys"), PasskeyKeys(tmp_path_factory.mktemp("keys")))
    list(migration.run())
    made = migration.bundle("passkeys.zip")
    migration.close()
    return made


@pytest.fixture
def trust(bundle: Path, tmp_path: Path) -> Path:
    """The auditor's own allowed_signers, of those who bind the parties."""
    listed = unpack(bundle)["allowed_signers"].decode().splitlines()
    pins = tmp_path / "my_signers"
    pins.write_text("".join(f"{line}\n" for line in listed if line.startswith(("dr.martin ", "m.gerant "))))
    return pins


def test_a_bundle_signed_by_passkeys(bundle: Path, trust: Path) -> None:
    assert PERSONS["dr.martin"].line in trust.read_text()
    report = verify_bundle(bundle, trust=trust, now=NOW)
    assert report.authenticated, render(report, "en")
    assert report.complete, render(report, "en")
    told = {step.name: step.detail for step in report.steps}
    assert told["order.signed"].en == (
        "signed by a.second with a passkey (user verified), dr.martin with a passkey (user verified) "
        "(with the second approval)"
    )
    assert "dr.martin par clé d'accès (utilisateur vérifié)" in told["order.signed"].fr
    assert told["agreement.signed"].en.endswith("dr.martin with a passkey (user verified), m.gerant")
    assert "by dr.martin with a passkey (user verified)," in told["acceptance"].en
    assert "passkey" not in told["plan.signed"].en


def test_keys_that_are_no_passkeys_are_not_said_to_be(genuine: Genuine) -> None:
    report = verify_bundle(genuine.bundles["erased"], trust=None, now=NOW)
    assert not [step for step in report.steps if "passkey" in step.detail.en]


def test_the_bundles_own_commands_for_openssh(bundle: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(bundle) as archive:
        archive.extractall(tmp_path)
    lines = [line.strip() for line in (tmp_path / "README.txt").read_text(encoding="utf-8").splitlines()]
    commands = [line for line in lines if line.startswith("ssh-keygen -Y verify") and "-I dr.martin" in line]
    assert len(commands) >= 3
    for command in commands:
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, (command, done.stderr)
        assert done.stdout.startswith(b"Good"), command


@pytest.mark.parametrize(
    ("assertion", "says"),
    [
        ({"flags": PRESENT}, "did not verify who used it"),
        ({"origin": "https://evil.example"}, f"signed elsewhere than at {RP_ID}"),
        ({"rest": ',"crossOrigin":true'}, "frame of another site"),
    ],
)
def test_what_stock_openssh_lets_pass_no_place_admits(tmp_path: Path, assertion: dict[str, object], says: str) -> None:
    (tmp_path / "keys").mkdir()
    migration = Migration(tmp_path / "migration", PasskeyKeys(tmp_path / "keys", **assertion))
    with pytest.raises(EcluseError, match=says):
        list(migration.run("planned"))
    migration.close()


@pytest.mark.parametrize(
    ("assertion", "says"),
    [
        ({"flags": PRESENT}, "did not verify its user"),
        ({"origin": "https://evil.example"}, f"outside {RP_ID}"),
        ({"kind": "webauthn.create"}, "did not sign at all"),
    ],
)
def test_signatures_put_in_afterwards(bundle: Path, tmp_path: Path, assertion: dict[str, object], says: str) -> None:
    members: Members = unpack(bundle)
    order = next(name for name in members if "/order/" in name and name.endswith(".json"))
    for name in members:
        if "/order/" in name and name.endswith(".dr.martin.sig"):
            message = members[f"{name.removesuffix('.dr.martin.sig')}.json"]
            members[name] = PERSONS["dr.martin"].sign(message, **assertion)
    report = audit(members, tmp_path)
    assert first_failure(report) == "order.signed", order
    assert says in report.failed[0].detail.en


def test_the_other_persons_passkey(bundle: Path, tmp_path: Path) -> None:
    members = unpack(bundle)
    for name in members:
        if "/order/" in name and name.endswith(".dr.martin.sig"):
            members[name] = members[name.replace("dr.martin", "a.second")]
    assert first_failure(audit(members, tmp_path)) == "order.signed"


def test_a_key_that_names_a_curve_not_its_own() -> None:
    """ecdsa-sha2-nistp256, over a point of P-384, that really signed: no OpenSSH reads such a key."""
    private = ec.derive_private_key(384, ec.SECP384R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    kind = b"ecdsa-sha2-nistp256"
    key = _sshsig.Key(b"".join(map(string, (kind, b"nistp384", point))))
    pair = decode_dss_signature(private.sign(to_be_signed(b"message"), ec.ECDSA(SHA384(), deterministic_signing=True)))
    inner = string(kind) + string(b"".join(map(mpint, pair)))
    parts = b"".join(map(string, (key.blob, b"ecluse.order", b"", b"sha512", inner)))
    with pytest.raises(SignatureError, match="curve"):
        _sshsig.verify(b"message", armour(b"SSHSIG\0\0\0\1" + parts), key, "ecluse.order")


def test_a_trust_file_of_another_passkey(bundle: Path, trust: Path) -> None:
    trust.write_text(trust.read_text().replace(PERSONS["dr.martin"].line, SoftPasskey(secret=7).line))
    assert first_failure(verify_bundle(bundle, trust=trust, now=NOW)) == "agreement.trust"
    trust.write_text(f"dr.martin {SoftPasskey().line.replace('AAAA', '', 1)}\n")
    with pytest.raises(MalformedError):
        verify_bundle(bundle, trust=trust, now=NOW)

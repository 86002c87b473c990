"""Write signatures.json and sealed.json again: ``python tests/vectors/seal/generate.py``.

Needs stock ssh-keygen and age for the vectors that are theirs. The rest is built from the published formats, field by
field; each bad one differs from a good one by the fault that its name tells. Keys are published, and made for this.
"""

import base64
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "unit" / "seal")]

import age_parts as age  # noqa: E402
from sshsig_parts import Maker, SoftToken, armour, dearmour  # noqa: E402

MESSAGE = b'{"order":"BIO-2026-0042"}'
PAYLOAD = b"sealed by the book"
ME, STRANGER = bytes(range(32)), bytes(range(1, 33))
Vector = dict[str, Any]


def refused(says: str, error: str = "SignatureError") -> dict[str, str]:
    return {"error": error, "says": says}


def stock_signature(*kind: str) -> tuple[str, bytes]:
    with tempfile.TemporaryDirectory() as folder:
        make = ["ssh-keygen", "-q", "-t", *kind, "-N", "", "-C", "vector", "-f", f"{folder}/k"]
        subprocess.run(make, check=True)
        command = ["ssh-keygen", "-q", "-Y", "sign", "-f", f"{folder}/k", "-n", "ecluse.order"]
        made = subprocess.run(command, input=MESSAGE, check=True, capture_output=True).stdout
        return Path(folder, "k.pub").read_text(encoding="utf-8").strip(), made


def signatures() -> list[Vector]:
    maker = Maker(Ed25519PrivateKey.from_private_bytes(ME))
    other = Maker(Ed25519PrivateKey.from_private_bytes(STRANGER))
    token = SoftToken(Ed25519PrivateKey.from_private_bytes(ME))
    good = maker.sign(MESSAGE)
    blob = dearmour(good)
    vectors: list[Vector] = []

    def add(name: str, signature: bytes, expect: object = "success", **given: str) -> None:
        row = {"key": maker.line, "namespace": "ecluse.order", "message": MESSAGE.decode(), **given}
        vectors.append({"name": name, **row, "signature": signature.decode("ascii"), "expect": expect})

    for kind in (("ed25519",), ("rsa", "-b", "3072"), ("ecdsa", "-b", "256"), ("ecdsa", "-b", "384")):
        line, signature = stock_signature(*kind)
        add(f"stock {'-'.join(kind)}", signature, key=line)
    add("built ed25519", good)
    add("hash sha256", maker.sign(MESSAGE, hash_name=b"sha256"))
    add("security key ed25519", token.sign(MESSAGE), key=token.line)
    add("carriage returns", good.replace(b"\n", b"\r\n"))
    add("other message", good, refused("does not verify"), message=MESSAGE.decode() + "\n")
    add("security key, other message", token.sign(b""), refused("does not verify"), key=token.line)
    add("other namespace", maker.sign(MESSAGE, b"git"), refused("wrong namespace"))
    add("namespace with a NUL behind", maker.sign(MESSAGE, b"ecluse.order\0"), refused("wrong namespace"))
    add("other key", other.sign(MESSAGE), refused("other key"))
    add("other key's bytes under the right key", armour(blob[:-64] + dearmour(other.sign(MESSAGE))[-64:]),
        refused("does not verify"))  # fmt: skip
    add("hash sha1", maker.sign(MESSAGE, hash_name=b"sha1"), refused("malformed signature: its hash"))
    add("hash md5", maker.sign(MESSAGE, hash_name=b"md5"), refused("malformed signature: its hash"))
    add("version 2", maker.sign(MESSAGE, version=2), refused("malformed signature: its fields"))
    add("reserved field filled", maker.sign(MESSAGE, reserved=b"x"), refused("malformed signature: its fields"))
    add("bytes behind the blob", maker.sign(MESSAGE, tail=b"\0"), refused("malformed signature: its fields"))
    add("bytes behind the inner signature", maker.sign(MESSAGE, inner_tail=b"\0"), refused("malformed signature"))
    add("inner length too long", armour(blob[:-65] + b"\xff" + blob[-64:]), refused("malformed signature"))
    add("inner algorithm ssh-rsa", maker.sign(MESSAGE, algorithm=b"ssh-rsa"), refused("malformed signature"))
    add("blob cut short", armour(blob[:-1]), refused("malformed signature"))
    add("text before the header", b"x\n" + good, refused("malformed signature: no SSH SIGNATURE"))
    add("two signatures", good + good, refused("malformed signature: no SSH SIGNATURE"))
    add("no footer", good[: good.rindex(b"-----END")], refused("malformed signature: no SSH SIGNATURE"))
    add("empty", b"", refused("malformed signature: no SSH SIGNATURE"))
    malformed_key = refused("not an OpenSSH public key line", "MalformedError")
    add("key line of two keys", good, malformed_key, key=f"{maker.line}\n{other.line}")
    add("key named otherwise", good, refused("not a valid ssh-rsa key", "MalformedError"),
        key=maker.line.replace("ssh-ed25519", "ssh-rsa"))  # fmt: skip
    return vectors


def stock_sealed(*scalars: bytes) -> bytes:
    to_all = [part for scalar in scalars for part in ("-r", age.recipient_text(scalar))]
    return subprocess.run(["age", *to_all], input=PAYLOAD, check=True, capture_output=True).stdout


def sealed() -> list[Vector]:
    stanza = age.x25519_stanza(ME)
    head, content = age.header(stanza), age.NONCE + age.chunk(PAYLOAD, 0, last=True)
    good = head + content
    share = stanza.split()[2]
    vectors: list[Vector] = []

    def add(name: str, file: bytes, says: str = "", *, scalar: bytes = ME) -> None:
        expect = refused(says, "TamperError") if says else {"payload": PAYLOAD.decode()}
        keys = {"identity_scalar": scalar.hex(), "recipient": age.recipient_text(scalar)}
        vectors.append({"name": name, **keys, "file": base64.b64encode(file).decode(), "expect": expect})

    add("stock age", stock_sealed(ME))
    add("stock age, two recipients", stock_sealed(STRANGER, ME))
    add("built", good)
    add("unknown stanza beside", age.header(b"-> future arg\nQUJD\n" + stanza) + content)
    add("other identity", good, "not sealed to this identity", scalar=STRANGER)
    add("no stanza", age.header(b"") + content, "header")
    add("version 2", age.header(stanza, magic=b"age-encryption.org/v2\n") + content, "not an age file")
    add("armoured", b"-----BEGIN AGE ENCRYPTED FILE-----\n", "not an age file")
    add("low order share", age.header(age.low_order_stanza(ME)) + content, "header")
    add("share with stray bits", age.header(stanza.replace(share, share[:-1] + bytes([share[-1] + 1]))) + content,
        "header")  # fmt: skip
    add("share padded", age.header(stanza.replace(share, share + b"=")) + content, "header")
    add("share cut short", age.header(stanza.replace(share, share[:-4])) + content, "header")
    add("two arguments", age.header(stanza.replace(share, share + b" x")) + content, "header")
    add("carriage returns", age.header(stanza.replace(b"\n", b"\r\n")) + content, "header")
    add("scrypt beside X25519", age.header(b"-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n" + b"A" * 43 + b"\n" + stanza)
        + content, "header")  # fmt: skip
    add("stanza added without its MAC", head.replace(b"\n-> ", b"\n-> future\n\n-> ", 1) + content, "header")
    mac = head.rindex(b" ") + 1
    add("MAC altered", head[:mac] + b"A" * 42 + head[-2:] + content, "header")
    add("MAC missing", head[:mac] + b"\n" + content, "header")
    add("header alone", head, "cut short")
    add("nonce cut short", head + age.NONCE[:-1], "cut short")
    add("no chunk", head + age.NONCE, "content")
    add("tag cut short", good[:-1], "content")
    add("tag altered", good[:-1] + bytes([good[-1] ^ 1]), "content")
    add("content altered", good[:-20] + bytes([good[-20] ^ 1]) + good[-19:], "content")
    add("last chunk not marked last", head + age.NONCE + age.chunk(PAYLOAD, 0, last=False), "content")
    add("chunk counted from one", head + age.NONCE + age.chunk(PAYLOAD, 1, last=True), "content")
    add("a byte behind", good + b"\0", "content")
    add("a second file behind", good + good, "content")
    return vectors


def main() -> None:
    for name, vectors in (("signatures", signatures()), ("sealed", sealed())):
        text = json.dumps(vectors, indent=1, ensure_ascii=False)
        (HERE / f"{name}.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""What the detector says of bytes, and that it never depends on how they are cut up."""

import itertools
import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecluse.domain.identifiers import nir_key
from ecluse.inspector._nir import NirTally
from ecluse.inspector.findings import Sureness
from ecluse.inspector.kinds import HEALTH, Kind
from ecluse.inspector.personal import Detector, Found

CERTAIN, PROBABLE, POSSIBLE = Sureness.CERTAIN, Sureness.PROBABLE, Sureness.POSSIBLE


def detect(data: bytes, name: str = "f.txt") -> dict[Kind, Found]:
    detector = Detector(name)
    detector.feed(data)
    return {each.kind: each for each in detector.found()}


def nirs(number: int, seed: int = 1, *, right: bool = True) -> list[str]:
    dice = random.Random(seed)
    made = []
    for _ in range(number):
        body = f"{dice.choice('12')}{dice.randrange(100):02}{dice.randrange(1, 13):02}{dice.choice(('35', '75', '2A', '2B', '99'))}{dice.randrange(1, 999):03}{dice.randrange(1, 999):03}"
        key = int(nir_key(body))
        made.append(f"{body}{key if right else key % 97 + 1:02}")
    return made


class TestNir:
    def test_many_right_keys_are_certain_whatever_surrounds_them(self) -> None:
        for between in ("\n", ";x;", "  \t"):
            assert detect(between.join(nirs(5)).encode())[Kind.NIR].sureness is CERTAIN

    def test_spaces_points_hyphens_and_a_key_of_its_own(self) -> None:
        for form in (
            r"\1 \2 \3 \4 \5 \6 \7",
            r"\1.\2.\3.\4.\5.\6.\7",
            r"\1-\2-\3-\4-\5-\6-\7",
            r"\1\2\3\4\5\6 \7",
            r"\1\2\3\4\5\6;\7",
            '\\1\\2\\3\\4\\5\\6","\\7',
        ):
            text = "\n".join(re.sub(r"(.)(..)(..)(..)(...)(...)(..)", form, each) for each in nirs(6))
            assert detect(text.encode())[Kind.NIR].sureness is CERTAIN, form

    def test_wrong_keys_and_random_numbers_are_nothing(self) -> None:
        assert Kind.NIR not in detect("\n".join(nirs(400, right=False)).encode())
        dice = random.Random(7)
        numbers = "\n".join(str(dice.randrange(10**14, 10**15)) for _ in range(20_000))
        assert Kind.NIR not in detect(numbers.encode())

    def test_one_alone_is_worth_a_look_and_probable_beside_the_word_for_it(self) -> None:
        [one] = nirs(1)
        assert detect(one.encode())[Kind.NIR].sureness is POSSIBLE
        assert detect(f"NIR : {one}".encode())[Kind.NIR].sureness is PROBABLE

    def test_a_number_repeated_is_one(self) -> None:
        [one] = nirs(1)
        assert detect("\n".join([one] * 500).encode())[Kind.NIR].sureness is POSSIBLE

    def test_not_within_longer_numbers_decimals_or_identifiers(self) -> None:
        [one] = nirs(1)
        for text in (f"4{one}", f"{one}4", f"0.{one}", f"a{one}", f"{one}b", f"-{one}", f"/{one}"):
            assert Kind.NIR not in detect(text.encode()), text

    def test_published_vectors(self) -> None:
        tally = NirTally()
        for text in (b"295109912611193", b"253072A07300443", b"253072B07300470", b"170017510112313"):
            tally.scan(text, text.lower())
        assert (tally.candidates, tally.right) == (4, 3)

    def test_a_column_that_says_so_needs_no_right_key(self) -> None:
        text = "nom;nir\n" + "".join(f"DUPONT;{each[:13]}\n" for each in nirs(20))
        assert detect(text.encode())[Kind.NIR].sureness is CERTAIN

    def test_utf_16_of_either_order(self) -> None:
        text = "\n".join(nirs(5))
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            assert detect(text.encode(encoding))[Kind.NIR].sureness is CERTAIN


PERSONS = "NOM;PRENOM;DATE_NAISS\nDUPONT;Hélène;29/02/1968\nMARTIN;Paul;01/03/1971\n"


class TestPersons:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "cp1252", "cp850", "utf-16", "utf-16-be"])
    def test_every_encoding(self, encoding: str) -> None:
        found = detect(PERSONS.replace("PRENOM", "Prénom").encode(encoding))[Kind.PERSONS]
        assert (found.sureness, found.number) == (CERTAIN, 2)

    def test_one_line_is_enough_with_a_header(self) -> None:
        assert detect(PERSONS.rpartition("MARTIN")[0].encode())[Kind.PERSONS].number == 1

    def test_a_header_alone_is_not_evidence(self) -> None:
        assert not detect(PERSONS.partition("\n")[0].encode())

    def test_cells_that_are_no_dates_are_not_evidence(self) -> None:
        assert not detect(PERSONS.replace("29/02/1968", "oui").replace("01/03/1971", "non").encode())

    def test_pairs_in_forms_json_xml_and_letters(self) -> None:
        for text in (
            '{"family": "Dupont", "birthDate": "1968-02-29"}',
            "<nom>DUPONT</nom><dateNaissance>29/02/1968</dateNaissance>",
            "Nom : DUPONT\nDate de naissance : 29/02/1968\n",
            "Patient : DUPONT Anne, née le 29/02/1968",
            "<name><family>Dupont</family></name><birthTime value='19680229'/>",
        ):
            assert detect(text.encode())[Kind.PERSONS].sureness >= PROBABLE, text

    def test_a_few_in_source_code_are_examples_and_many_are_not(self) -> None:
        one = 'p = {"family": "Dupont", "birthDate": "1968-02-29"}\n'
        assert detect(one.encode(), "a.py")[Kind.PERSONS].sureness is POSSIBLE
        assert detect((one * 40).encode(), "a.py")[Kind.PERSONS].sureness is PROBABLE

    def test_a_dump_of_tables_created_before(self) -> None:
        dump = (
            "CREATE TABLE `p` (\n `nom` varchar(9),\n `dob` date\n);\n"
            + "x\n" * 9
            + "INSERT INTO `p` VALUES ('DUPONT','1968-02-29'),('L''ABBE','1971-03-01');\n"
        )
        assert detect(dump.encode())[Kind.PERSONS].number == 2


class TestMessagesAndSecrets:
    @pytest.mark.parametrize(("text", "kind"), [
        (b"MSH|^~\\&|A|B\rPID|1||P1^^^A||DUPONT^Anne||19680229|F\r", Kind.HL7),
        (b"H|~^\\&|F1.HPR||PO~LABM||ORU\rP|1|398|B1||DUPONT~Anne|NEE|19680229|F||RUE\r", Kind.HPRIM),
        (b"P1\r\nDUPONT\r\n****LAB****\r\nRES|Sodium|NA|N|140|mmol/L|135|145|N|F\r\n", Kind.HPRIM),
        (b"H|\\^&|||Host\rP|1|398||B1|DUPONT^Anne||19680229|F\rL|1\r", Kind.ASTM),
        (b'{"resourceType": "Patient", "name": [{"family": "Dupont"}]}', Kind.FHIR),
        (b'{"resourceType":"Observation","subject":{"reference":"Patient/1"}}', Kind.FHIR),
        (b'<ClinicalDocument xmlns="urn:hl7-org:v3"><recordTarget><patientRole><birthTime value="1968"/>', Kind.CDA),
    ])  # fmt: skip
    def test_each_format(self, text: bytes, kind: Kind) -> None:
        assert detect(text)[kind].sureness is CERTAIN

    @pytest.mark.parametrize("text", [
        b"The PID| segment; RES| lines; H|~^\\&| is the header.", b'{"resourceType": "StructureDefinition", "name": "Patient"}',
        b"MSH|^~\\&|A|B\rMSA|AA|1\r", b'<xs:schema xmlns="urn:hl7-org:v3"><patientRole/></xs:schema>',
    ])  # fmt: skip
    def test_marks_without_anybody(self, text: bytes) -> None:
        assert not detect(text)

    def test_results_by_patient(self) -> None:
        found = detect(b"patient_id,code,valeur,unite\nP1,NA,140,mmol/L\nP2,TSH,2.1,mUI/L\n")
        assert found[Kind.RESULTS].sureness is CERTAIN

    def test_passwords_in_clear_behind_a_digest_and_well_hashed(self) -> None:
        table = b"login;mot_de_passe\n"
        assert detect(table + b"anne;soleil35\npaul;Ker!ouan\n", "a.csv")[Kind.PASSWORDS].number == 2
        assert Kind.PASSWORD_DIGESTS in detect(table + b"anne;5f4dcc3b5aa765d61d8327deb882cf99\n" * 3, "a.csv")
        hashed = b"anne;$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW\n"
        assert not detect(table + hashed, "a.csv")

    def test_a_password_beside_its_word_and_places_left_to_fill_in(self) -> None:
        assert Kind.PASSWORDS in detect(b"[db]\npassword = Ker0uan-35\n", "app.ini")
        assert Kind.PASSWORDS in detect(b"url: postgresql://lis:Ker0uan35@db/lis\n", "a.yaml")
        for text in (
            b"password = ${DB_PASSWORD}",
            b"password: changeme",
            b"password=os.environ",
            b"password = <your one>",
        ):
            assert not detect(text, "app.ini"), text

    def test_private_keys_with_and_without_a_passphrase(self) -> None:
        bare = b"-----BEGIN RSA PRIVATE KEY-----\n" + b"MIIEpAIBAAKCAQEA" * 4 + b"\n-----END RSA PRIVATE KEY-----\n"
        assert detect(bare)[Kind.PRIVATE_KEY].number == 1
        assert not detect(bare.replace(b"-----\nMII", b"-----\nProc-Type: 4,ENCRYPTED\nMII"))
        assert not detect(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + b"MIIEpAIBAAKCAQEA" * 4)
        assert detect(b"AGE-SECRET-KEY-1" + b"Q" * 58)[Kind.PRIVATE_KEY].number == 1

    def test_patients_are_told_from_other_persons(self) -> None:
        detector = Detector("a.csv")
        detector.feed(b"nom;courriel\nDUPONT;a@example.org\n")
        found = detector.found()
        assert [each.kind for each in found] == [Kind.CONTACTS]
        assert not any(each.kind in HEALTH for each in found)
        assert Kind.CONTACTS not in HEALTH


@given(st.binary(max_size=400), st.lists(st.integers(0, 5000), max_size=6), st.sampled_from(["a.csv", "b.py", "c"]))
def test_how_the_bytes_are_cut_up_changes_nothing(noise: bytes, cuts: list[int], name: str) -> None:
    data = PERSONS.encode() + noise + "\n".join(nirs(3)).encode() + noise + b"\nPID|1||P1||DUPONT||1968|F\r" + noise
    whole, pieces = Detector(name), Detector(name)
    whole.feed(data)
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    for begin, end in itertools.pairwise(places):
        pieces.feed(data[begin:end])
    assert whole.found() == pieces.found()


def test_many_windows_are_one_file() -> None:
    line = "DUPONT;Anne;29/02/1968\n"
    detector = Detector("a.csv")
    detector.feed(b"NOM;PRENOM;DATE_NAISS\n")
    for _ in range(100):
        detector.feed(line.encode() * 2000)
    [found] = detector.found()
    assert (found.kind, found.number) == (Kind.PERSONS, 200_000)

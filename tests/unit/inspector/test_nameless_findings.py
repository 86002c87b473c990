"""Reports for others' eyes: no name, the same findings, each place still one."""

from hypothesis import given
from hypothesis import strategies as st

from ecluse.inspector.nameless import nameless
from ecluse.inspector.rules import RULES

DATA, LISTED, SHARED = (RULES[rule] for rule in ("nir-at-rest", "open-listing", "shared-account"))
FTP = "ftp://transfer.lab.example:21"


def veiled(target: str, place: str) -> str:
    ((found,), _) = nameless([DATA.found(target, place)], ())
    return found.place


def test_what_is_kept_and_what_is_not() -> None:
    assert veiled("/srv/zone", "DUPONT Zoé 12-03/res_1.PDF") == "xxxxxx xxx ##-##/xxx_#.PDF"
    assert veiled(FTP, "transfer.lab.example:21/DUPONT") == "transfer.lab.example:21/xxxxxx"
    assert veiled(FTP, "transfer.lab.example:21") == "transfer.lab.example:21"
    assert veiled("sftp://h:22", "h:22 host-key") == "h:22 host-key"
    assert veiled("postgresql://h:5432/lis", "public.dupont.mot_de_passe") == "xxxxxx.xxxxxx.xxx_xx_xxxxx"
    assert veiled("/var/log/auth.log", "/var/log/auth.log: zoe.dupont") == "/var/log/auth.log: xxx.xxxxxx"
    assert veiled("authorized_keys", "anna, bruno") == "xxxx, xxxxx"
    assert veiled("/srv/zone", ".") == "."
    assert veiled("/srv/zone", "DUPONT.zoé") == "xxxxxx.xxx", "no ending of a file"


def test_places_stay_apart_and_the_same_for_every_rule() -> None:
    first, second = "anna.csv", "zoee.csv"
    given_ = [DATA.found("/z", first), LISTED.found("/z", first), DATA.found("/z", second)]
    told, known = nameless(given_, {given_[2].key})
    assert {(each.rule, each.place) for each in told} == {
        (DATA.id, "xxxx.csv"), (LISTED.id, "xxxx.csv"), (DATA.id, "xxxx.csv (2)"),
    }  # fmt: skip
    assert [each.place for each in told if each.key in known] == ["xxxx.csv (2)"], "what is not known is not made so"


LETTERS = st.text(st.sampled_from("DupontZoé1968 -_/.:\x1b\u202e"), max_size=30)


@given(st.lists(LETTERS, max_size=8), st.sampled_from([FTP, "/srv/zone", "postgresql://h:5432/lis"]))
def test_nothing_is_lost_and_no_letter_stays(names: list[str], target: str) -> None:
    before = [rule.found(target, name) for name in sorted(set(names)) for rule in (DATA, SHARED)]
    after, _ = nameless(before, ())
    assert len(after) == len(before)
    assert len({each.key for each in after}) == len({each.key for each in before})
    for each in after:
        assert not {letter for letter in each.place if letter.isalnum()} - {"x"}

"""One address, one person: addresses that several people read are told by their name (R6: no shared accounts)."""

import re

_SHARED = frozenset(
    """
    abuse accueil admin administrateur administration administrator analyses assistance biologie biologistes boite
    bureau comptabilite compta contact contacts courrier cyber dev direction dpd dpo dsi equipe facturation finance
    gestion hello help helpdesk hostmaster hotline hr info informatique infos infrastructure it job jobs labo
    laboratoire laboratory laboratoires lab mail mailbox marketing no-reply noreply office ops patients plateau
    postmaster qualite rh root sales secretaire secretaires secretariat secretary security securite service services
    si sis site standard support sysadmin system team technique test urgences usage user vente ventes webmaster
    """.split()  # noqa: SIM905 - read more easily than eighty literals
)  # fmt: skip
_PARTS = re.compile(r"[._+\-\d]+")


def shared_name(address: str) -> str | None:
    """The part of an address that names a function and nobody, as ``labo`` of ``labo.nord@…``; None for a person's.

    An address is taken for shared when its first word is a function's (``info@``, ``secretariat-nord@``), with or
    without a number. A person called by such a word would be refused too: they need another address (our choice).
    """
    local = address.partition("@")[0].strip().lower()
    if local in _SHARED:
        return local
    words = [word for word in _PARTS.split(local) if word]
    return words[0] if words and words[0] in _SHARED else None

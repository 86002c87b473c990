"""Why a record of a file could not be read, in French; the readers say it in English (``domain.files.SetAside``)."""

import re
from collections.abc import Mapping

_REASONS: Mapping[str, str] = {
    r"MSH-1 and MSH-2 are no delimiters": "MSH-1 et MSH-2 ne sont pas des délimiteurs",
    r"MSH-18 names a character set that is not read": "MSH-18 nomme un jeu de caractères qui n'est pas lu",
    r"a NUL byte": "un octet nul",
    r"a carriage return without a line feed": "un retour chariot sans saut de ligne",
    r"a deletion mark that is none": "une marque de suppression qui n'en est pas une",
    r"a document of more than (\d+) MiB": r"un document de plus de \1 Mio",
    r"a document whose rows take up more than (\d+) MiB": r"un document dont les lignes tiennent plus de \1 Mio",
    r"a document that does not end": "un document sans sa fin",
    r"a document type declaration \(DOCTYPE\), which is not read": (
        "une déclaration de type de document (DOCTYPE), qui n'est pas lue"
    ),
    r"a header that may begin at several lines": "un en-tête qui peut commencer à plusieurs lignes",
    r"a header whose dates are not in their places": "un en-tête dont les dates ne sont pas à leur place",
    r"a line after LAB that is neither TEX nor RES": "une ligne après LAB qui n'est ni TEX ni RES",
    r"a line that is no segment": "une ligne qui n'est pas un segment",
    r"a message in several parts \(ADD, DSC\)": "un message en plusieurs parties (ADD, DSC)",
    r"a message that does not end within (\d+) MiB": r"un message sans fin avant \1 Mio",
    r"a message whose H declares no delimiters": "un message dont H ne déclare pas de délimiteurs",
    r"a message without its end \(L\)": "un message sans sa fin (L)",
    r"a name that stands twice in one object": "un nom qui figure deux fois dans un objet",
    r"a record that is no object": "un enregistrement qui n'est pas un objet",
    r"a report that does not end within (\d+) MiB": r"un compte rendu sans fin avant \1 Mio",
    r"a report with fewer than twelve header lines": "un compte rendu de moins de douze lignes d'en-tête",
    r"a report without its end": "un compte rendu sans sa fin",
    r"a tag or comment of more than (\d+) MiB": r"une balise ou un commentaire de plus de \1 Mio",
    r"an empty file": "un fichier vide",
    r"an encoding that contradicts the one that is declared": "un encodage qui contredit celui qui est déclaré",
    r"an encoding that is not read": "un encodage qui n'est pas lu",
    r"an MLLP frame that does not end": "une trame MLLP sans fin",
    r"bytes outside the declared encoding": "des octets hors de l'encodage déclaré",
    r"bytes that are no UTF-8": "des octets qui ne sont pas de l'UTF-8",
    r"bytes that are no (\S+): is MSH-18, or the declared encoding, right\?": (
        r"des octets qui ne sont pas de l'encodage \1 : MSH-18, ou l'encodage déclaré, est-il juste ?"
    ),
    r"half a character": "une moitié de caractère",
    r"more than (\d+) elements and attributes": r"plus de \1 éléments et attributs",
    r"more than (\d+) kinds of delimiters within a block": r"plus de \1 sortes de délimiteurs dans un bloc",
    r"nested too deeply": "imbrication trop profonde",
    r"no CDA document": "pas un document CDA",
    r"no JSON": "pas du JSON",
    r"no message ends within (\d+) MiB": r"nul message ne finit avant \1 Mio",
    r"no well-formed XML": "pas du XML bien formé",
    r"text outside a message": "du texte hors d'un message",
}
_PATTERNS = tuple((re.compile(english), french) for english, french in _REASONS.items())


def in_french(reason: str) -> str:
    """The reason in French; as it stands where nobody has translated it."""
    for pattern, french in _PATTERNS:
        if found := pattern.fullmatch(reason):
            return found.expand(french)
    return reason

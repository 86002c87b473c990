"""Why a record of a file could not be read, in French; the readers say it in English (``domain.files.SetAside``)."""

from collections.abc import Mapping

from ecluse.control.phrases import Phrases

_REASONS: Mapping[str, str] = {
    "a carriage return without a line feed": "un retour chariot sans saut de ligne",
    "a deletion mark that is none": "une marque de suppression qui n'en est pas une",
    "a document of more than {} MiB": "un document de plus de {1} Mio",
    "a document that does not end": "un document sans sa fin",
    "a document type declaration (DOCTYPE), which is not read":
        "une déclaration de type de document (DOCTYPE), qui n'est pas lue",
    "a document whose rows take up more than {} MiB": "un document dont les lignes tiennent plus de {1} Mio",
    "a header that may begin at several lines": "un en-tête qui peut commencer à plusieurs lignes",
    "a header whose dates are not in their places": "un en-tête dont les dates ne sont pas à leur place",
    "a line after LAB that is neither TEX nor RES": "une ligne après LAB qui n'est ni TEX ni RES",
    "a line of more than {} MiB": "une ligne de plus de {1} Mio",
    "a line that is no segment": "une ligne qui n'est pas un segment",
    "a message in several parts (ADD, DSC)": "un message en plusieurs parties (ADD, DSC)",
    "a message that does not end within {} MiB": "un message sans fin avant {1} Mio",
    "a message whose H declares no delimiters": "un message dont H ne déclare pas de délimiteurs",
    "a message without its end (L)": "un message sans sa fin (L)",
    "a name that stands twice in one object": "un nom qui figure deux fois dans un objet",
    "a NUL byte": "un octet nul",
    "a record that is no object": "un enregistrement qui n'est pas un objet",
    "a report that does not end within {} MiB": "un compte rendu sans fin avant {1} Mio",
    "a report with fewer than twelve header lines": "un compte rendu de moins de douze lignes d'en-tête",
    "a report without its end": "un compte rendu sans sa fin",
    "a row that does not hold together": "une ligne qui ne tient pas debout",
    "a tag or comment of more than {} MiB": "une balise ou un commentaire de plus de {1} Mio",
    "a value that is none of its column's type": "une valeur qui n'est pas du type de sa colonne",
    "an empty file": "un fichier vide",
    "an encoding that contradicts the one that is declared": "un encodage qui contredit celui qui est déclaré",
    "an encoding that is not read": "un encodage qui n'est pas lu",
    "an MLLP frame that does not end": "une trame MLLP sans fin",
    "bytes outside the declared encoding": "des octets hors de l'encodage déclaré",
    "bytes that are no {}: is MSH-18, or the declared encoding, right?":
        "des octets qui ne sont pas de l'encodage {1} : MSH-18, ou l'encodage déclaré, est-il juste ?",
    "bytes that are no UTF-8": "des octets qui ne sont pas de l'UTF-8",
    "half a character": "une moitié de caractère",
    "more than {} elements and attributes": "plus de {1} éléments et attributs",
    "more than {} kinds of delimiters within a block": "plus de {1} sortes de délimiteurs dans un bloc",
    "MSH-1 and MSH-2 are no delimiters": "MSH-1 et MSH-2 ne sont pas des délimiteurs",
    "MSH-18 names a character set that is not read": "MSH-18 nomme un jeu de caractères qui n'est pas lu",
    "nested too deeply": "imbrication trop profonde",
    "no CDA document": "pas un document CDA",
    "no JSON": "pas du JSON",
    "no message ends within {} MiB": "nul message ne finit avant {1} Mio",
    "no well-formed XML": "pas du XML bien formé",
    "text outside a message": "du texte hors d'un message",
}  # fmt: skip
_FRENCH = Phrases(_REASONS)


def in_french(reason: str) -> str:
    """The reason in French; as it stands where nobody has translated it."""
    return _FRENCH.of(reason) or reason

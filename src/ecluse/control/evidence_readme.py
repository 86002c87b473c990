"""README.txt and LISEZMOI.txt of an evidence bundle: how to check it with stock tools alone."""

import re
from collections.abc import Iterator, Sequence

_SIGNATURE = re.compile(r"(?P<stem>\w+/artefacts/(?P<kind>[a-z-]+)/[0-9a-f]{64})\.(?P<signer>.+)\.sig")
_DIGESTS = """\
    for f in */artefacts/*/*.json; do echo "$(basename "$f" .json)  $f"; done | sha256sum -c --quiet"""
_PRINTS = """\
    while read -r who where key; do echo "$who: $(echo "$key" | ssh-keygen -lf -)"; done < allowed_signers"""
_RECEIPTS = """\
    for s in */artefacts/receipt/*.sig; do
      n=$(basename "$s" .sig)
      ssh-keygen -Y verify -f allowed_signers -I "${n#*.}" -n ecluse.receipt -s "$s" < "${s%/*}/${n%%.*}.json" || exit 1
    done"""

_TEXT = {
    "en": """\
Evidence of a migration carried out with Écluse
===============================================

This bundle proves what was ordered, by whom, what was sealed, received, loaded, accepted and erased. It holds no
patient data: identifiers of batches, counts, keyed digests, and source keys of rows that differ.

The quick way, offline, naming the first step that fails:

    ecluse evidence verify BUNDLE.zip --trust YOUR-OWN-ALLOWED-SIGNERS

By hand, with OpenSSH (8.2 or later; 8.4 for passkeys) and coreutils, in the folder where this bundle is unpacked:

1. Compare the keys. allowed_signers holds the keys that the agreement lists. Read their fingerprints to the persons
   whose names stand there, over the telephone or from paper: everything else rests on this.

{prints}

2. Every artefact is named by its own SHA-256. Nothing is printed when all are right.

{digests}

3. Every artefact but the receipts is signed as follows; each command must answer "Good".

{lines}

4. Every receipt, signed by the sender and then by the recipient:

{receipts}

5. The journals (C2SP tlog-tiles, RFC 6962) lie in */journal: a signed checkpoint, the log's key (vkey), all entries
   and hash tiles. Any tool for tlog-tiles and signed notes reads them.

A bundle says what its journals said when it was made. That nothing was taken back since is shown by checkpoints
that witnesses have kept: give yours to "ecluse journal verify".
""",
    "fr": """\
Preuves d'une migration réalisée avec Écluse
============================================

Ce lot prouve ce qui a été commandé, par qui, ce qui a été scellé, reçu, chargé, accepté et effacé. Il ne contient
aucune donnée de patient : noms de lots, comptes, empreintes à clé, et clés source des lignes qui diffèrent.

La voie rapide, hors ligne, qui nomme la première étape en échec :

    ecluse evidence verify LOT.zip --trust VOS-PROPRES-ALLOWED-SIGNERS

À la main, avec OpenSSH (8.2 ou plus récent ; 8.4 pour les clés d'accès) et coreutils, dans le dossier de ce lot :

1. Comparez les clés. allowed_signers contient celles que le contrat énonce. Lisez leurs empreintes aux personnes
   nommées, au téléphone ou d'après papier : tout le reste en dépend.

{prints}

2. Chaque artefact porte pour nom son propre SHA-256. Rien ne s'affiche si tout est juste.

{digests}

3. Chaque artefact, hors reçus, est signé comme suit ; chaque commande doit répondre « Good ».

{lines}

4. Chaque reçu, signé par l'expéditeur puis par le destinataire :

{receipts}

5. Les journaux (C2SP tlog-tiles, RFC 6962) sont dans */journal : un point de contrôle signé, la clé du journal
   (vkey), toutes les entrées et les tuiles d'empreintes. Tout outil tlog-tiles et signed-note les lit.

Un lot dit ce que ses journaux disaient lorsqu'il a été fait. Que rien n'a été retiré depuis se prouve par les points
de contrôle que des témoins ont conservés : donnez le vôtre à « ecluse journal verify ».
""",
}


def readme(lang: str, names: Sequence[str]) -> bytes:
    """The text in ``lang`` (``en`` or ``fr``), with the exact command for each signature among ``names``."""
    return (
        _TEXT[lang]
        .format(prints=_PRINTS, digests=_DIGESTS, lines="\n".join(_lines(names)), receipts=_RECEIPTS)
        .encode()
    )


def _lines(names: Sequence[str]) -> Iterator[str]:
    for name in names:
        found = _SIGNATURE.fullmatch(name)
        if found and found["kind"] != "receipt":
            yield (
                f"    ssh-keygen -Y verify -f allowed_signers -I {found['signer']} -n ecluse.{found['kind']}"
                f" -s {name} < {found['stem']}.json"
            )

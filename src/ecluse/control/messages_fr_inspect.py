"""French of what is wrong with a target, a passfile or a baseline of an inspection."""

FRENCH_INSPECT: dict[str, str] = {
    "--write-baseline makes one": "--write-baseline en fait une",
    "mount the share read-only, and inspect the folder": "montez le partage en lecture seule, et inspectez le dossier",
    "name the server before the path, without host=": "nommez le serveur avant le chemin, sans host=",
    "others may read the passfile": "d'autres peuvent lire le fichier de mots de passe",
    "put it into a --passfile, and change it": "mettez-le dans un --passfile, et changez-le",
    "smb:// is not looked at by network: no library for it is part of Écluse":
        "smb:// ne se regarde pas par le réseau : aucune bibliothèque pour cela ne fait partie d'Écluse",
    "the passfile cannot be read": "le fichier de mots de passe ne peut pas être lu",
    "the target's URL does not parse": "l'URL de la cible ne se lit pas",
    "the target's URL holds a password": "l'URL de la cible contient un mot de passe",
    "the target's URL names no host": "l'URL de la cible ne nomme aucun hôte",
    "the target's URL names two hosts": "l'URL de la cible nomme deux hôtes",
    "there is no such folder or file": "ce dossier ou ce fichier n'existe pas",
    "this is no baseline of an inspection": "ce n'est pas une référence d'inspection",
    "this kind of target is not known": "ce genre de cible n'est pas connu",
    "{}, or the path of a folder": "{1}, ou le chemin d'un dossier",
    "{}: a path, or a URL such as ftp://HOST": "{1} : un chemin, ou une URL comme ftp://HÔTE",
}  # fmt: skip

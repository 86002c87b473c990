"""French for the messages of FHIR servers as sources; ``{}`` as in ``messages_fr_rules``."""

FRENCH_FHIR = {
    "a FHIR server is not scanned": "un serveur FHIR ne s'explore pas",
    "scan a folder of its files, and use that profile": "explorez un dossier de ses fichiers et prenez ce profil",
    "a FHIR server is read as declared files of format fhir":
        "un serveur FHIR se lit comme des fichiers déclarés de format fhir",
    "a FHIR server's URL holds an address and options, no user or password":
        "l'URL d'un serveur FHIR contient une adresse et des options, ni utilisateur ni mot de passe",
    "a FHIR server's client has a key: give client and key":
        "le client d'un serveur FHIR a une clé : donnez client et key",
    "a resource of another type than the file is said to hold":
        "une ressource d'un autre type que celui annoncé pour le fichier",
    "the file has not as many resources as it is said to hold":
        "le fichier n'a pas autant de ressources qu'annoncé",
    "an exported file cannot be read to its end": "un fichier exporté ne se lit pas jusqu'à sa fin",
    "an exported file changed while it was being read": "un fichier exporté a changé pendant la lecture",
    "an exported file is not there any more: it may have expired":
        "un fichier exporté n'est plus là : il a pu expirer",
    "give the same command again": "redonnez la même commande",
    "the export is not there any more": "l'export n'est plus là",
    "the export's manifest goes on elsewhere, which was not asked for":
        "le manifeste de l'export continue ailleurs, ce qui n'a pas été demandé",
    "the export's manifest is none": "le manifeste de l'export n'en est pas un",
    "the FHIR server answered with what is no JSON": "le serveur FHIR a répondu par ce qui n'est pas du JSON",
    "the FHIR server could not export everything: {} errors ({})":
        "le serveur FHIR n'a pas pu tout exporter : {1} erreurs ({2})",
    "its error files say which, to whoever operates it": "ses fichiers d'erreurs le disent à qui l'exploite",
    "the FHIR server gives an address that is none": "le serveur FHIR donne une adresse qui n'en est pas une",
    "the FHIR server names no address where its export can be followed":
        "le serveur FHIR n'indique pas d'adresse où suivre son export",
    "the FHIR server names no token endpoint": "le serveur FHIR n'indique pas où demander un jeton",
    "give token=URL": "donnez token=URL",
    "the FHIR server refuses the export: HTTP {}": "le serveur FHIR refuse l'export : HTTP {1}",
    "check token, client and key": "vérifiez jeton, client et clé",
    "the FHIR server wants its token shown to another server":
        "le serveur FHIR veut que son jeton soit montré à un autre serveur",
    "this is not done": "cela ne se fait pas",
    "give files=HOST, if it is known": "donnez files=HÔTE, s'il est connu",
    "the FHIR server went away within an answer": "le serveur FHIR a disparu au milieu d'une réponse",
    "the FHIR server's export took more than a day": "l'export du serveur FHIR a pris plus d'un jour",
    "the FHIR server's token endpoint gives no token": "le point de jetons du serveur FHIR ne donne pas de jeton",
    "the FHIR server's token endpoint refuses the client": "le point de jetons du serveur FHIR refuse le client",
    "check client, key and kid": "vérifiez client, key et kid",
    "others may read the client's key": "d'autres peuvent lire la clé du client",
    "the client's key is no private key in PEM, without passphrase, of RSA or P-384":
        "la clé du client n'est pas une clé privée en PEM, sans phrase de passe, RSA ou P-384",
}  # fmt: skip

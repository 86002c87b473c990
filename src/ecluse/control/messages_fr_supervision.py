"""French of what channels, the security log and metrics say; see :mod:`ecluse.control.messages`."""

FRENCH_SUPERVISION = {
    "others may read this file, which holds secrets": "d'autres peuvent lire ce fichier, qui contient des secrets",
    "not 32 to 128 letters, digits, '-' and '_'": "pas de 32 à 128 lettres, chiffres, « - » et « _ »",
    "two of these have one name": "deux d'entre eux ont le même nom",
    "logs are kept {} to {} months": "les journaux se gardent de {1} à {2} mois",
    "a channel has a url (Apprise) or a webhook": "un canal a une url (Apprise) ou un webhook",
    "key and ca belong to a webhook": "key et ca appartiennent à un webhook",
    "not 64 to 128 hex digits": "pas de 64 à 128 chiffres hexadécimaux",
    "a webhook is https, or http on this machine": "un webhook est en https, ou en http sur cette machine",
    "not a port": "pas un port",
    "certificate and key go together": "certificate et key vont ensemble",
    "a name is lower-case letters, digits and hyphens":
        "un nom est fait de minuscules, de chiffres et de traits d'union",
    "not a list": "pas une liste",
    "this collector cannot be reached: {}": "ce collecteur est injoignable : {1}",
    "not a certificate and its unlocked key (PEM)": "pas un certificat et sa clé non chiffrée (PEM)",
    "true or false": "true ou false",
    "a new one: openssl rand -hex 32": "une nouvelle : openssl rand -hex 32",
    "not a severity": "pas une gravité",
    "this channel cannot be reached: {}": "ce canal est injoignable : {1}",
    "this channel cannot take a notice now: {}": "ce canal ne peut prendre d'avis pour l'instant : {1}",
    "this channel refuses notices: {}": "ce canal refuse les avis : {1}",
    "this channel did not take a notice": "ce canal n'a pas pris l'avis",
    "this channel tells one person: an address is needed": "ce canal prévient une personne : il faut une adresse",
    "this channel does not take such an address": "ce canal ne prend pas une telle adresse",
    "not a file of certificates (PEM)": "pas un fichier de certificats (PEM)",
    "not a URL that Apprise knows": "pas une URL qu'Apprise connaisse",
    "what goes this way could be read on the way": "ce qui passe par là pourrait être lu en route",
    "use the service's TLS scheme, without verify=no or mode=insecure":
        "prenez le schéma TLS du service, sans verify=no ni mode=insecure",
}  # fmt: skip

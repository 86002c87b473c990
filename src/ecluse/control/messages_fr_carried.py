"""French of what is said where a migration travels through a relay; see :mod:`ecluse.control.messages`."""

FRENCH_CARRIED = {
    "a relay's address is https://HOST:PORT or sftp://ACCOUNT@HOST:PORT":
        "l'adresse d'un relais est https://HÔTE:PORT ou sftp://COMPTE@HÔTE:PORT",
    "not a relay's address": "pas l'adresse d'un relais",
    "no secret stands in a relay's address: tokens and keys have files":
        "aucun secret ne figure dans l'adresse d'un relais : jetons et clés ont leurs fichiers",
    "an sftp address names its account: sftp://ACCOUNT@HOST:PORT":
        "une adresse sftp nomme son compte : sftp://COMPTE@HÔTE:PORT",
    "an https address names no account: its token or certificate does":
        "une adresse https ne nomme aucun compte : son jeton ou son certificat le fait",
    "the address names another order's box": "l'adresse nomme la boîte d'un autre ordre",
    "an option is missing: --relay-token": "il manque une option : --relay-token",
    "an option is missing: --relay-key": "il manque une option : --relay-key",
    "an option is missing: --relay-host-key": "il manque une option : --relay-host-key",
    "or --relay-certificate": "ou --relay-certificate",
    "ecluse relay status shows it, at the relay": "ecluse relay status la montre, au relais",
    "this needs asyncssh": "il y faut asyncssh",
    "not a host's name, an address or a network": "ni un nom d'hôte, ni une adresse, ni un réseau",
    "this is a maintenance host ({}), which is never a target (R12)":
        "ceci est un hôte de télémaintenance ({1}), qui n'est jamais une cible (R12)",
    "nothing has been sent; give a machine that nobody maintains others from":
        "rien n'a été envoyé ; donnez une machine depuis laquelle personne n'en maintient d'autres",
    "not certificates (PEM), or not a certificate and its unlocked key":
        "ni des certificats (PEM), ni un certificat et sa clé non chiffrée",
    "the mailbox is no relay": "la boîte n'est pas un relais",
    "it does not wait at the relay": "cela n'attend pas au relais",
    "nothing waits at the relay for this place": "rien n'attend au relais pour ce lieu",
    "{} migrations wait at the relay for this place": "{1} migrations attendent au relais pour ce lieu",
    "name one: --mailbox URL/BOX, where BOX is the beginning of its order's digest":
        "nommez-en une : --mailbox URL/BOÎTE, où BOÎTE est le début du digest de son ordre",
    "there is nothing to send": "il n'y a rien à envoyer",
    "the parcel became shorter while it was sent": "le colis a raccourci pendant son envoi",
    "not a token": "pas un jeton",
    "others may read this token": "d'autres peuvent lire ce jeton",
    "others may read this key": "d'autres peuvent lire cette clé",
    "others may read this relay's token": "d'autres peuvent lire le jeton de ce relais",
    "not an OpenSSH private key without passphrase": "pas une clé privée OpenSSH sans phrase de passe",
    "not an OpenSSH public key": "pas une clé publique OpenSSH",
    "not an answer of a relay": "pas une réponse de relais",
    "the relay broke off": "le relais s'est interrompu",
    "the relay cannot be reached: {}": "le relais est injoignable : {1}",
    "the relay does not let this account in": "le relais ne laisse pas entrer ce compte",
    "the relay refuses: {}": "le relais refuse : {1}",
    "the relay's certificate is not one that is trusted here": "le certificat du relais n'est pas cru ici",
    "the relay's host key is not the one that is trusted here":
        "la clé d'hôte du relais n'est pas celle que l'on croit ici",
    "the relay does not say what it still holds ({}): all else is erased, and nothing is certified":
        "le relais ne dit pas ce qu'il détient encore ({1}) : tout le reste est effacé, et rien n'est certifié",
    "erase again when it answers; if it never will, erase again with --mailbox-lost 'how, when'":
        "effacez à nouveau quand il répondra ; s'il ne répondra jamais, effacez avec --mailbox-lost « comment, quand »",
    "the relay still holds {} parcels of this order: all else is erased, and nothing is certified":
        "le relais détient encore {1} colis de cet ordre : tout le reste est effacé, et rien n'est certifié",
    "it erases them by itself; erase again then": "il les efface de lui-même ; effacez à nouveau ensuite",
    "an agent works at the source, at the destination, or is a relay":
        "un agent travaille à la source, à la destination, ou est un relais",
    "this is no relay": "ceci n'est pas un relais",
    "not the key of the journal of a relay {}": "pas la clé du journal d'un relais {1}",
    "this relay's journal has another key, pinned at its first report":
        "le journal de ce relais a une autre clé, épinglée à son premier rapport",
    "the room took in a journal that was set back": "la salle a accepté un journal remis en arrière",
}  # fmt: skip

"""French for the messages of signatures, passkeys' above all; ``{}`` as in ``messages_fr_rules``."""

FRENCH_PASSKEYS: dict[str, str] = {
    # any signature
    "malformed signature: {}": "signature mal formée : {1t}",
    "malformed signature: not SSHSIG version 1": "signature mal formée : ce n'est pas SSHSIG version 1",
    "malformed signature: reserved field filled, or an unknown hash":
        "signature mal formée : champ réservé rempli, ou empreinte inconnue",
    "malformed signature: a number in a foreign spelling": "signature mal formée : un nombre d'une autre écriture",
    "malformed signature: its algorithm is not the key's":
        "signature mal formée : son algorithme n'est pas celui de la clé",
    "malformed signature: no SSH SIGNATURE header, base64 and footer":
        "signature mal formée : ni en-tête SSH SIGNATURE, ni base64, ni pied",
    # making one with a passkey
    "a relying party's identifier is a domain in lower case":
        "l'identifiant d'un site (rpId) est un domaine en minuscules",
    "only ES256 passkeys can sign": "seules les clés d'accès ES256 peuvent signer",
    "ask for pubKeyCredParams of alg -7 (ES256) alone, and register again":
        "demandez pubKeyCredParams avec alg -7 (ES256) seul, et enrôlez de nouveau",
    "a passkey's public key has two coordinates of 32 bytes":
        "une clé d'accès publique a deux coordonnées de 32 octets",
    "the key's application is neither a token's nor a domain":
        "l'application de la clé n'est ni celle d'un jeton ni un domaine",
    "a token's application begins with ssh:, a passkey's is the domain where it was registered":
        "celle d'un jeton commence par ssh:, celle d'une clé d'accès est le domaine où elle fut enrôlée",
    "this is not the key of a passkey": "ce n'est pas une clé d'accès",
    "sign with ssh-keygen -Y sign: ecluse order sign": "signez par ssh-keygen -Y sign : ecluse order sign",
    "{} is not an origin of {}": "{1} n'est pas une origine de {2}",
    "serve the page by https, from that domain or from one below it":
        "servez la page en https, depuis ce domaine ou un domaine au-dessous",
    "this is a passkey: it signs in the browser alone":
        "c'est une clé d'accès : elle ne signe que dans le navigateur",
    "approve it in the browser, in the control room; what that writes, every command accepts":
        "approuvez dans le navigateur, en salle de contrôle ; ce qu'elle écrit, toutes les commandes l'acceptent",
    "an agent works by itself: a passkey needs a person at a browser":
        "un agent travaille seul : une clé d'accès demande une personne devant un navigateur",
    # what is wrong with one
    "malformed signature: the authenticator's data is cut short":
        "signature mal formée : les données de l'authentificateur sont coupées",
    "malformed signature: the authenticator's flags contradict what it gives":
        "signature mal formée : les drapeaux de l'authentificateur contredisent ce qu'il donne",
    "malformed signature: its client data is not what browsers write":
        "signature mal formée : ses données client ne sont pas ce qu'écrivent les navigateurs",
    "pass clientDataJSON on as the browser gave it, byte for byte":
        "transmettez clientDataJSON tel que le navigateur l'a donné, octet pour octet",
    "malformed signature: the passkey's ECDSA signature is not DER":
        "signature mal formée : la signature ECDSA de la clé d'accès n'est pas en DER",
    "malformed signature: its inner signature is cut short": "signature mal formée : sa signature interne est coupée",
    "malformed signature: its inner signature is not filled exactly":
        "signature mal formée : sa signature interne n'est pas remplie exactement",
    "does not verify: the browser was not asked to sign": "fausse : il n'a pas été demandé au navigateur de signer",
    "sign with navigator.credentials.get; a registration is no signature":
        "signez par navigator.credentials.get ; un enrôlement n'est pas une signature",
    "does not verify: the passkey was asked to sign other bytes":
        "fausse : il a été demandé à la clé d'accès de signer d'autres octets",
    "the challenge is what passkey_challenge gives for these very bytes; sign again":
        "le défi est ce que passkey_challenge donne pour ces octets mêmes ; signez de nouveau",
    "does not verify: signed on a page of another origin than the signature names":
        "fausse : signée sur une page d'une autre origine que celle que nomme la signature",
    "does not verify: signed in a frame of another site": "fausse : signée dans un cadre d'un autre site",
    "sign on a page of its own, not in a frame of another site":
        "signez sur une page à elle, pas dans un cadre d'un autre site",
    "does not verify: the passkey says that nobody was there": "fausse : la clé d'accès dit que personne n'était là",
    "does not verify: the passkey did not verify who used it":
        "fausse : la clé d'accès n'a pas vérifié qui l'utilisait",
    'sign again with userVerification: "required"; a key without PIN or fingerprint cannot approve':
        'signez de nouveau avec userVerification: "required" ; une clé sans code ni empreinte ne peut approuver',
    "does not verify: signed elsewhere than at {}": "fausse : signée ailleurs que sur {1}",
    "does not verify: signed for another relying party than {}": "fausse : signée pour un autre site (rpId) que {1}",
    "give the browser the rpId under which the passkey was registered":
        "donnez au navigateur le rpId sous lequel la clé d'accès fut enrôlée",
    "does not verify: another passkey signed": "fausse : une autre clé d'accès a signé",
    "the page must offer this signer's own passkey alone (allowCredentials)":
        "la page ne doit proposer que la clé d'accès de ce signataire (allowCredentials)",
    # the verifier's own words
    "the key is neither a token's nor of a domain": "la clé n'est ni celle d'un jeton ni d'un domaine",
    "signed on a page outside {}": "signée sur une page hors de {1}",
    "the passkey says that nobody was there": "la clé d'accès dit que personne n'était là",
    "the passkey did not verify its user": "la clé d'accès n'a pas vérifié son utilisateur",
    "malformed signature: the passkey's flags do not fit together":
        "signature mal formée : les drapeaux de la clé d'accès ne vont pas ensemble",
    "the passkey signed other bytes, or on another page, or did not sign at all":
        "la clé d'accès a signé d'autres octets, ou sur une autre page, ou n'a rien signé",
    "malformed signature: client data that no browser writes":
        "signature mal formée : des données client qu'aucun navigateur n'écrit",
    "malformed signature: client data that says something twice":
        "signature mal formée : des données client qui disent une chose deux fois",
    "signed in a frame of another site": "signée dans un cadre d'un autre site",
}  # fmt: skip

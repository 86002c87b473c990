"""The rules of TLS and SSH, in both languages."""

from typing import Final

from ecluse.domain.alerts import Severity
from ecluse.inspector.rule import Rule, Words

CERTIFICATE_EXPIRED: Final = Rule(
    "tls-certificate-expired", Severity.HIGH,
    Words("The certificate has expired",
          "Clients must be told to look away; nobody then notices a false server.",
          "Renew it, and let it be renewed by itself."),
    Words("Le certificat a expiré",
          "Il faut dire aux clients de fermer les yeux ; nul ne remarque alors un faux serveur.",
          "Renouvelez-le, et que cela se fasse tout seul."),
    articles=("32(1)(b)",),
)  # fmt: skip

CERTIFICATE_ENDING: Final = Rule(
    "tls-certificate-ending", Severity.LOW,
    Words("The certificate ends soon",
          "In less than two weeks nobody can connect, or everybody learns to look away.",
          "Renew it, and let it be renewed by itself."),
    Words("Le certificat finit bientôt",
          "Dans moins de deux semaines, nul ne pourra se connecter, ou chacun apprendra à fermer les yeux.",
          "Renouvelez-le, et que cela se fasse tout seul."),
    articles=("32(1)(b)",),
)  # fmt: skip

CERTIFICATE_NAME: Final = Rule(
    "tls-certificate-name", Severity.MEDIUM,
    Words("The certificate is another host's",
          "Its names are not the one by which the server was called.",
          "Have it made out to the name that clients use."),
    Words("Le certificat est celui d'un autre hôte",
          "Ses noms ne sont pas celui par lequel le serveur a été appelé.",
          "Faites-le établir au nom que les clients emploient."),
    articles=("32(1)(b)",),
)  # fmt: skip

CERTIFICATE_UNTRUSTED: Final = Rule(
    "tls-certificate-untrusted", Severity.MEDIUM,
    Words("Nobody vouches for the certificate",
          "It is not signed by an authority that this machine knows. Give the authority with --ca if it is your own.",
          "Take a certificate of an authority that all clients know, or give clients your own authority's."),
    Words("Personne ne répond du certificat",
          "Il n'est pas signé par une autorité que cette machine connaît. Donnez-la avec --ca si c'est la vôtre.",
          "Prenez un certificat d'une autorité que tous les clients connaissent, ou donnez-leur celle qui est à vous."),
    articles=("32(1)(b)",),
)  # fmt: skip

TLS_OLD: Final = Rule(
    "tls-old-protocol", Severity.HIGH,
    Words("An old version of TLS or SSL",
          "The server still speaks a version with known weaknesses. ANSSI asks for TLS 1.2 or 1.3.",
          "Allow TLS 1.2 and 1.3 alone."),
    Words("Une ancienne version de TLS ou SSL",
          "Le serveur parle encore une version aux faiblesses connues. L'ANSSI demande TLS 1.2 ou 1.3.",
          "N'autorisez que TLS 1.2 et 1.3."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

TLS_CIPHERS: Final = Rule(
    "tls-weak-cipher", Severity.MEDIUM,
    Words("Weak TLS ciphers",
          "The server accepts ciphers without forward secrecy or without authenticated encryption. ANSSI asks for "
          "ECDHE with AES-GCM or ChaCha20.",
          "Allow ECDHE with AES-GCM or ChaCha20-Poly1305 alone."),
    Words("Des algorithmes TLS faibles",
          "Le serveur accepte des algorithmes sans confidentialité persistante ou sans chiffrement authentifié. "
          "L'ANSSI demande ECDHE avec AES-GCM ou ChaCha20.",
          "N'autorisez qu'ECDHE avec AES-GCM ou ChaCha20-Poly1305."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

TLS_HOLE: Final = Rule(
    "tls-known-hole", Severity.CRITICAL,
    Words("A known hole in TLS",
          "The scanner found one of the named weaknesses, which read or change what is said.",
          "Update the server's TLS library, and make new keys and certificates."),
    Words("Une faille connue de TLS",
          "L'analyseur a trouvé une des faiblesses nommées, qui permettent de lire ou changer ce qui est dit.",
          "Mettez à jour la bibliothèque TLS du serveur, et refaites clés et certificats."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

SSH_WEAK: Final = Rule(
    "ssh-weak-algorithm", Severity.MEDIUM,
    Words("Weak SSH algorithms",
          "The server offers algorithms that ssh-audit holds to be broken.",
          "Name only sound ones in KexAlgorithms, Ciphers, MACs and HostKeyAlgorithms (sshd_config)."),
    Words("Des algorithmes SSH faibles",
          "Le serveur propose des algorithmes que ssh-audit tient pour cassés.",
          "Ne nommez que des algorithmes sûrs dans KexAlgorithms, Ciphers, MACs et HostKeyAlgorithms (sshd_config)."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

SSH_OLD: Final = Rule(
    "ssh-old-protocol", Severity.CRITICAL,
    Words("SSH of the first version",
          "The server speaks SSH 1, which has been broken for twenty years.",
          "Replace the server."),
    Words("SSH de la première version",
          "Le serveur parle SSH 1, cassé depuis vingt ans.",
          "Remplacez le serveur."),
    failings=("R5",), articles=("32(1)(a)",),
)  # fmt: skip

SSH_PASSWORD: Final = Rule(
    "ssh-password", Severity.MEDIUM,
    Words("SSH takes passwords",
          "A password can be guessed, told and shared; a key with a second factor cannot so easily.",
          "PasswordAuthentication no and KbdInteractiveAuthentication no, unless the latter asks for a second factor "
          "after a key (AuthenticationMethods)."),
    Words("SSH accepte des mots de passe",
          "Un mot de passe se devine, se dit et se partage ; une clé avec un second facteur bien moins.",
          "PasswordAuthentication no et KbdInteractiveAuthentication no, sauf si ce dernier demande un second facteur "
          "après une clé (AuthenticationMethods)."),
    failings=("R8",), articles=("32(1)(b)",),
)  # fmt: skip

SSH_OPEN: Final = Rule(
    "ssh-without-login", Severity.CRITICAL,
    Words("SSH lets in without a proof",
          "The server accepted a session for a guessable name without key or password.",
          "Remove the account, and PermitEmptyPasswords no."),
    Words("SSH laisse entrer sans preuve",
          "Le serveur a accepté une session pour un nom devinable, sans clé ni mot de passe.",
          "Retirez le compte, et PermitEmptyPasswords no."),
    failings=("R7",), articles=("32(1)(b)", "5(1)(f)"),
)  # fmt: skip

ROOT_LOGIN: Final = Rule(
    "root-login", Severity.HIGH,
    Words("The administrator's account logs in",
          "root enters over the network: it is nobody's own account, and may erase its traces.",
          "PermitRootLogin no; administrators enter by their own name and take the right they need (sudo)."),
    Words("Le compte d'administration se connecte",
          "root entre par le réseau : ce n'est le compte de personne, et il peut effacer ses traces.",
          "PermitRootLogin no ; les administrateurs entrent sous leur nom et prennent le droit qu'il faut (sudo)."),
    failings=("R8",), articles=("32(1)(b)",),
)  # fmt: skip

RULES_TLS: Final = (
    CERTIFICATE_EXPIRED, CERTIFICATE_ENDING, CERTIFICATE_NAME, CERTIFICATE_UNTRUSTED, TLS_OLD, TLS_CIPHERS, TLS_HOLE,
    SSH_WEAK, SSH_OLD, SSH_PASSWORD, SSH_OPEN, ROOT_LOGIN,
)  # fmt: skip

FACTS_TLS: Final[dict[str, tuple[str, str]]] = {
    "self-signed": ("signed by itself", "signé par lui-même"),
    "unknown-authority": ("its authority is not known here", "son autorité n'est pas connue ici"),
    "in-configuration": ("in the configuration", "dans la configuration"),
    "by-default": ("nothing says otherwise, and so by default", "rien ne dit le contraire : par défaut"),
    "in-log": ("seen in the log", "vu dans le journal"),
    "possibly-mended": ("possibly mended by the distribution", "peut-être corrigé par la distribution"),
}

"""French for the messages of FHIR, HL7 v2, HPRIM and dumps; ``{}`` as in ``messages_fr_rules``."""

FRENCH_FORMATS: dict[str, str] = {
    "no field of this table can be read": "aucun champ de cette table ne se lit",
    "?ca=file of its authority": "?ca=fichier de son autorité",
    "FHIR resources are read from files: engine files, format fhir":
        "les ressources FHIR se lisent dans des fichiers : engine files, format fhir",
    "HPRIM messages are read from files: engine files, format hprim_sante or hprim_medecin":
        "les messages HPRIM se lisent dans des fichiers : engine files, format hprim_sante ou hprim_medecin",
    "it is given for a destination of engine hprim, and only there":
        "cela se donne pour une destination d'engine hprim, et là seulement",
    "HL7 messages are read from files: engine files, format hl7v2":
        "les messages HL7 se lisent dans des fichiers : engine files, format hl7v2",
    "MLLP: give a client certificate": "MLLP : donnez un certificat client",
    "a FHIR server that is not on this machine is entered by https:// only":
        "un serveur FHIR qui n'est pas sur cette machine ne s'aborde que par https://",
    "a FHIR server's URL holds an address and nothing else: no user, password or option":
        "l'URL d'un serveur FHIR contient une adresse et rien d'autre : ni utilisateur, ni mot de passe, ni option",
    "a NUL character": "un caractère NUL",
    "a certificate or key of the destination's URL cannot be read":
        "un certificat ou une clé de l'URL de la destination est illisible",
    "a destination is a database (postgresql, mysql or sqlite), fhir, hl7 or hprim":
        "une destination est une base de données (postgresql, mysql ou sqlite), fhir, hl7 ou hprim",
    "a file of messages cannot be read": "un fichier de messages est illisible",
    "a message differs from the one that was sent under its control id before":
        "un message diffère de celui qui fut envoyé sous le même identifiant de contrôle",
    "a message does not end within 256 MiB": "un message ne finit pas en 256 Mio",
    "a message needs {}.{}, which is not ordered": "un message demande {1}.{2}, qui n'est pas ordonné",
    "a message tells of a request and its patient: {} is not ordered":
        "un message parle d'un dossier et de son patient : {1} n'est pas ordonné",
    "a message that was written cannot be read": "un message écrit ne se relit pas",
    "a receiver has no files": "un récepteur n'a pas de fichiers",
    "a receiver that is not on this machine is entered by TLS only":
        "un récepteur qui n'est pas sur cette machine ne s'aborde que par TLS",
    "a record of Écluse's own on the FHIR server is not as it was left":
        "un enregistrement d'Écluse sur le serveur FHIR n'est pas tel qu'il a été laissé",
    "a request's key comes more than once": "la clé d'un dossier vient plus d'une fois",
    "an HL7 destination has no user and no password": "une destination HL7 n'a ni utilisateur ni mot de passe",
    "another process works on the ledger of messages": "un autre processus travaille sur le registre des messages",
    "check the bearer token": "vérifiez le jeton (bearer)",
    "comment.observation: {} rows name a result that their request does not have":
        "comment.observation : {1} lignes nomment un résultat que leur dossier n'a pas",
    "dates outside the years 0 to 9999": "des dates hors des années 0 à 9999",
    "each value needs a code of its own": "chaque valeur demande un code à elle",
    "give the address it redirects to": "donnez l'adresse à laquelle il renvoie",
    "if it does not name its character set, name it: ?encoding=latin1 in the source's URL":
        "si elle ne nomme pas son jeu de caractères, nommez-le : ?encoding=latin1 dans l'URL de la source",
    "is ordered, and has no place in a message": "est ordonné, et n'a pas de place dans un message",
    "it is given for a destination of engine fhir, and only there":
        "se donne pour une destination d'engine fhir, et là seulement",
    "it is given for a destination of engine mysql, and only there":
        "se donne pour une destination d'engine mysql, et là seulement",
    "it is the new system's own: make it there": "il est au nouveau système : créez-le là",
    "more than {} documents cannot be read": "plus de {1} documents sont illisibles",
    "more than {} records cannot be read": "plus de {1} enregistrements sont illisibles",
    "HDR-7 is that of patient.birth_date": "HDR-7 est celle de patient.birth_date",
    "a mail has twelve header lines": "un courrier a douze lignes d'en-tête",
    "a {} takes a header line": "un type {1} prend une ligne d'en-tête",
    "{}-{} has no such part": "{1}-{2} n'a pas cette partie",
    "must be OBX-6": "doit être OBX-6",
    "must be RES-5": "doit être RES-5",
    "needs a place of its own, such as OBX-32: OBX-6 shows the number":
        "demande une place à lui, comme OBX-32 : OBX-6 montre le nombre",
    "needs a place of its own, such as RES-16: RES-5 shows the number":
        "demande une place à lui, comme RES-16 : RES-5 montre le nombre",
    "observation.comparator: {} rows have none of {}": "observation.comparator : {1} lignes n'ont aucun de {2}",
    "must be OBX-5": "doit être OBX-5",
    "must be OBX-5.1": "doit être OBX-5.1",
    "must be where {}.{} is": "doit être là où est {1}.{2}",
    "needs a place of its own, such as ZOX-2: OBX-5 shows the number":
        "demande une place à lui, comme ZOX-2 : OBX-5 montre le nombre",
    "observation.comparator is ordered without observation.value":
        "observation.comparator est ordonné sans observation.value",
    "observation.status: {} rows have none of {}": "observation.status : {1} lignes n'ont aucun code de : {2t}",
    "resume when it is back": "reprenez quand il sera de retour",
    "staged rows are not as they were left": "des lignes mises en attente ne sont plus comme elles ont été laissées",
    "the destination's folder is not there": "le dossier de la destination n'existe pas",
    "a published file has not the resources that the manifest says":
        "un fichier publié n'a pas les ressources que dit le manifeste",
    "a bundle of more than 256 MiB; give it as lines (NDJSON)":
        "un Bundle de plus de 256 Mio ; donnez-le en lignes (NDJSON)",
    "a line of 64 MiB": "une ligne de 64 Mio",
    "is no place in a CDA document, as observation/code/@code":
        "n'est pas un endroit d'un document CDA, comme observation/code/@code",
    "is no place in a FHIR resource, as Observation.code.text":
        "n'est pas un endroit d'une ressource FHIR, comme Observation.code.text",
    "makes a column that is there already; give it a name: … as name":
        "donne une colonne qui existe déjà ; donnez-lui un nom : … as nom",
    "messages and resources are read from files: give engine files":
        "messages et ressources se lisent dans des fichiers : donnez le moteur files",
    "messages need a ledger, in a workspace": "il faut aux messages un registre, dans un espace de travail",
    "say in the profile, under values, which of its codes each of the source's is":
        "dites dans le profil, sous values, auquel de ses codes répond chacun de ceux de la source",
    "tables are given for a database, and only there": "les tables se donnent pour une base, et là seulement",
    "the FHIR server answered with what is no FHIR bundle":
        "le serveur FHIR a répondu par ce qui n'est pas un Bundle FHIR",
    "the FHIR server answered with what is no FHIR resource":
        "le serveur FHIR a répondu par ce qui n'est pas une ressource FHIR",
    "the FHIR server does not give back what it took": "le serveur FHIR ne rend pas ce qu'il a pris",
    "the FHIR server finds other resources than were asked for by identifier":
        "le serveur FHIR trouve d'autres ressources que celles demandées par identifiant",
    "the FHIR server is away, or stayed too busy to answer":
        "le serveur FHIR est absent, ou resté trop occupé pour répondre",
    "the FHIR server is not one of R4 (4.0)": "le serveur FHIR n'est pas en R4 (4.0)",
    "the FHIR server links to another server": "le serveur FHIR renvoie vers un autre serveur",
    "the FHIR server redirects elsewhere": "le serveur FHIR redirige ailleurs",
    "the FHIR server refuses the login, or what was asked":
        "le serveur FHIR refuse l'entrée, ou ce qui a été demandé",
    "the FHIR server refuses {} of {} resources: {}": "le serveur FHIR refuse {1} ressources sur {2} : {3}",
    "the FHIR server refuses: HTTP {}{}": "le serveur FHIR refuse : HTTP {1}{2}",
    "the FHIR server takes no {} bundles": "le serveur FHIR ne prend pas de Bundle {1}",
    "the FHIR server's answer is too large": "la réponse du serveur FHIR est trop grande",
    "the FHIR server's certificate is not one that this system trusts":
        "le certificat du serveur FHIR n'est pas de ceux en qui ce système a confiance",
    "the FHIR server's search does not end": "la recherche du serveur FHIR ne finit pas",
    "the destination holds what is no FHIR resource": "la destination contient ce qui n'est pas une ressource FHIR",
    "the destination's URL must begin with hl7:/// or mllp://":
        "l'URL de la destination doit commencer par hl7:/// ou mllp://",
    "the destination's URL must begin with https:// or fhir+ndjson:///":
        "l'URL de la destination doit commencer par https:// ou fhir+ndjson:///",
    "the destination's URL names no folder: hprim:///path":
        "l'URL de la destination ne nomme aucun dossier : hprim:///chemin",
    "the destination's URL names no folder: hl7:///path":
        "l'URL de la destination ne nomme aucun dossier : hl7:///chemin",
    "the destination's URL names no host and port: mllp://host:port":
        "l'URL de la destination ne nomme ni hôte ni port : mllp://hôte:port",
    "the dump does not load unchanged: the server alters values (warning {})":
        "la sauvegarde ne se charge pas telle quelle : le serveur altère des valeurs (avertissement {1})",
    "the dump does not load: more than {} errors": "la sauvegarde ne se charge pas : plus de {1} erreurs",
    "the field has no column": "le champ n'a pas de colonne",
    "the files changed while they were being read": "les fichiers ont changé pendant leur lecture",
    "the folder holds no file of a known kind": "le dossier ne contient aucun fichier d'un genre connu",
    "the ledger of messages cannot be written": "le registre des messages ne peut être écrit",
    "the profile is none of an HPRIM destination": "le profil n'est pas celui d'une destination HPRIM",
    "the profile is none of a FHIR destination": "le profil n'est pas celui d'une destination FHIR",
    "the profile's values of observation.status are not all of {}":
        "les values d'observation.status du profil ne sont pas toutes de : {1t}",
    "HL7's table 0085": "la table 0085 d'HL7",
    "HPRIM's states of a result": "états d'un résultat selon HPRIM",
    "the receiver answers with more than an acknowledgement": "le récepteur répond par plus qu'un acquittement",
    "the receiver answers with what is no acknowledgement of HL7's":
        "le récepteur répond par ce qui n'est pas un acquittement HL7",
    "the receiver is away, or does not acknowledge": "le récepteur est absent, ou n'acquitte pas",
    "the receiver's certificate is not trusted": "le certificat du récepteur n'est pas de confiance",
    "rows cannot be put aside in the destination's place of the workspace":
        "des lignes ne peuvent être mises de côté à la place de destination de l'espace de travail",
    "rows cannot be put aside, sealed, before they become messages: is the disk full?":
        "des lignes ne peuvent être mises de côté, scellées, avant de devenir des messages : le disque est-il plein ?",
    "rows that were put aside cannot be read again ({})":
        "des lignes mises de côté ne peuvent être relues ({1})",
    "the rows of {} batches are not in memory: stage them again":
        "les lignes de {1} lots ne sont pas en mémoire : reprenez-les",
    "there is no such folder": "ce dossier n'existe pas",
    "there is no such time zone": "ce fuseau horaire n'existe pas",
    "this order's publication was cut off: publish it to its end first":
        "la publication de cet ordre a été coupée : menez-la d'abord à son terme",
    "timeout is a number of seconds, 1 to {}": "timeout est un nombre de secondes, de 1 à {1}",
    "times outside the years 0 to 9999, or finer than a tenth of a millisecond":
        "des heures hors des années 0 à 9999, ou plus fines qu'un dixième de milliseconde",
    "unknown option in the destination's URL, among: {}": "option inconnue dans l'URL de la destination, parmi : {1}",
    "values of keys that already stand on the server differ: {}: {}":
        "des valeurs de clés déjà présentes sur le serveur diffèrent : {1} : {2}",
    "{} cannot be loaded: it needs its {}": "{1} ne peut être chargé : il lui faut son {2}",
    "{} is a password: secrets are never exported": "{1} est un mot de passe : les secrets ne sortent jamais",
    "{} is filled by the writer": "{1} est rempli par l'écrivain",
    "{} is in no segment of the entity's: {}": "{1} n'est dans aucun segment de l'entité : {2}",
    "{} is no field, as P-6.1 is": "{1} n'est pas un champ, comme l'est P-6.1",
    "{} is no place in a segment": "{1} n'est pas une place dans un segment",
    "{} is ordered, and has no place in a message": "{1} est ordonné, et n'a pas de place dans un message",
    "{} names the site": "{1} nomme le site",
    "{} requests name no patient": "{1} dossiers ne nomment pas de patient",
    "{} rows of {} are staged, and the ledger says {}": "{1} lignes de {2} sont en attente, et le registre dit {3}",
    "{}-{} is none of {}": "{1}-{2} n'est pas de {3}",
    "{}: a message has no way to write {}": "{1} : un message n'a pas de quoi écrire {2}",
    "{}: a {} takes the whole field": "{1} : un type {2} prend tout le champ",
    "{}: {} rows cannot be written in a message: {}": "{1} : {2} lignes ne s'écrivent pas dans un message : {3t}",
    "{}: {} rows have a value that the profile's values do not know":
        "{1} : {2} lignes ont une valeur que les values du profil ne connaissent pas",
    "{}: {} rows have no date of the form YYYY-MM-DD": "{1} : {2} lignes n'ont pas de date de la forme AAAA-MM-JJ",
}  # fmt: skip

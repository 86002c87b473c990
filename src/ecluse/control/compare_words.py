"""What the parts of an order and of an agreement are called where two versions are compared, French and English."""

from ecluse.control.report_words import Words
from ecluse.domain.order import SourceDisposition

VERSION = Words("version", "version")
AGREEMENT, AGREEMENT_DIGEST = Words("agreement", "contrat"), Words("agreement's digest", "empreinte du contrat")
CONTROLLER, PROCESSOR = Words("controller", "responsable du traitement"), Words("processor", "sous-traitant")
FINESS, SIGNATORY = Words("FINESS number", "numéro FINESS"), Words("who orders", "qui ordonne")
SOURCE, SOURCE_SITE = Words("from: system", "de : système"), Words("from: site", "de : site")
PROFILE = Words("from: profile", "de : profil")
DESTINATION = Words("to: system", "vers : système")
RECIPIENT = Words("to: the key that opens the parcels", "vers : la clé qui ouvre les colis")
PURPOSE = Words("purpose", "finalité")
DATE_FIELD = Words("date by which requests are chosen", "date selon laquelle les dossiers sont choisis")
FROM = Words("requests from (day included)", "dossiers du (jour compris)")
UNTIL = Words("requests until (day included)", "dossiers jusqu'au (jour compris)")
SITE = Words("site", "site")
FIELD = Words("field ({kind})", "champ ({kind})")
LINK = Words("reference carried besides", "renvoi qui suit")
OF_ENTITY = Words("{entity}: {field}", "{entity} : {field}")
CATEGORY_OUT = Words("category left out", "catégorie exclue")
UNCLASSIFIABLE = Words("results that no list can sort", "résultats qu'aucune liste ne classe")
LEAVE, STAY = Words("leave too", "sortent aussi"), Words("stay", "restent")
PERSONS_OUT = Words("persons left out", "personnes exclues")
PERSONS = Words(
    "{count} [count:person|persons] by {basis}, list {digest}",
    "{count} [count:personne|personnes] par {basis}, liste {digest}",
)
ERASE_AFTER = Words("erased after acceptance, within", "effacé après l'acceptation, sous")
DAYS, HOURS = Words("{n} [n:day|days]", "{n} [n:jour|jours]"), Words("{n} [n:hour|hours]", "{n} [n:heure|heures]")
ERASE_BY = Words("erased at the latest on", "effacé au plus tard le")
DISPOSITION = Words("what becomes of the legacy database", "sort de l'ancienne base")
DISPOSITIONS = {
    SourceDisposition.CONTROLLER: Words("the controller decides apart", "le responsable en décide à part"),
}
TRACE = Words("fingerprints, to trace a leak", "empreintes, pour retracer une fuite")
TRACED = Words("kept until {until} under {key}", "gardées jusqu'au {until} sous {key}")

REARRANGED = Words("the same things, arranged otherwise", "les mêmes choses, autrement rangées")

NUMBER = Words("number", "numéro")
IN_FORCE_FROM, IN_FORCE_UNTIL = Words("in force from", "en vigueur du"), Words("in force until", "en vigueur jusqu'au")
WHOSE = Words("{who}: {what}", "{who} : {what}")
NAME, ADDRESS, CONTACT, DPO, SIGNER = (
    Words("name", "nom"),
    Words("address", "adresse"),
    Words("contact", "contact"),
    Words("data protection officer", "délégué à la protection des données"),
    Words("signer", "signataire"),
)
NATURE = Words("annex II: nature", "annexe II : nature")
OF_PERSONS = Words("annex II: category of persons", "annexe II : catégorie de personnes")
OF_DATA = Words("annex II: category of data", "annexe II : catégorie de données")
IN_CLAUSE = Words("clause {number}: {what}", "clause {number} : {what}")
MEASURE = Words("annex III: {heading}", "annexe III : {heading}")
SUB_PROCESSOR = Words("annex IV: {name}", "annexe IV : {name}")
HOSTING, CERTIFICATE, EXPIRES = (
    Words("hosting", "hébergement"),
    Words("HDS certificate", "certificat HDS"),
    Words("HDS certificate expires", "échéance du certificat HDS"),
)

"""The words of incidents and of what is written about them, French and English (GDPR Art. 33, 34)."""

from ecluse.control.report_words import Words
from ecluse.domain.incident_exposures import ExposureKind, ExposureState
from ecluse.domain.incidents import Basis, FactKind, Ground, Phase, Risk, Step

FACTS: dict[FactKind, Words] = {
    FactKind.WHAT_HAPPENED: Words("What happened", "Ce qui s'est passé"),
    FactKind.NATURE: Words(
        "What was lost: confidentiality, integrity, availability",
        "Ce qui est perdu : confidentialité, intégrité, disponibilité",
    ),
    FactKind.BEGAN: Words("When it began", "Quand cela a commencé"),
    FactKind.ENDED: Words("When it ended", "Quand cela a cessé"),
    FactKind.FOUND: Words("How it was found", "Comment cela a été découvert"),
    FactKind.CAUSE: Words("How it could happen", "Comment cela a pu arriver"),
    FactKind.DATA: Words("Categories of data", "Catégories de données"),
    FactKind.PERSONS_KIND: Words("Categories of persons", "Catégories de personnes"),
    FactKind.PERSONS: Words("Number of persons", "Nombre de personnes"),
    FactKind.RECORDS: Words("Number of records", "Nombre d'enregistrements"),
    FactKind.SPREAD: Words("Who has the data, as far as one knows", "Qui détient les données, autant qu'on le sache"),
    FactKind.PROTECTION: Words("What protected the data", "Ce qui protégeait les données"),
    FactKind.CONSEQUENCES: Words("Likely consequences for persons", "Conséquences probables pour les personnes"),
    FactKind.DONE: Words("Measures taken", "Mesures prises"),
    FactKind.PLANNED: Words("Measures to come", "Mesures à venir"),
    FactKind.CONTACT: Words("Who gives information", "Qui renseigne"),
    FactKind.ABROAD: Words("Other countries concerned", "Autres pays concernés"),
    FactKind.OTHER: Words("What else is known", "Autres éléments"),
}

PHASES: dict[Phase, Words] = {
    Phase.OPENED: Words("laboratory not told yet", "laboratoire pas encore prévenu"),
    Phase.AWARE: Words("the 72 hours run", "les 72 heures courent"),
    Phase.TO_NOTIFY: Words("to be notified", "à notifier"),
    Phase.NOTIFIED: Words("notified, to be completed", "notifié, à compléter"),
    Phase.COMPLETED: Words("notification completed", "notification complète"),
    Phase.NOT_NOTIFIED: Words("not to be notified", "sans notification"),
    Phase.CLOSED: Words("closed", "clos"),
}

STEPS: dict[Step, Words] = {
    Step.NOTICE: Words("The vendor told the laboratory", "L'éditeur a prévenu le laboratoire"),
    Step.AWARE: Words("The laboratory was aware", "Le laboratoire en a eu connaissance"),
    Step.NOTIFY: Words("Decided: the authority is notified", "Décidé : l'autorité est notifiée"),
    Step.NOT_NOTIFY: Words("Decided: the authority is not notified", "Décidé : l'autorité n'est pas notifiée"),
    Step.FILED: Words("First notification filed", "Première notification déposée"),
    Step.SUPPLEMENTED: Words("Notification supplemented", "Notification complétée en partie"),
    Step.COMPLETED: Words("Notification completed", "Notification achevée"),
    Step.TELL: Words("Decided: persons are told", "Décidé : les personnes sont informées"),
    Step.NOT_TELL: Words("Decided: persons are not told", "Décidé : les personnes ne sont pas informées"),
    Step.TOLD: Words("Persons were told", "Les personnes ont été informées"),
    Step.REPORT: Words("Decided: reported as a security incident", "Décidé : déclaré comme incident de sécurité"),
    Step.NOT_REPORT: Words(
        "Decided: not reported as a security incident", "Décidé : pas déclaré comme incident de sécurité"
    ),
    Step.REPORTED: Words("Reported as a security incident", "Déclaré comme incident de sécurité"),
    Step.CLOSED: Words("Closed", "Clos"),
    Step.REOPENED: Words("Opened again", "Rouvert"),
}

RISKS: dict[Risk, Words] = {
    Risk.UNLIKELY: Words("a risk to persons is unlikely", "un risque pour les personnes est improbable"),
    Risk.SOME: Words("a risk to persons", "un risque pour les personnes"),
    Risk.HIGH: Words("a high risk to persons", "un risque élevé pour les personnes"),
}

BASES: dict[Basis, Words] = {
    Basis.PROCESSOR: Words("told by its vendor", "prévenu par son éditeur"),
    Basis.OWN: Words("found by itself", "découvert par lui-même"),
    Basis.WARNING: Words("by a warning", "par un signalement"),
    Basis.PRESS: Words("by the press", "par la presse"),
    Basis.AUTHORITY: Words("told by an authority", "prévenu par une autorité"),
    Basis.OTHER: Words("otherwise", "autrement"),
}

GROUNDS: dict[Ground, Words] = {
    Ground.NOT_HIGH: Words("the risk is not high", "le risque n'est pas élevé"),
    Ground.UNINTELLIGIBLE: Words(
        "the data were unintelligible, for example encrypted",
        "les données étaient incompréhensibles, par exemple chiffrées",
    ),
    Ground.MENDED: Words(
        "measures taken since make a high risk unlikely", "des mesures prises depuis rendent un risque élevé improbable"
    ),
    Ground.PUBLIC: Words(
        "a disproportionate effort: a public communication instead",
        "un effort disproportionné : une communication publique à la place",
    ),
}

EXPOSURES: dict[ExposureKind, Words] = {
    ExposureKind.HOST: Words("host", "hébergeur"),
    ExposureKind.LINK: Words("link", "lien"),
    ExposureKind.FORUM: Words("forum", "forum"),
    ExposureKind.CHANNEL: Words("messaging channel", "canal de messagerie"),
    ExposureKind.OTHER: Words("other", "autre"),
}

TAKEDOWNS: dict[ExposureState, Words] = {
    ExposureState.FOUND: Words("found", "trouvé"),
    ExposureState.ASKED: Words("removal asked", "retrait demandé"),
    ExposureState.REFUSED: Words("refused, or no answer", "refusé, ou sans réponse"),
    ExposureState.GONE: Words("gone", "disparu"),
    ExposureState.BACK: Words("back again", "revenu"),
}

# -- what is written

UNKNOWN = Words("Not known yet.", "Pas encore connu.")
UNSTATED = Words("Not decided yet.", "Pas encore décidé.")
DRAFT = Words(
    "DRAFT. Écluse sends nothing: whoever is responsible checks it, completes it and sends it.",
    "PROJET. Écluse n'envoie rien : qui en répond le vérifie, le complète et l'envoie.",
)
FOOTER = Words("{number} · drawn up from the record at {when}", "{number} · d'après l'état du {when}")
SINCE = Words("known since {when}", "connu depuis le {when}")
EXACTLY = Words("{count} (counted)", "{count} (compté)")
ABOUT = Words("about {count} (estimated)", "environ {count} (estimation)")
COUNTED_OF = Words("{count}: {text}", "{count} : {text}")
CONTROLLER = Words("Controller", "Responsable du traitement")
PROCESSOR = Words("Processor", "Sous-traitant")
NO_PROCESSOR = Words("none recorded", "aucun enregistré")
NUMBER = Words("Number in the record", "Numéro au registre")
PARTIES = Words("Whom it concerns", "Qui est concerné")
KIND_OF_FILING = Words("Kind of notification", "Nature de la notification")
FIRST = Words("first notification", "notification initiale")
FURTHER = Words("supplement to {reference}", "complément à {reference}")
NO_REFERENCE = Words("a notification without a reference", "une notification sans référence")
AWARE_AT = Words("Aware since", "Connaissance depuis")
AWARE_HOW = Words("{when}, {basis}", "{when}, {basis}")
DUE = Words("72 hours end", "Fin des 72 heures")
LATE_WHY = Words("Reasons for the delay (Art. 33(1))", "Motifs du retard (art. 33(1))")
NOT_LATE = Words("none needed: within the 72 hours", "sans objet : dans les 72 heures")
TO_BE_GIVEN = Words("Still to be given: the 72 hours have passed.", "Encore à donner : les 72 heures sont passées.")
PERSONS_TOLD = Words("Communication to persons (Art. 34)", "Communication aux personnes (art. 34)")
JUDGED = Words("{step}: {judged}.", "{step} : {judged}.")
SAID_OF = Words("{step}.", "{step}.")
TIMES = Words("Times", "Dates")
BREACH = Words("The breach", "La violation")
EFFECT = Words("Data and persons", "Données et personnes")
MEASURES = Words("Measures", "Mesures")
CONTACT = Words("Contact", "Contact")
PLACES_FOUND = Words("{n} [n:place|places] where data were found", "{n} [n:lieu|lieux] où des données ont été trouvées")
PLACES = Words("Places where leaked data lie", "Lieux où se trouvent des données qui ont fui")

CNIL_TITLE = Words(
    "Notification of a personal data breach to the CNIL", "Notification d'une violation de données à la CNIL"
)
CNIL_NOTE = Words(
    "After the content that GDPR Art. 33(3) asks for. The order and wording of the CNIL's online form were not "
    "checked: copy each part where the form asks for it.",
    "D'après le contenu que demande l'art. 33(3) du RGPD. L'ordre et les mots du téléservice de la CNIL n'ont pas été "
    "vérifiés : recopiez chaque partie là où le formulaire la demande.",
)
ANS_TITLE = Words(
    "Report of a security incident (ANS, CERT Santé)", "Déclaration d'un incident de sécurité (ANS, CERT Santé)"
)
ANS_NOTE = Words(
    "Laboratories report serious incidents of their information systems without delay (CSP L.1111-8-2), besides the "
    "CNIL. The form's own wording was not checked.",
    "Les laboratoires déclarent sans délai les incidents graves de leurs systèmes d'information (CSP L.1111-8-2), "
    "outre la CNIL. Les mots du formulaire n'ont pas été vérifiés.",
)
ANS_EFFECT = Words(
    "Effect on patients and on the laboratory's work", "Effet sur les patients et l'activité du laboratoire"
)
LETTER_TITLE = Words("Information about your data", "Information sur vos données")
LETTER_NOTE = Words(
    "Letter to the persons affected (GDPR Art. 34). It names no place where data lie: nobody is led there.",
    "Lettre aux personnes touchées (RGPD, art. 34). Elle ne nomme aucun lieu où se trouvent des données : elle n'y "
    "mène personne.",
)
LETTER_OPENS = Words(
    "Dear Sir or Madam, data about you that {controller} keeps are concerned by the following.",
    "Madame, Monsieur, des données vous concernant que {controller} conserve sont touchées par ce qui suit.",
)
LETTER_HAPPENED = Words("What happened", "Ce qui s'est passé")
LETTER_DATA = Words("Which data", "Quelles données")
LETTER_MAY = Words("What it may mean for you", "Ce que cela peut entraîner pour vous")
LETTER_DONE = Words("What was done, and what follows", "Ce qui a été fait, et la suite")
LETTER_ASK = Words("Whom you can ask", "À qui vous adresser")
NOTICE_TITLE = Words(
    "Notice of a personal data breach to the controller", "Avis d'une violation de données au responsable"
)
NOTICE_NOTE = Words(
    "From the processor, without undue delay (GDPR Art. 33(2)). What is not known yet follows as it becomes known.",
    "Du sous-traitant, dans les meilleurs délais (RGPD, art. 33(2)). Ce qui n'est pas encore connu suivra dès que "
    "possible.",
)
NOTICE_RUNS = Words(
    "With this notice the 72 hours of {controller} towards the authority begin, if they had not begun before.",
    "Avec cet avis commencent les 72 heures de {controller} envers l'autorité, si elles n'avaient pas commencé avant.",
)
NOTICE_AWARE = Words("The processor was aware", "Connaissance par le sous-traitant")
NOTICE_GIVEN = Words("Told", "Avis donné")
NOT_GIVEN = Words("not told yet", "pas encore donné")
RECORD_TITLE = Words(
    "Record of a personal data breach (Art. 33(5))", "Documentation d'une violation de données (art. 33(5))"
)
RECORD_NOTE = Words(
    "The whole record: every fact as it came, corrections beside what they correct, every decision with its reasons.",
    "Tout le dossier : chaque fait comme il est venu, les corrections à côté de ce qu'elles corrigent, chaque décision "
    "avec ses motifs.",
)
RECORD_FACTS = Words("Facts, as they came", "Faits, comme ils sont venus")
RECORD_MOVES = Words("Decisions and filings", "Décisions et dépôts")
PLACES_NOTE = Words(
    "Addresses as they were noted. Opening one may show patients' data: leave that to whoever has to.",
    "Adresses comme elles ont été notées. En ouvrir une peut montrer des données de patients : laissez-le à qui en a "
    "la charge.",
)
NOTHING_YET = Words("None yet.", "Rien encore.")
HEAD_FACT = (
    Words("No.", "Nº"), Words("About", "Objet"), Words("What is known", "Ce que l'on sait"),
    Words("Known since", "Connu depuis"), Words("Written down", "Consigné"),
)  # fmt: skip
HEAD_MOVE = (Words("When", "Quand"), Words("What", "Quoi"), Words("Reasons, reference", "Motifs, référence"),
             Words("Written down", "Consigné"))  # fmt: skip
HEAD_PLACE = (Words("No.", "Nº"), Words("Place", "Lieu"), Words("Proof (SHA-256)", "Preuve (SHA-256)"),
              Words("What was asked and answered", "Demandes et réponses"))  # fmt: skip
CORRECTS = Words("corrects no. {number}", "corrige le nº {number}")
CORRECTED = Words("corrected by no. {number}", "corrigé par le nº {number}")
WRITTEN = Words("{when}, {who}", "{when}, {who}")
SEEN = Words("seen {when}", "vu le {when}")
HELD_BY = Words("held by {who}", "tenu par {who}")
ASKED_OF = Words("{when}: {state}", "{when} : {state}")
SIDES = {"controller": Words("laboratory", "laboratoire"), "processor": Words("vendor", "éditeur")}
OPENED = Words("Opened", "Ouvert")
OPENED_BY = Words("{when}, by {who} ({side})", "{when}, par {who} ({side})")
PHASE = Words("Where it stands", "Où il en est")
REFERENCE = Words("reference: {reference}", "référence : {reference}")

"""What tracing concluded, in words: how surely, what it means and what it does not (R11)."""

from ecluse.control.report_words import Reader, Words
from ecluse.domain.attribution import SURE
from ecluse.domain.conclusions import CERTAIN, Conclusion, TracedExport, Verdict
from ecluse.domain.tracing import Kind

KINDS: dict[Kind, Words] = {
    Kind.NIR: Words("NIR or INS number", "NIR ou matricule INS"),
    Kind.NAME_BIRTH: Words("names and birth date", "nom, prénom et date de naissance"),
    Kind.FAMILY_BIRTH: Words("surname and birth date", "nom et date de naissance"),
    Kind.GIVEN_BIRTH_POSTCODE: Words("given name, birth date, postcode", "prénom, date de naissance, code postal"),
    Kind.NAME_POSTCODE: Words("names and postcode", "nom, prénom et code postal"),
    Kind.PHONE: Words("telephone", "téléphone"),
    Kind.EMAIL: Words("e-mail address", "adresse électronique"),
    Kind.PATIENT_BIRTH: Words("patient number and birth date", "numéro de patient et date de naissance"),
    Kind.REQUEST_PATIENT: Words("request and patient number", "numéros de dossier et de patient"),
    Kind.REQUEST_DAY: Words("request number and day", "numéro et jour de dossier"),
    Kind.CANARY: Words("canary", "canari"),
}

VERDICTS: dict[Verdict, Words] = {
    Verdict.FOUND: Words("attributed", "attribué"),
    Verdict.DOUBTFUL: Words("points, and no more", "désigne, sans plus"),
    Verdict.NOT_FOUND: Words("not attributed", "non attribué"),
}
"""A verdict as a badge says it."""

STANDINGS: dict[str, Words] = {
    "attributed": Words("the lines come from it", "les lignes en viennent"),
    "explained": Words("explained by the export found", "expliqué par l'export trouvé"),
    "knows": Words("knows lines, not attributed", "connaît des lignes, non attribué"),
}
"""How an export stands in a conclusion."""

READ = Words("{lines} [lines:line|lines] read, {asked} [asked:export|exports] asked.",
             "{lines} [lines:ligne lue|lignes lues], {asked} [asked:export interrogé|exports interrogés].")  # fmt: skip
MORE = Words("The file goes on: only its first lines were read.",
             "Le fichier continue : seules ses premières lignes ont été lues.")  # fmt: skip
CUT = Words(
    "{n} [n:line was|lines were] too long to be read whole: what stands only at the end was not compared.",
    "{n} [n:ligne était trop longue pour être lue|lignes étaient trop longues pour être lues] en entier : ce qui ne "
    "figure qu'à la fin n'a pas été comparé.",
)
STRANGE = Words(
    "{n} [n:line that no export in this answer knows|lines that no export in this answer knows]: of somebody else, or "
    "too damaged.",
    "{n} [n:ligne qu'aucun export de cette réponse ne connaît|lignes qu'aucun export de cette réponse ne connaît] : "
    "d'autrui, ou trop [n:abîmée|abîmées].",
)
SILENT = Words("{n} [n:line|lines] with nothing to compare.", "{n} [n:ligne|lignes] sans rien à comparer.")
FOREIGN = Words("{n} trace [n:file was|files were] sealed to somebody else, and not asked.",
                "{n} [n:fichier de traçage, scellé|fichiers de traçage, scellés] pour d'autres, non "
                "[n:interrogé|interrogés].")  # fmt: skip
EXPIRED = Words("{n} trace [n:file was|files were] past [n:its|their] day, and not asked.",
                "{n} [n:fichier de traçage, passé sa|fichiers de traçage, passé leur] date, non "
                "[n:interrogé|interrogés].")  # fmt: skip
REFUSED = Words("{n} trace [n:file was|files were] damaged, and refused.",
                "{n} [n:fichier de traçage abîmé, refusé|fichiers de traçage abîmés, refusés].")  # fmt: skip
LEFT_OUT = Words("{n} further [n:export knows|exports know] lines.",
                 "{n} [n:autre export connaît|autres exports connaissent] des lignes.")  # fmt: skip
BY_CANARY = Words("certain: a planted row that exists nowhere else is among the lines",
                  "certain : une ligne témoin, qui n'existe nulle part ailleurs, est parmi les lignes")  # fmt: skip
BY_LINES = Words(
    "a sample from elsewhere would be attributed less than once in {sure} (ratio 10^{power})",
    "un échantillon venu d'ailleurs serait attribué moins d'une fois sur {sure} (rapport 10^{power})",
)
BY_SHARE = Words("{share} % (ratio 10^{power}): no proof", "{share} % (rapport 10^{power}) : pas une preuve")

MEANS_FOUND = Words(
    "These are patients of that export. It does not say who lost them: both ends of the migration had the file.",
    "Ce sont des patients de cet export. Cela ne dit pas qui les a perdus : les deux bouts de la migration avaient le "
    "fichier.",
)
MEANS_DOUBTFUL = Words(
    "Patients of that export are among the lines; neighbouring laboratories share patients. Fewer than about a dozen "
    "known lines never attribute: ask for more.",
    "Des patients de cet export sont parmi les lignes ; des laboratoires voisins ont des patients communs. Moins d'une "
    "douzaine de lignes connues n'attribue jamais : demandez-en d'autres.",
)
MEANS_NOT_FOUND = Words(
    "No export that was asked knows enough of these lines. One may be the source all the same, with few or damaged "
    "lines of it; exports without fingerprints, or whose trace files were not there, said nothing.",
    "Aucun export interrogé ne connaît assez de ces lignes. L'un d'eux peut en être la source quand même, si elles "
    "sont peu nombreuses ou abîmées ; les exports sans empreintes, ou dont le fichier de traçage manquait, n'ont "
    "rien dit.",
)
MEANS: dict[Verdict, Words] = {
    Verdict.FOUND: MEANS_FOUND,
    Verdict.DOUBTFUL: MEANS_DOUBTFUL,
    Verdict.NOT_FOUND: MEANS_NOT_FOUND,
}

BY_SLIPS = Words("by a typing slip undone", "par une faute de frappe défaite")

# -- on paper

ORIGIN = Words("Where the data come from, by tracing", "D'où viennent les données, par traçage")
COMES = Words(
    "From the export of order {order}: requests of {from_} to {until}, {persons} [persons:patient|patients], made for "
    "{destination}.",
    "De l'export de l'ordre {order} : dossiers du {from_} au {until}, {persons} [persons:patient|patients], fait pour "
    "{destination}.",
)
KNOWN = Words("{known} of {lines} [lines:line|lines] known to it; {likely}.",
              "{known} [known:ligne connue|lignes connues] sur {lines} ; {likely}.")  # fmt: skip
PARCELS = Words("Planted rows of its parcels among them: {parcels}.",
                "Lignes témoins de ses colis parmi elles : {parcels}.")  # fmt: skip
POINTS = Words(
    "A sample of {lines} [lines:line|lines] points to the export of order {order}, and is too little to attribute it.",
    "Un échantillon de {lines} [lines:ligne|lignes] désigne l'export de l'ordre {order}, sans suffire à le lui "
    "attribuer.",
)
NOWHERE = Words(
    "A sample of {lines} [lines:line|lines] is attributed to none of the {asked} [asked:export|exports] asked.",
    "Un échantillon de {lines} [lines:ligne|lignes] n'est attribué à aucun des {asked} [asked:export|exports] "
    "interrogés.",
)
FACT = Words(
    "Tracing of a leaked sample: the lines come from the export of order {order} (digest {digest}), requests of "
    "{from_} to {until}, made for {destination}.",
    "Traçage d'un échantillon fuité : les lignes viennent de l'export de l'ordre {order} (empreinte {digest}), "
    "dossiers du {from_} au {until}, fait pour {destination}.",
)
TRACES = Words("What tracing concluded", "Ce que le traçage conclut")
REPLACES = Words("replaces no. {number}", "remplace le nº {number}")
REPLACED = Words("replaced by no. {number}: it stands no more", "remplacée par le nº {number} : elle ne vaut plus")
HEAD_TRACE = (Words("No.", "Nº"), Words("Conclusion", "Conclusion"), Words("Written down", "Consigné"))


def likelihood(export: TracedExport, reader: Reader) -> str:
    """How surely the sample comes from an export."""
    power = str(export.ratio // 10)
    if export.canaries:
        return reader.say(BY_CANARY)
    if export.attributed:
        return reader.say(BY_LINES, sure=SURE, power=power)
    return reader.say(BY_SHARE, share=_percent(export.probability, reader), power=power)


def _percent(share: int, reader: Reader) -> str:
    """Never a hundred without a canary."""
    tenths = min(share * 1000 // CERTAIN, 999)
    point = "," if reader.lang == "fr" else "."
    return f"{tenths // 10}{point}{tenths % 10}"


def standing_of(export: TracedExport) -> str:
    """The key of ``STANDINGS``."""
    return "attributed" if export.attributed else "explained" if export.explained else "knows"


def besides(conclusion: Conclusion, reader: Reader) -> tuple[str, ...]:
    """What else there is to know of how it was asked."""
    counted = (
        (conclusion.cut, CUT), (conclusion.unknown, STRANGE), (conclusion.silent, SILENT),
        (conclusion.left_out, LEFT_OUT), (conclusion.refused, REFUSED), (conclusion.expired, EXPIRED),
        (conclusion.foreign, FOREIGN),
    )  # fmt: skip
    made = [reader.say(words, n=count) for count, words in counted if count]
    return (*([reader.say(MORE)] if conclusion.more else []), *made)

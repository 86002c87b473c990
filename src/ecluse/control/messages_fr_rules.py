"""French for the messages of papers, places and documents.

``{}`` in the English is what was put into it; ``{1}`` in the French is the first of those, ``{1t}`` the same in French.
"""

FRENCH_RULES: dict[str, str] = {
    # commands
    "cannot be used": "ne s'utilise pas",
    "two places lie here: name one": "il y a deux lieux ici : nommez-en un",
    "an agreement was given and not read": "un contrat a été donné et n'a pas été lu",
    # fingerprints
    "fingerprints under the destination's key: the controller's own belongs here":
        "des empreintes sous la clé de la destination : il faut ici celle du responsable",
    "keep_until is before erase_by": "keep_until est avant erase_by",
    "kept more than {} days after erase_by": "gardées plus de {1} jours après erase_by",
    "fingerprints are kept at the source alone": "les empreintes ne se gardent qu'à la source",
    "fingerprints that are not those of the batch": "des empreintes qui ne sont pas celles du lot",
    "the disk or somebody changed them: abort, and order anew":
        "le disque ou quelqu'un les a changées : abandonnez, et ordonnez à nouveau",
    "not an armoured age file": "pas un fichier age en armure",
    # papers
    "order: the decision is about another order": "order : la décision porte sur un autre ordre",
    "reconciliation: the decision is about another reconciliation than this place's":
        "reconciliation : la décision porte sur une autre réconciliation que celle de ce lieu",
    "order: the reconciliation is of another order": "order : la réconciliation est d'un autre ordre",
    "the mailbox holds more than one decision": "la boîte contient plus d'une décision",
    "cannot be read, so it is not erased unseen": "ne se lit pas, donc ne s'efface pas à l'aveugle",
    "evidence of no place": "la preuve d'aucun lieu",
    "two places are the same end of a migration": "deux lieux sont le même bout d'une migration",
    "a bundle has at most {} members": "un dossier de preuves a au plus {1} membres",
    "export each place by itself": "exportez chaque lieu à part",
    "a marker is ASCII text": "un marqueur est un texte ASCII",
    "not of format {}": "pas au format {1}",
    "not a workspace's configuration": "ce n'est pas la configuration d'un espace de travail",
    "not a paper that travels": "ce n'est pas un document qui voyage",
    "the agreement in the mailbox is not the one that this place was told of":
        "le contrat de la boîte n'est pas celui qui a été annoncé à ce lieu",
    "ask the controller; nothing has been taken in": "demandez au responsable ; rien n'a été pris",
    "no such batch in the plan": "ce lot n'est pas dans le plan",
    "another migration's papers wait in the mailbox": "les documents d'une autre migration attendent dans la boîte",
    "one mailbox, one migration: give another, or let its recipient receive first":
        "une boîte, une migration : donnez-en une autre, ou laissez d'abord son destinataire recevoir",
    "the journal holds {} entries and the witness has seen {}":
        "le journal contient {1} écritures et le témoin en a vu {2}",
    # agreement
    "at least one is needed": "il en faut au moins un",
    "at least one is needed (annex III)": "il en faut au moins une (annexe III)",
    "in_force_until is before in_force_from": "in_force_until est avant in_force_from",
    "specific authorisation of sub-processors needs annex IV (sub_processors)":
        "l'autorisation spécifique de sous-traitants demande l'annexe IV (sub_processors)",
    "sub_processors are listed although clause d authorises none":
        "sub_processors en liste alors que la clause d n'en autorise aucun",
    "a signer's id stands for two persons (law 6)": "l'identifiant d'un signataire désigne deux personnes (loi 6)",
    "one key stands for two persons (law 6)": "une clé désigne deux personnes (loi 6)",
    "nobody: {}.signers lists no {}": "personne : {1}.signers ne liste aucun {2}",
    # order
    "{} is a secret and can never be ordered": "{1} est un secret et ne s'ordonne jamais",
    "credentials are reset at the destination": "les accès sont refaits à la destination",
    "unknown entity {}": "entité inconnue : {1}",
    "unknown field {}.{}": "champ inconnu : {1}.{2}",
    "did you mean {}? ": "vouliez-vous dire {1} ? ",
    "did you mean {}?": "vouliez-vous dire {1} ?",
    "did you mean {}? allowed: {}": "vouliez-vous dire {1} ? permis : {2}",
    "{}allowed: {}": "{1t}permis : {2}",
    "allowed: {}": "permis : {1}",
    "{}.{} is a link and is not ordered by name": "{1}.{2} est un lien et ne s'ordonne pas par son nom",
    "it is carried when {}.{} and its parent's {} are ordered": "il suit quand {1}.{2} et {3} de son parent le sont",
    "{} is ordered without {}, by which every row is accounted for (law 3)":
        "{1} est ordonné sans {2}, qui répond de chaque ligne (loi 3)",
    "retention.erase_by ({}) is after hosting.expires ({}): the HDS certificate must cover every day on which data may "
    "lie there (CSP L.1111-8)":
        "retention.erase_by ({1}) est après hosting.expires ({2}) : le certificat HDS doit couvrir chaque jour où des "
        "données peuvent s'y trouver (CSP L.1111-8)",
    "order an earlier erase_by, or agree anew with the renewed certificate":
        "ordonnez un erase_by plus proche, ou refaites le contrat avec le certificat renouvelé",
    "version: order {} stands at version {} here, and this is another text of version {}":
        "version : l'ordre {1} en est ici à la version {2}, et ceci est un autre texte de la version {3}",
    "an amended order takes the next version, {}, and is signed again":
        "un ordre modifié prend la version suivante, {1}, et se signe de nouveau",
    "version: version {} of order {} supersedes version {}, which is {} here":
        "version : la version {1} de l'ordre {2} remplace la version {3}, qui est ici ({4})",
    "refuse or abort that one and let it be erased, then plan this one in a workspace of its own":
        "refusez ou abandonnez celle-là et laissez-la s'effacer, puis planifiez celle-ci dans son propre espace de "
        "travail",
    "version: version {} of order {} was carried to its end here":
        "version : la version {1} de l'ordre {2} a été menée ici à son terme",
    "plan version {} in a workspace of its own": "planifiez la version {1} dans son propre espace de travail",
    "ins is ordered without ins_oid, which alone tells a real identity from a test one":
        "ins est ordonné sans ins_oid, qui seul distingue une identité réelle d'une identité de test",
    # plan and records
    "two columns share a name": "deux colonnes portent un même nom",
    "an entity is planned twice": "une entité est planifiée deux fois",
    "two batches share an id": "deux lots portent un même identifiant",
    "rows are tallied twice": "des lignes sont comptées deux fois",
    "a key is listed twice": "une clé est listée deux fois",
    "rows of batches, tallies and entity differ": "les lignes des lots, des comptes et de l'entité diffèrent",
    "an entity that is not planned": "une entité qui n'est pas planifiée",
    "{} names the parcels of quarantined rows": "{1} nomme les colis des lignes mises de côté",
    "more rows than are planned": "plus de lignes que prévu",
    "groups do not add up to rows": "la somme des groupes n'est pas le nombre de lignes",
    "quarantined rows without a quarantine parcel, or the reverse":
        "des lignes mises de côté sans colis pour elles, ou l'inverse",
    "one bound without the other": "une borne sans l'autre",
    "max_date is before min_date": "max_date est avant min_date",
    "what became of the identity, only the destination tells":
        "ce qu'il est advenu de l'identité, seule la destination le dit",
    "given exactly where the identity's destruction is only stated":
        "se donne là, et là seulement, où la destruction de l'identité n'est que déclarée",
    "erased after a decision that is not named": "effacé après une décision qui n'est pas nommée",
    "given twice": "donné deux fois",
    "not the log of the agent's own place": "ce n'est pas le journal du lieu de l'agent",
    # profiles and files
    "decimal and group are the same mark": "decimal et group sont le même signe",
    "the request and its scope (dates, site) are needed": "il faut request et sa portée (dates, site)",
    "files are given for sources of files, and only there":
        "files se donne pour les sources de fichiers, et là seulement",
    "source_id is needed: rows are merged and read back by it":
        "il faut source_id : les lignes sont fusionnées et relues par lui",
    "two fields go to one column": "deux champs vont dans une même colonne",
    "a field goes to that column already": "un champ va déjà dans cette colonne",
    "the entity goes to that table already": "l'entité va déjà dans cette table",
    "another entity goes to that table": "une autre entité va dans cette table",
    "the field has a column already": "le champ a déjà une colonne",
    "the part's key holds it": "la clé de la partie le contient",
    "constants, copies and parts need mode: merge": "constants, copies et parts demandent mode: merge",
    "it is given for a database, and only there": "se donne pour une base de données, et là seulement",
    "only delimited files are csv; give engine: files":
        "seuls les fichiers délimités sont du csv ; donnez engine: files",
    "{}.{} is not in the catalogue": "{1}.{2} n'est pas dans le catalogue",
    "this {} has an entry already": "cet élément ({1}) a déjà une entrée",
    "a file of format {} is one file, not a pattern": "un fichier au format {1} est un seul fichier, pas un motif",
    "a file of format {} has none": "un fichier au format {1} n'en a pas",
    "a file of format {} needs it": "un fichier au format {1} en a besoin",
    "the sums of bytes do not add up to the file's size": "la somme des octets n'est pas la taille du fichier",
    "the last place stands before the first": "la dernière place est avant la première",
    "the merged profile does not read back as intended": "le profil fusionné ne se relit pas comme voulu",
    "a profile that reads is a mapping": "un profil qui se lit est une table de champs",
    "{} (and {} more)": "{1t} (et {2} de plus)",
    # documents
    "{} is not an artefact": "{1} n'est pas un document signé",
    "must be in its plain form: a date as 2026-12-31, an instant as 2026-12-31T23:59:59Z":
        "doit être sous sa forme simple : une date comme 2026-12-31, un instant comme 2026-12-31T23:59:59Z",
    "no canonical JSON: {}": "pas de JSON canonique : {1}",
    "not UTF-8 at byte {}": "n'est pas en UTF-8 à l'octet {1}",
    "JSON nested too deeply": "du JSON trop imbriqué",
    "not acceptable JSON: {}": "du JSON inacceptable : {1}",
    "a text holds half a character (a lone surrogate)":
        "un texte contient un demi-caractère (un « surrogate » isolé)",
    "a value that is neither text, whole number, true, false, null, list nor object":
        "une valeur qui n'est ni texte, ni nombre entier, ni true, false ou null, ni liste, ni objet",
    "a line end that nobody sees (U+0085, U+2028 or U+2029): not YAML":
        "une fin de ligne que personne ne voit (U+0085, U+2028 ou U+2029) : ce n'est pas du YAML",
    "not a file's name": "ce n'est pas un nom de fichier",
    "a control character: not YAML": "un caractère de contrôle : ce n'est pas du YAML",
    "a field's name is a plain text": "le nom d'un champ est un texte simple",
    # workspaces
    "a parcel's name is a batch id": "le nom d'un colis est l'identifiant d'un lot",
    "made an artefact that cannot be read: {}": "a fait un document qui ne se lit pas : {1t}",
    "not a secret of ours": "ce n'est pas un secret à nous",
    "not a workspace of ours": "ce n'est pas un espace de travail à nous",
    # documents and the register
    "no agreement was found for the register": "aucun contrat n'a été trouvé pour le registre",
    "no agreement names this processor": "aucun contrat ne nomme ce sous-traitant",
    "named are: {}": "sont nommés : {1}",
    "the agreements name several processors, and a register is one processor's":
        "les contrats nomment plusieurs sous-traitants, et un registre est celui d'un seul",
    "choose one with --processor: {}": "choisissez-en un avec --processor : {1}",
    "these are two orders, not two versions of one": "ce sont deux ordres, pas deux versions d'un seul",
    "the PDF cannot be drawn: {}": "le PDF ne peut être dessiné : {1}",
    "typst gave no PDF": "typst n'a pas donné de PDF",
}  # fmt: skip

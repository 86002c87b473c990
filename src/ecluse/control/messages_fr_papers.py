"""French of what is said of agreements and orders in the control room."""

FRENCH_PAPERS: dict[str, str] = {
    "this agreement is a draft still": "ce contrat est encore un brouillon",
    "this order is a draft still": "cet ordre est encore un brouillon",
    "freeze it first": "figez-le d'abord",
    "the agreement that is kept here is not the one that was frozen":
        "le contrat conservé ici n'est pas celui qui a été figé",
    "the order that is kept here is not the one that was frozen": "l'ordre conservé ici n'est pas celui qui a été figé",
    "agreement {} is between other parties": "le contrat {1} lie d'autres parties",
    "agreement {} has an open draft already": "le contrat {1} a déjà un brouillon ouvert",
    "a frozen agreement never changes": "un contrat figé ne change plus",
    "a frozen order never changes": "un ordre figé ne change plus",
    "begin its next version": "commencez la version suivante",
    "this agreement is frozen already": "ce contrat est déjà figé",
    "this order is frozen already": "cet ordre est déjà figé",
    "the text names another agreement or other parties than the draft stands for":
        "le texte nomme un autre contrat ou d'autres parties que ceux du brouillon",
    "the text names another order, version or agreement than the draft stands for":
        "le texte nomme un autre ordre, une autre version ou un autre contrat que ceux du brouillon",
    "this is the text of version {}, word for word": "c'est, mot pour mot, le texte de la version {1}",
    "change it first": "changez-le d'abord",
    "{} is nobody of {} with that role and key": "{1} n'est personne de {2} avec ce rôle et cette clé",
    "choose the signers again: somebody left, or changed a passkey":
        "choisissez de nouveau les signataires : quelqu'un est parti, ou a changé de clé d'accès",
    "this agreement has ended": "ce contrat a pris fin",
    "this agreement is not in force": "ce contrat n'est pas en vigueur",
    "clause d does not authorise sub-processors in general":
        "la clause d n'autorise pas de façon générale les sous-traitants ultérieurs",
    "name the sub-processor in annex IV of the agreement's next version":
        "nommez le sous-traitant à l'annexe IV de la version suivante du contrat",
    "a period of no days leaves nobody time to object":
        "un préavis de zéro jour ne laisse à personne le temps de s'opposer",
    "the controller has objected already": "le responsable du traitement s'est déjà opposé",
    "the last day to object was {}": "le dernier jour pour s'opposer était le {1}",
    "speak to the processor; end the agreement": "parlez au sous-traitant ; mettez fin au contrat",
    "{} has signed this already": "{1} a déjà signé ceci",
    "an objection says why": "une opposition dit pourquoi",
    "there is no such notice": "il n'y a pas de telle annonce",
    "there is no such agreement": "il n'y a pas de tel contrat",
    "there is no such order": "il n'y a pas de tel ordre",
    "there is no such form or language of this document":
        "ce document n'existe pas sous cette forme ou dans cette langue",
    "there is no register of that processor here": "il n'y a pas ici de registre de ce sous-traitant",
    "this agreement does not name you as a signer": "ce contrat ne vous nomme pas parmi les signataires",
    "no version of this order's agreement is in force": "aucune version du contrat de cet ordre n'est en vigueur",
    "no order without an agreement that both parties have signed (law 9)":
        "pas d'ordre sans un contrat que les deux parties ont signé (loi 9)",
    "order {} stands under another agreement": "l'ordre {1} relève d'un autre contrat",
    "order {} has an open draft already": "l'ordre {1} a déjà un brouillon ouvert",
    "this order was withdrawn": "cet ordre a été retiré",
    "an approved order is aborted, not withdrawn": "un ordre approuvé s'abandonne, il ne se retire pas",
    "an approved order is planned, not estimated": "un ordre approuvé se planifie, il ne s'estime plus",
    "nobody asked for this estimate": "personne n'a demandé cette estimation",
    "the estimate is of another text of this order": "l'estimation est celle d'un autre texte de cet ordre",
    "a later version of this order was frozen": "une version postérieure de cet ordre a été figée",
    "approve that one": "approuvez celle-là",
    "a second approver is asked for, and controller.signers lists none":
        "un second approbateur est demandé, et controller.signers n'en nomme aucun",
}  # fmt: skip

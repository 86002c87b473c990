-- The demo's new LIS: the migration's destination. SQLite dialect, generic types. Keys are the source's own, so a
-- second load meets the same rows; each number space has its own column and none is ever merged with another.
-- The original text travels beside every parsed form: *_brute is the source's, the neighbour is the reading of it.

CREATE TABLE patient (
    ipp_source           TEXT PRIMARY KEY,  -- PATIENTS.NUMPAT of the old LIS
    nom                  TEXT,
    prenoms              TEXT,
    date_naissance       TEXT,              -- ISO 8601, reduced when partial (1950, 1950-07); NULL when unreadable
    date_naissance_brute TEXT,              -- as the old LIS wrote it, lunar dates included
    sexe                 TEXT,              -- mapped; NULL when the title tells nothing
    sexe_brut            TEXT,              -- PATIENTS.TITRE: the old LIS has no sex, only a title
    nir                  TEXT,              -- as found; never relabelled INS
    nir_cle              TEXT               -- its key, when the two are kept apart
);

CREATE TABLE demande (
    numero_source         TEXT PRIMARY KEY, -- DOSSIERS.ID_DOSSIER
    patient_source        TEXT,             -- patient.ipp_source
    enregistree_le        TEXT,             -- ISO 8601
    enregistree_le_brute  TEXT,             -- AAAAMMJJ, as the old LIS wrote it
    site                  TEXT,             -- collection site, when the order carries it
    prescripteur_source   TEXT              -- prescriber's code in the old LIS
);

CREATE TABLE resultat (
    id_source       TEXT PRIMARY KEY,       -- RESULTATS.ID_RESULTAT
    demande_source  TEXT,                   -- demande.numero_source
    code            TEXT,                   -- local code of the old LIS
    valeur_brute    TEXT,                   -- verbatim
    comparateur     TEXT,                   -- <, <=, >=, > or NULL
    valeur          NUMERIC,                -- parsed by the test's own rule, or NULL
    unite           TEXT,
    intervalle      TEXT,                   -- reference range, as text
    statut          TEXT                    -- V, T, C or N: never promoted
);

CREATE INDEX demande_patient ON demande (patient_source);
CREATE INDEX resultat_demande ON resultat (demande_source);

"""Where the code lists come from, and the shape of a list. Code numbers are LOINC's; labels are our own words.

This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief Institute, Inc. and
the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the license
at http://loinc.org/license. LOINC® is a registered United States trademark of Regenstrief Institute, Inc.
"""

from dataclasses import dataclass

from ecluse.domain.sensitive import SensitiveCategory

LOINC_NOTICE = (
    "This material contains content from LOINC (http://loinc.org). LOINC is copyright © Regenstrief Institute, Inc. "
    "and the Logical Observation Identifiers Names and Codes (LOINC) Committee and is available at no cost under the "
    "license at http://loinc.org/license. LOINC® is a registered United States trademark of Regenstrief Institute, "
    "Inc."
)


@dataclass(frozen=True, slots=True)
class Source:
    """A published place in which the codes of a list were read."""

    title: str
    where: str
    version: str


@dataclass(frozen=True, slots=True)
class CodeList:
    """LOINC codes of one category from one source; ``verified`` means the codes and meanings were read in it."""

    category: SensitiveCategory
    en: str
    fr: str
    source: Source
    misses: str
    verified: bool
    codes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Indirect:
    """Codes from which a category may be inferred without being it."""

    category: SensitiveCategory
    en: str
    fr: str
    codes: frozenset[str]


def codes(text: str) -> frozenset[str]:
    """The codes of a text, separated by white space."""
    return frozenset(text.split())


TOP = Source(
    "LOINC common laboratory results (about 2,000 codes with names and classes), as shipped with Elexis",
    "github.com/ngiger/elexis-jubula, jubula-tests/rsc/db/mysql/simpel.sql, table at_medevit_elexis_loinc",
    "commit 1c1f56ed, 2017-10-09",
)
MCODE = Source(
    "mCODE, value set TumorMarkerTestVS",
    "github.com/HL7/fhir-mCODE-ig, input/fsh/VS_Genomics.fsh",
    "4.0.0, commit 543477b5, 2025-01-24",
)
HL7_GENOMICS = Source(
    "HL7 Genomics Reporting implementation guide, codes of its profiles, value sets and examples",
    "github.com/HL7/genomics-reporting, input/fsh",
    "4.0.0 continuous build, commit 1dbfb09b",
)
VSAC_HIV = Source(
    "VSAC value set HIV Lab Tests, OID 2.16.840.1.113762.1.4.1056.50",
    "github.com/canvas-medical/canvas-plugins, canvas_sdk/value_set/v2026/laboratory_test.py",
    "2025-02-06, eCQM update 2025-05-08",
)
VSAC_HIV_LOAD = Source(
    "VSAC value set HIV Viral Load Tests, OID 2.16.840.1.113762.1.4.1248.377",
    "github.com/canvas-medical/canvas-plugins, canvas_sdk/value_set/v2026/laboratory_test.py",
    "2025-03-28, eCQM update 2025-05-08",
)
VSAC_COMMON = Source(
    "VSAC value sets of common laboratory tests (glucose, creatinine, blood count and so on)",
    "github.com/canvas-medical/canvas-plugins, canvas_sdk/value_set/v2026/laboratory_test.py",
    "eCQM update 2025-05-08",
)
RWANDA = Source(
    "Rwanda HIV case-based surveillance guide, value set VSTestTypes",
    "github.com/jembi/Rwanda-HIV, input/fsh/terminology.fsh",
    "as indexed 2026",
)
LABUNITS = Source("labunits, analytes in traditional and SI units keyed by LOINC", "pypi.org/project/labunits", "0.2.1")
CLINOSIM = Source("clinosim, excerpt of the LOINC 2.82 table", "pypi.org/project/clinosim, loinc_2_82_tx.json", "0.6.5")
OWN = Source(
    "seen in public files that the search showed without naming their repository; not confirmed",
    "none to cite",
    "none",
)

"""The kinds of personal data that the inspector tells apart."""

from enum import StrEnum


class Kind(StrEnum):
    """What was found in a file; the value is the name of its count (``rules_data.COUNTED_DATA``)."""

    NIR = "social-security-numbers"
    PERSONS = "persons"
    PATIENT_ROWS = "rows-by-patient"
    RESULTS = "result-rows"
    HPRIM = "hprim-messages"
    HL7 = "hl-seven-messages"
    ASTM = "astm-messages"
    FHIR = "fhir-resources"
    CDA = "cda-documents"
    CONTACTS = "contacts"
    PASSWORDS = "passwords"
    PASSWORD_DIGESTS = "password-digests"  # noqa: S105 - a word
    PRIVATE_KEY = "private-keys"


HEALTH = frozenset(Kind) - {Kind.CONTACTS, Kind.PASSWORDS, Kind.PASSWORD_DIGESTS, Kind.PRIVATE_KEY}
"""Kinds that are a patient's data."""

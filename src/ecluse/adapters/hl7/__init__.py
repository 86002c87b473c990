"""Catalogue rows as HL7 v2.5 ORU^R01 messages, and back."""

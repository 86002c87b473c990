"""FHIR R4: catalogue rows as resources and back, column by column."""

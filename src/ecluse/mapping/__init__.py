"""Local analysis codes and unit texts proposed as LOINC and UCUM, decided by a biologist, merged into a profile."""

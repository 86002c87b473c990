"""Catalogue rows as HPRIM Santé messages and HPRIM Médecin mails, and back."""

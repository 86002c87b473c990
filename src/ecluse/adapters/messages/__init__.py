"""What message formats (HL7 v2, HPRIM) share: one message a request, the same bytes whenever it is made."""

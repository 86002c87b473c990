"""Documents as files: PDF (typst), DOCX (python-docx). HTML needs no library: :mod:`ecluse.control.document_html`."""

"""The offline auditor: shares nothing with the writers but the wire formats."""

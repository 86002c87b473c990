"""The tamper-evident journal: RFC 6962 tree, C2SP tlog-tiles layout, signed checkpoints."""

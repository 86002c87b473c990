"""The watch: what every place did, against the rules; clocks; silence; and the outbox (law 8). A process of its own."""

PARENT = "ECLUSE_WATCH_PARENT"
"""The variable by which a watch knows the process that it must not outlive."""

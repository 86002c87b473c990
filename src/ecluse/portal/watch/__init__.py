"""The watch: what every place did, against the rules; clocks; silence; and the outbox (law 8). A process of its own."""

"""Everything that changes the room's records: each function one act, with its entry in the journal (law 5)."""

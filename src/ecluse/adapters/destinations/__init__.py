"""New systems that rows are loaded into."""

from ecluse.adapters.destinations.memory import MemoryDestination, MemoryStore
from ecluse.adapters.destinations.opening import DestinationSpec, open_destination

__all__ = ["DestinationSpec", "MemoryDestination", "MemoryStore", "open_destination"]

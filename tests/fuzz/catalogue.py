"""Every target by its name."""

from fuzz import papers, readers

TARGETS = {target.name: target for target in (*readers.targets(), *papers.targets())}

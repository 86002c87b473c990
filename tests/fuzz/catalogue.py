"""Every target by its name."""

from fuzz import doors, inspected, papers, readers

TARGETS = {target.name: target for target in (*readers.targets(), *papers.targets(), *doors.targets(), *inspected.targets())}

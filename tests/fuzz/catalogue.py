"""Every target by its name."""

from fuzz import doors, papers, readers

TARGETS = {target.name: target for target in (*readers.targets(), *papers.targets(), *doors.targets())}

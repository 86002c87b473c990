"""Incidents, as the watch takes care of them: their clocks are asked with the others, and alert on the one chain."""

from ecluse.portal.watch.rounds import FINDERS
from ecluse.store.reads.incident_clocks import clock_findings

FINDERS.append(clock_findings)

"""Addresses of incidents."""

from django.urls import path

from ecluse.portal import waiting_incidents  # noqa: F401 - it says what waits on the first page
from ecluse.portal.views import incidents, incidents_acts

urlpatterns = [
    path("incidents/", incidents.incidents, name="incidents"),
    path("incidents/new/<slug:organisation>/", incidents_acts.incident_new, name="incident_new"),
    path("incidents/<slug:incident>/", incidents.incident, name="incident"),
    path("incidents/<slug:incident>/facts/", incidents_acts.incident_fact, name="incident_fact"),
    path("incidents/<slug:incident>/counts/", incidents_acts.incident_count, name="incident_count"),
    path("incidents/<slug:incident>/notice/", incidents_acts.incident_notice, name="incident_notice"),
    path("incidents/<slug:incident>/step/<slug:step>/", incidents_acts.incident_step, name="incident_step"),
    path("incidents/<slug:incident>/places/", incidents_acts.incident_exposure, name="incident_exposure"),
    path(
        "incidents/<slug:incident>/places/<int:exposure>/", incidents_acts.incident_exposure_move,
        name="incident_exposure_move",
    ),
    path("incidents/<slug:incident>/notice/draft/", incidents.incident_notice_draft, name="incident_notice_draft"),
    path("incidents/<slug:incident>/papers/<slug:paper>/", incidents.incident_paper, name="incident_paper"),
    path("warnings/<slug:warning>/incident/", incidents_acts.incident_of_warning, name="incident_of_warning"),
]  # fmt: skip

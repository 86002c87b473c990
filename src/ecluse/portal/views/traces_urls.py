"""Addresses of tracing."""

from django.urls import path

from ecluse.portal.views import traces

urlpatterns = [
    path("tracing/", traces.tracing, name="tracing"),
    path("incidents/<slug:incident>/traces/<int:trace>/fact/", traces.incident_trace_fact, name="incident_trace_fact"),
]

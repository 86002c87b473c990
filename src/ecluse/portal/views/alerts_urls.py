"""Addresses of alerts, and of relays."""

from django.urls import path

from ecluse.portal import waiting_alerts  # noqa: F401 - it says what waits on the first page
from ecluse.portal.views import alerts, alerts_settings, relays

urlpatterns = [
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/settings/", alerts_settings.ways, name="alert_settings"),
    path("alerts/clocks/<slug:organisation>/", alerts_settings.clocks, name="alert_clocks"),
    path("alerts/answer/<str:secret>/", alerts.answer, name="alert_answer"),
    path("alerts/<int:alert>/", alerts.alert, name="alert"),
    path("alerts/<int:alert>/acknowledge/", alerts.acknowledge, name="acknowledge_alert"),
    path("alerts/<int:alert>/note/", alerts.note, name="note_alert"),
    path("alerts/<int:alert>/resolve/", alerts.resolve, name="resolve_alert"),
    path("relays/", relays.relays, name="relays"),
]

"""Addresses of alerts."""

from django.urls import path

from ecluse.portal.views import alerts

urlpatterns = [
    path("alerts/answer/<str:secret>/", alerts.answer, name="alert_answer"),
]

"""Addresses of warnings: the public pages, and those of whoever handles them."""

from django.urls import path

from ecluse.portal import waiting_warnings  # noqa: F401 - it says what waits on the first page
from ecluse.portal.views import reporting, warnings

urlpatterns = [
    path("report/", reporting.report, name="report"),
    path("report/follow/", reporting.report_follow, name="report_follow"),
    path("warnings/", warnings.warnings, name="warnings"),
    path("me/warning-key/", warnings.warning_key, name="warning_key"),
    path("warnings/terms/<slug:organisation>/", warnings.warning_terms, name="warning_terms"),
    path("warnings/<slug:warning>/", warnings.warning, name="warning"),
    path("warnings/<slug:warning>/take/", warnings.take, name="take_warning"),
    path("warnings/<slug:warning>/take/<int:message>/", warnings.take_message, name="take_warning_message"),
    path("warnings/<slug:warning>/acknowledge/", warnings.acknowledge, name="acknowledge_warning"),
    path("warnings/<slug:warning>/name/", warnings.name, name="name_in_warning"),
    path("warnings/<slug:warning>/answer/", warnings.answer, name="answer_warning"),
    path("warnings/<slug:warning>/close/", warnings.close, name="close_warning"),
]

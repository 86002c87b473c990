"""Every address of the room. Each part keeps its own in ``views/<part>.py``; the role matrix is made from this tree."""

from django.urls import include, path

from ecluse.portal.api.room import api
from ecluse.portal.views import entrance
from ecluse.portal.views.metrics import metrics

urlpatterns = [
    path("", entrance.home, name="home"),
    path("join/<str:secret>/", entrance.join, name="join"),
    path("language/", entrance.language, name="language"),
    path(".well-known/security.txt", entrance.security_txt, name="security_txt"),
    path("", include("ecluse.portal.views.warnings_urls")),
    path("metrics", metrics, name="metrics"),
    path("", include("ecluse.portal.views.people_urls")),
    path("", include("ecluse.portal.views.papers_urls")),
    path("", include("ecluse.portal.views.migrations_urls")),
    path("", include("ecluse.portal.views.agents_urls")),
    path("", include("ecluse.portal.views.alerts_urls")),
    path("", include("ecluse.portal.views.incidents_urls")),
    path("", include("ecluse.portal.views.traces_urls")),
    path("api/v1/", api.urls),
    path("account/", include("allauth.urls")),
]

"""The room for programs: ``/api/v1/``, by bearer token alone, never by cookie. The same acts, the same guard."""

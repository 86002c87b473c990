"""``{% say "two words" "deux mots" %}``, and what else the templates need."""

from typing import Any

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from ecluse.portal.words import tr

register = template.Library()


@register.simple_tag
def say(en: str, fr: str, **values: Any) -> SafeString:
    """One of two texts; ``{name}`` in them is replaced by a value, escaped."""
    text = tr(en, fr)
    return format_html(text, **values) if values else conditional_escape(text)

"""How every form of the room is drawn: ``{{ form }}`` and ``{{ form.name.as_field_group }}`` give its own field."""

from django.forms.renderers import TemplatesSetting


class RoomRenderer(TemplatesSetting):
    """Fields by ``parts/field.html``: label, help, error and control tied to one another."""

    form_template_name = "parts/form.html"
    field_template_name = "parts/field.html"

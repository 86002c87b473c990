"""Write docs/reference/rules.md from src/ecluse/rules: ``python docs/generate_rules.py [--check]``."""

import sys
from collections.abc import Iterator
from pathlib import Path

from ecluse.control.watch import Raised, Rule, load_rules
from ecluse.control.watch.detection import MODIFIERS
from ecluse.control.watch.engine import MAX_GROUPS
from ecluse.control.watch.fields import DETAIL, PLAIN, WorkingHours
from ecluse.control.watch.rule import Kind
from ecluse.control.watch.windows import LATENESS
from ecluse.domain.alerts import Severity

PAGE = Path(__file__).parent / "reference" / "rules.md"
HEAD = f"""# The rules of the watch

Generated from `src/ecluse/rules` by `docs/generate_rules.py`; do not edit. Each rule is a
[Sigma](https://sigmahq.io/sigma-specification/) document: a rule on one event, or a correlation of several. Every alert
has one, those of a clock too. `tests/vectors/watch` holds, for each, a recording that makes it fire and the nearest to
it that must not, and a day of normal work that raises nothing.

Where something of a rule is harmless, it says when. Severity decides the clocks of the alert
(`ecluse.domain.alerts.CLOCKS`): whoever stays silent is passed by, up to the laboratory.

## A room's own rules

Files `*.yml` in the folder `rules/` of the room's home are read at the start of the watch: a further `id` adds a rule,
the `id` of one below replaces it, and this switches one off, which is itself told (`clock_rule_off`):

```yaml
id: 00000000-0000-0000-0000-000000000000   # of the rule
status: off
ecluse:
  reason: Why, and until when.
```

```console
$ ecluse rules check control-room/rules
$ ecluse rules test control-room/rules events.jsonl
```

## What a rule can say

Sigma's `title`, `id`, `name`, `status`, `description`, `tags`, `logsource`, `detection` or `correlation`,
`falsepositives`, `level`, and under `ecluse`: `raised` (event, clock, or counted: only by correlations), `title_fr`,
`description_fr`, `mend_en`, `mend_fr`, `falsepositives_fr`, `people` (fields whose value is the handle of somebody
whose own doing it is: they may neither acknowledge nor resolve the alert) and `group_by` (fields: one alert for each of
their values). Anything else is refused, with file, line and field: a rule that silently never fires is worse than
none.

- `logsource`: product `ecluse`, service `room`, `place` (a source's or destination's journal), `relay` or `watch` (what
  a clock tells).
- Fields: {", ".join(f"`{name}`" for name in PLAIN)} and `{DETAIL}<name>`. `network` is the origin's first 24 bits
  (IPv4) or 48 (IPv6); `working_hours` is true from {WorkingHours().opens} to {WorkingHours().closes} o'clock in
  Paris, Monday to Friday, in a room but for public holidays.
- Modifiers: {", ".join(f"`{name}`" for name in sorted(MODIFIERS))}. No regular expressions and no wildcards.
- Conditions: names, `and`, `or`, `not`, brackets, `1 of`, `all of`.
- Correlations: {", ".join(f"`{kind}`" for kind in Kind)}, with `rules`, `group-by`, `timespan`, `condition` (`gte` or
  `gt`), `aliases`, `generate`. Fewer than expected is a clock's to tell.

A count or a sum that came true begins anew; a count of distinct values tells each further new one, up to ten, then
every hundredth. Time is the events' own: what comes late by up to {LATENESS.seconds} seconds counts as if it had
come in its time. A correlation remembers {MAX_GROUPS:,} groups; beyond that it forgets the one heard of least recently,
and says so (`clock_watch_crowded`).
"""
_SERVICES = ("room", "place", "relay", "watch")
_TITLES = {
    "room": ("The room", "La salle"), "place": ("Places", "Les lieux"), "relay": ("The relay", "Le relais"),
    "watch": ("Clocks", "Les horloges"),
}  # fmt: skip


def page() -> str:
    """The whole page: every rule that raises alerts, by service and severity, in both languages."""
    rules = load_rules().rules
    parts = [HEAD]
    raising = [rule for rule in rules if rule.raised is not Raised.COUNTED]
    for service in _SERVICES:
        mine = [rule for rule in raising if _service(rule) == service]
        en, fr = _TITLES[service]
        parts.append(f"## {en} / {fr}\n")
        ordered = sorted(mine, key=lambda rule: (list(Severity).index(rule.severity), rule.name))
        parts += ["\n".join(_one(rule)) for rule in ordered]
    parts.append("## Counted by others\n\nThese raise nothing by themselves.\n\n| rule | what / quoi |\n|---|---|")
    parts += [f"| `{rule.name}` | {rule.en.title} / {rule.fr.title} |" for rule in rules if rule not in raising]
    return "\n".join(parts) + "\n"


def _service(rule: Rule) -> str:
    prefix = rule.name.partition("_")[0]
    return "watch" if prefix == "clock" else prefix


def _one(rule: Rule) -> Iterator[str]:
    tags = ", ".join(_tag(tag) for tag in rule.tags)
    yield f"### `{rule.name}`\n"
    yield f"{rule.severity}; {tags}; `{rule.id}`{_window(rule)}\n"
    for told, harmless in ((rule.en, "Harmless"), (rule.fr, "Sans danger")):
        colon = ":" if told is rule.en else " :"
        yield f"- **{told.title}.** {told.description} *{told.mend}* {harmless}{colon} {' '.join(told.falsepositives)}"
    yield ""


def _tag(tag: str) -> str:
    space, _, name = tag.partition(".")
    return name.upper() if space == "ecluse" or name.startswith("t1") else name.replace("-", " ")


def _window(rule: Rule) -> str:
    if rule.correlation is None:
        return ""
    made = rule.correlation
    by = f" by {', '.join(made.group_by)}" if made.group_by else ""
    bound = f" ≥ {made.bound:,}" if made.kind not in {Kind.TEMPORAL, Kind.TEMPORAL_ORDERED} else ""
    counted = ", ".join(f"`{name}`" for name in made.rules)
    value = f" of {made.value}" if made.value else ""
    hours = made.timespan.total_seconds() / 3600
    span = f"{hours / 24:g} d" if hours >= 24 else f"{hours:g} h" if hours >= 1 else f"{hours * 60:g} min"  # noqa: PLR2004
    return f"; {made.kind}{value}{bound} in {span}{by}, counting {counted}"


def main() -> int:
    """Write the page, or compare it."""
    text = page()
    if "--check" in sys.argv[1:]:
        return 0 if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Ways to tell people, each behind :class:`ecluse.control.ports.Notifier`; only what is configured is ever called."""

from ecluse.adapters.notifiers.apprised import Apprised
from ecluse.adapters.notifiers.webhook import Webhook
from ecluse.control.ports import Notifier
from ecluse.control.supervision import AppriseChannel, Channel


def notifier(channel: Channel) -> Notifier:
    """The way that a channel's configuration names; raises MalformedError where its URL says nothing."""
    if isinstance(channel, AppriseChannel):
        return Apprised(channel)
    return Webhook(channel)


def notifiers(channels: tuple[Channel, ...]) -> tuple[Notifier, ...]:
    """All of them, in their order."""
    return tuple(notifier(channel) for channel in channels)

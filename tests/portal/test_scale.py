"""Two hundred migrations and a hundred thousand journal lines: every page in fewer than twenty queries (issue 4)."""

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ecluse.domain.permissions import Role
from ecluse.store.models import JournalLine, Migration
from room_migrations import Things, close_all
from room_scale import LINES, MIGRATIONS, furnish, pages
from rooms import LAB, VENDOR, Room

MOST = 20


@pytest.fixture(scope="module")
def grown(furnished: None) -> Iterator[tuple[Room, Things]]:
    cache.clear()
    with transaction.atomic():
        room = Room.known()
        yield room, furnish(room)
        close_all()
        transaction.set_rollback(True)


def test_the_room_has_grown(grown: tuple[Room, Things]) -> None:
    assert Migration.objects.count() == MIGRATIONS
    assert JournalLine.objects.count() >= LINES


@pytest.mark.parametrize("who", [(LAB, Role.DIRECTOR), (LAB, Role.ADMINISTRATOR), (VENDOR, Role.SECURITY_OFFICER)])
def test_every_page_takes_few_queries(grown: tuple[Room, Things], who: tuple[str, Role]) -> None:
    room, made = grown
    client: Client = room.client(*who)
    client.get("/me/")  # the first page of a session notes its beginning
    many = {}
    for address in pages(made):
        with CaptureQueriesContext(connection) as queries:
            status = client.get(address).status_code
        assert status < 500, address
        # What is refused is journalled with its entry, and is no page.
        if status < 400 and len(queries) >= MOST:
            many[address] = len(queries)
    assert not many

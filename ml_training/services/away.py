"""A database that is away for a while: how to tell, and how to ask it again."""

from django.db import DatabaseError, InterfaceError, connections

AWAY = (DatabaseError, InterfaceError)


def forget_connections() -> None:
    """Close connections that do not work any more; the next question opens new ones.

    Within a transaction nothing is closed: whoever opened it has to hear of it.
    """
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()

"""A new version of a component takes the place of the old one, once it runs."""

from .config import writes
from .errors import HostError, not_loaded


def replace(host, guest, keep):
    """The guest, not started yet, takes the place of the component of its name once it runs. A generator.

    keep()    makes it last on the flash

    To be called right after Host.acquire() with in_use(): where both may write the same files and buckets, the old one's
    call has ended, and it takes no other meanwhile.
    """
    old = host.find(guest.name)
    if not old or not (writes(old.config) or writes(guest.config)):
        yield from _replace(host, guest, old, keep)
        return
    old.busy = True
    try:
        yield from _replace(host, guest, old, keep)
    finally:
        old.busy = False


def _replace(host, guest, old, keep):
    try:
        yield from guest.start()
    except Exception as error:
        failure = not_loaded(guest, error)
        if not (failure.short_of_memory and old and old.store):
            raise failure
        old.rest("stopped to make room for a new version, which did not load")
        try:
            yield from guest.start()
        except Exception as error:
            raise not_loaded(guest, error)
    try:
        keep()
    except Exception as error:
        guest.end("was ended")
        if not isinstance(error, (OSError, HostError)):
            raise
        raise HostError("no-space", '"%s" was not written to the flash: %s' % (guest.name, error))
    if old:
        old.end("was ended: a new version of the component took its place")
    host.put(guest)

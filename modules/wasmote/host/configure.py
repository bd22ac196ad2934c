"""Changing and showing the configuration of a component (config.py) of a Host."""

from .checks import check_grants
from .guest import Guest


def configure(host, name, configuration):
    """Gives a component a configuration (the JSON text, bytes) in place of the one it has.

    A generator; returns {"component": entry}. One that is loaded starts afresh; when it does not start with the new
    configuration, the old one stays in force, and the component goes on.
    """
    config = host.config(configuration)
    check_grants(config)
    yield from host.acquire(lambda: host.in_use(name, lambda: config))
    try:
        old = host.stored(name)
        guest = Guest(host, name, old.path, config)

        def keep():
            if old.path == host.storage.path(name):
                host.storage.configure(name, configuration)

        if old.state == "unloaded":
            keep()
        else:
            yield from host.replace(guest, keep)
        return {"component": guest.entry()}
    finally:
        host.release()


def configuration(host, name):
    """{"name", "config": the members that were set, "effective": all members, with the defaults}"""
    guest = host.stored(name)
    text = None
    if guest.path == host.storage.path(name):
        text = host.storage.configuration(name)
        if guest.state == "unloaded":
            guest.config = host.config(text)
    config = guest.config
    effective = {
        "allow": guest.allow,
        "env": config.env,
        "args": config.args,
        "files": config.files,
        "store": config.store,
        "peers": config.peers,
        "fallback": config.fallback,
        "memory": guest.memory_limit,
        "timeout_ms": guest.timeout_ms,
    }
    return {"name": name, "config": text or b"{}", "effective": effective}

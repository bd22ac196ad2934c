"""Checks of a configuration: each mistake is refused with what would be right. See config.py for the members."""

from .config import LIMIT, Config
from .entries import loads
from .errors import HostError

_MEMBERS = "allow, env, args, files, store, peers, fallback, memory, timeout_ms"
_BLOCK = 4096
_MOST = 16  # entries of a list, or of env
_GRANT = (
    'a grant is an interface without its version, like "wasi:clocks/wall-clock", or all of a package: "wasi:clocks/*"'
)
_PEER = '"component", "component/tool" or "*"'
_NAMES = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./"


def parse(text, most_memory):
    """The Config of a JSON text (bytes). HostError says what is wrong with it. most_memory: KiB of the whole arena."""
    if len(text) > LIMIT:
        raise HostError("limit", "the configuration has %d bytes: %d at most" % (len(text), LIMIT))
    try:
        members = loads(text)
    except ValueError:
        members = None
    if not isinstance(members, dict):
        raise _wrong("it must be a JSON object")
    config = Config()
    for name in members:
        check = _CHECKS.get(name)
        if check is None:
            raise _wrong('it has no member "%s"; there are: %s' % (name[:32], _MEMBERS))
        value = members[name]
        if value is not None:  # null: as if it were not there
            check(name, value)
            setattr(config, name, tuple(value) if isinstance(value, list) else value)
    if config.memory is not None and config.memory > most_memory:
        raise _wrong("memory is in KiB, %d is more than the %d that this board has" % (config.memory, most_memory))
    return config


def check_grants(config):
    """Refuses grants of nothing: whoever writes one has another interface in mind. What is on the flash may have them."""
    from .imports import covers, interfaces

    for grant in config.allow or ():
        if grant != "*" and not [name for name in interfaces() if covers(grant, name)]:
            packages = sorted({name[: name.find("/")] + "/*" for name in interfaces()})
            what = 'allow has "%s", and this board has nothing of that name; there are: %s'
            raise _wrong(what % (grant, ", ".join(packages)))


def _wrong(what):
    return HostError("bad-params", "the configuration was not taken: " + what)


def _texts(name, value):
    """A list of strings, without the NUL that ends a string in C."""
    good = isinstance(value, list)
    for text in value if good else ():
        good = good and isinstance(text, str) and "\0" not in text
    if not good:
        raise _wrong('%s must be a list of strings without NUL, like ["a", "b"]' % name)
    if len(value) > _MOST:
        raise _wrong("%s has %d entries: %d at most" % (name, len(value), _MOST))


def _allow(name, value):
    _texts(name, value)
    for grant in value:
        package, slash, interface = grant.partition("/")
        good = ":" in package and interface and "@" not in grant and "*" not in grant[:-1]
        if grant != "*" and not good:
            raise _wrong('allow has "%s": %s' % (grant[:64], _GRANT))


def _env(name, value):
    if not isinstance(value, dict):
        raise _wrong('env must be an object of strings, like {"UNIT": "C"}')
    if len(value) > _MOST:
        raise _wrong("env has %d variables: %d at most" % (len(value), _MOST))
    for key in value:
        if not key or "=" in key or "\0" in key:
            raise _wrong('env has a variable "%s": a name has a letter or more, and neither = nor NUL' % key[:32])
        if not isinstance(value[key], str) or "\0" in value[key]:
            raise _wrong('the value of env "%s" must be a string without NUL, like "1"' % key[:32])


def _number(name, value, least, what):
    if type(value) is not int or not least <= value < 1 << 29:  # MicroPython's ticks_add takes no more (6 days)
        raise _wrong("%s must be an integer from %d to %d: %s" % (name, least, (1 << 29) - 1, what))


def _bytes(name, value):
    _number(name, value, 0, "bytes of flash, 0 for none")
    if 0 < value < _BLOCK:
        raise _wrong("%s must be 0 or at least %d bytes, a block of the flash" % (name, _BLOCK))


def _memory(name, value):
    _number(name, value, 1, "KiB of memory")


def _timeout(name, value):
    _number(name, value, 1, "milliseconds that a call may take")


def _peers(name, value):
    _texts(name, value)
    for peer in value:
        component, slash, tool = peer.partition("/")
        good = component and [letter for letter in peer if letter not in _NAMES] == [] and (tool or not slash)
        if peer != "*" and not good:
            raise _wrong('peers has "%s": each must be %s' % (peer[:64], _PEER))


def _fallback(name, value):
    from .native import is_identifier, is_module

    module, colon, function = value.partition(":") if isinstance(value, str) else ("", "", "")
    if not is_module(module) or (colon and not is_identifier(function)):
        raise _wrong('fallback must be "module:function" or "module": /module.py, in no folder, neither main nor boot')


_CHECKS = {
    "allow": _allow,
    "env": _env,
    "args": _texts,
    "files": _bytes,
    "store": _bytes,
    "peers": _peers,
    "fallback": _fallback,
    "memory": _memory,
    "timeout_ms": _timeout,
}

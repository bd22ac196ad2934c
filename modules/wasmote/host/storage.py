"""Components on flash: one file each, replaced as a whole or not at all.

    <folder>/<name>.wasm    a component: complete, its checksum was right, it loaded
    <folder>/<name>.part<crc32>    one that is being received, the checksum that it will have in hex
    <folder>/<name>.json    the configuration of a component, where it has one (config.py)
    <folder>/<name>.next    the configuration that comes with a .part, and counts once that has become the .wasm

An upload comes in chunks: receive() until its last byte, verify(), then commit() or discard(). Only commit() touches the
old file, by one rename, which littlefs does atomically: a power cut at any moment leaves the old file or the new one,
with the configuration that belongs to it: the next boot finishes what a cut left undone.

What was received of a file stays over a reset, and goes on with the chunk that comes next. It never stands in the way: an
upload that needs the room has it, and so do components, see _ROOM.
"""

import os
from binascii import crc32 as _crc32

from .errors import HostError

_ENOSPC = 28
_ROOM = 32 * 1024  # bytes of flash for what components write: with less at boot, uploads that were cut are removed
_SPARE_BLOCKS = 2  # what littlefs may need besides the bytes: the folder's metadata, a block for copying on write
KINDS = ("files", "store")  # of wasi:filesystem and wasi:keyvalue
_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789_-"


class _Upload:
    def __init__(self, name, size, crc32):
        self.name = name
        self.size = size
        self.crc32 = crc32
        self.at = 0  # bytes received
        self.sealed = False  # complete, and being verified and loaded


class Storage:
    """The components in `folder`, none larger than `limit` bytes."""

    def __init__(self, folder="/components", limit=256 * 1024):
        self.folder = folder
        self.limit = limit
        self.uploads = []
        try:
            os.mkdir(folder)
        except OSError as error:
            if not _exists(folder):
                raise HostError("no-space", "the folder %s cannot be made (%s): is there a flash?" % (folder, error))
        self._recover()

    def _recover(self):
        """Ends what a reset left half done."""
        files = os.listdir(self.folder)
        received = [file[:-13] for file in self._parts()]
        for file in files:
            if file.endswith(".next"):
                name = file[:-5]
                if name in received or name + ".wasm" not in files:
                    _remove(self._next(name))
                else:
                    os.rename(self._next(name), self._settings(name))
        for file in files:
            if file.endswith(".part") or (file.endswith(".json") and file[:-5] + ".wasm" not in files):
                _remove(self.folder + "/" + file)
        space = self._space() if received else None  # which takes littlefs a while
        if space and space[1] < _ROOM:
            self._make_room()

    def path(self, name):
        return "%s/%s.wasm" % (self.folder, name)

    def part(self, name):
        """Where the upload of this name that is under way is."""
        return self._part(name, self._find(name).crc32)

    def _part(self, name, crc32):
        return "%s/%s.part%08x" % (self.folder, name, crc32 & 0xFFFFFFFF)

    def _parts(self):
        """The files of all uploads, cut ones too."""
        return [file for file in os.listdir(self.folder) if file[-13:-8] == ".part"]

    def names(self):
        """The names of all stored components, sorted."""
        return sorted([file[:-5] for file in os.listdir(self.folder) if file.endswith(".wasm")])

    def size(self, name):
        """Bytes of a stored component, or None."""
        try:
            return os.stat(self.path(name))[6]
        except OSError:
            return None

    def space(self):
        """(bytes of the flash, those that a push can have), or None where nobody can tell."""
        space = self._space()
        if space is None:
            return None
        loose = [os.stat(self.folder + "/" + file)[6] for file in self._loose()]
        return space[0], space[1] + sum(loose)

    def _space(self):
        """(bytes of the flash, free ones) or None."""
        if not hasattr(os, "statvfs"):
            return None
        flash = os.statvfs(self.folder)
        unit = flash[1] or flash[0]
        return unit * flash[2], unit * flash[3]

    def remove(self, name):
        """The component, its configuration, and all that it wrote: first that, so that none is left to a new component."""
        for kind in KINDS:
            place = self.place(kind, name)
            _remove_all(place)
            folder = place[: place.rfind("/")]
            for left in os.listdir(folder) if _exists(folder) else ():
                if left.startswith(name + "."):  # half a copy, or a file that was removed while it was open
                    os.remove(folder + "/" + left)
        _remove(self.path(name))
        _remove(self._settings(name))
        self._make_room(name)

    def place(self, kind, name):
        """The folder beside that of the components where one keeps what it writes."""
        at = self.folder.rfind("/")
        return "%s/%s/%s" % (self.folder[:at] if at >= 0 else ".", kind, name)

    # Configurations

    def _settings(self, name):
        return "%s/%s.json" % (self.folder, name)

    def configuration(self, name):
        """The JSON text of a component's configuration, as bytes; None without one."""
        try:
            with open(self._settings(name), "rb") as file:
                return file.read()
        except OSError:
            return None

    def configure(self, name, text):
        """Keeps a component's configuration (bytes), whole or not at all; None: it has none any more."""
        if text is None:
            _remove(self._settings(name))
            return
        part = "%s/%s.json.part" % (self.folder, name)
        self._keep(part, text)
        os.rename(part, self._settings(name))

    def _keep(self, path, text):
        try:
            with open(path, "wb") as file:
                file.write(text)
        except OSError as error:
            _remove(path)
            raise HostError("no-space", "the configuration was not written to the flash: %s" % error)

    # Uploads

    def receive(self, name, size, offset, data, crc32):
        """The next chunk of an upload; offset 0 starts one. Returns the offset of the chunk after it.

        size, crc32    of the whole file, on every chunk
        data           bytes, or a list of them
        """
        pieces = data if isinstance(data, list) else [data]
        count = sum([len(piece) for piece in pieces])
        upload = self._find(name)
        if upload and upload.sealed:
            raise HostError("busy", '"%s" was just pushed and is being loaded: push again in a moment' % name)
        if offset == 0:
            upload = self._start(name, size, crc32)
        elif upload is None:
            upload = self._resume(name, size, crc32)
        if upload is None:
            what = 'no upload of "%s" is under way: begin at offset 0'
            raise HostError("offset", what % name, {"offset": 0})
        if (size, crc32) != (upload.size, upload.crc32):
            self.discard(name)
            raise HostError(
                "offset", '"%s": size or crc32 changed during the upload: begin at offset 0' % name, {"offset": 0}
            )
        if offset != upload.at:
            what = '"%s": the next chunk begins at offset %d, not %d' % (name, upload.at, offset)
            raise HostError("offset", what, {"offset": upload.at})
        if not count or offset + count > size:
            what = '"%s": a chunk of %d bytes at offset %d does not fit a file of %d'
            raise HostError("bad-params", what % (name, count, offset, size))
        self._write(upload, pieces)
        upload.sealed = upload.at == size
        return upload.at

    def verify(self, name):
        """Reads a complete upload back from the flash and compares its checksum. A generator."""
        upload = self._find(name)
        buffer = bytearray(512)
        sum = 0
        with open(self.part(name), "rb") as file:
            while True:
                got = file.readinto(buffer)
                if not got:
                    break
                sum = _crc32(memoryview(buffer)[:got], sum)
                yield
        if sum & 0xFFFFFFFF != upload.crc32 & 0xFFFFFFFF:
            self.discard(name)
            what = '"%s": the bytes received have the checksum 0x%08x, not the announced 0x%08x: push it again'
            raise HostError("crc", what % (name, sum & 0xFFFFFFFF, upload.crc32 & 0xFFFFFFFF), {"offset": 0})

    def commit(self, name, configuration=None):
        """The upload becomes the component of its name, with a new configuration (bytes) or the one that it has."""
        if configuration is not None:
            self._keep(self._next(name), configuration)
        os.rename(self.part(name), self.path(name))
        if configuration is not None:
            os.rename(self._next(name), self._settings(name))
        self._forget(name)

    def _next(self, name):
        return "%s/%s.next" % (self.folder, name)

    def discard(self, name):
        """Gives an upload up."""
        self._forget(name)
        _remove(self._next(name))
        for file in self._parts():
            if file[:-13] == name:
                os.remove(self.folder + "/" + file)

    def _find(self, name):
        for upload in self.uploads:
            if upload.name == name:
                return upload
        return None

    def _forget(self, name):
        self.uploads = [upload for upload in self.uploads if upload.name != name]

    def _start(self, name, size, crc32):
        check_name(name)
        self.discard(name)
        if size <= 0:
            raise HostError("bad-params", '"%s" is empty: a component has some bytes' % name)
        if size > self.limit:
            what = '"%s" has %d bytes: this board takes components of %d bytes at most' % (name, size, self.limit)
            raise HostError("limit", what, {"componentBytes": self.limit})
        if not self._fits(size):
            self._make_room()
        if not self._fits(size):
            raise self._no_space(name, size)
        upload = _Upload(name, size, crc32)
        try:
            open(self._part(name, crc32), "wb").close()
        except OSError as error:
            raise self._not_written(upload, error)
        self.uploads.append(upload)
        return upload

    def _resume(self, name, size, crc32):
        """The upload of this file that a reset cut, or None. One that was complete did not load: it begins anew."""
        check_name(name)
        try:
            at = os.stat(self._part(name, crc32))[6]
        except OSError:
            return None
        if not 0 < at < size:
            return None
        upload = _Upload(name, size, crc32)
        upload.at = at
        self.uploads.append(upload)
        return upload

    def _loose(self):
        """The files of uploads that are given up when their room is needed: abandoned, or of somebody who begins again."""
        loaded = [upload.name for upload in self.uploads if upload.sealed]
        return [file for file in self._parts() if file[:-13] not in loaded]

    def _make_room(self, name=None):
        """Gives them up, or that of this name."""
        for file in self._loose():
            if name in (None, file[:-13]):
                self.discard(file[:-13])

    def _fits(self, size):
        space = self._space()
        pending = sum([upload.size - upload.at for upload in self.uploads])
        return space is None or self._on_flash(size) + pending <= space[1]

    def _on_flash(self, size):
        block = os.statvfs(self.folder)[0]
        return ((size + block - 1) // block + _SPARE_BLOCKS) * block

    def _no_space(self, name, size):
        what = '"%s" is too large for the flash: %d bytes are needed, %d are free. Remove a component (wasmote rm), then push again'
        needed = self._on_flash(size)
        free = self._space()[1]
        return HostError("no-space", what % (name, needed, free), {"neededBytes": needed, "freeBytes": free})

    def _write(self, upload, pieces):
        try:
            with open(self.part(upload.name), "ab") as file:
                for piece in pieces:
                    file.write(piece)
        except OSError as error:
            raise self._not_written(upload, error)
        upload.at += sum([len(piece) for piece in pieces])

    def _not_written(self, upload, error):
        """Gives the upload up; returns the HostError that says why."""
        self.discard(upload.name)
        if error.args and error.args[0] == _ENOSPC and self._space():
            return self._no_space(upload.name, upload.size)
        return HostError("no-space", '"%s" was not written to the flash: %s' % (upload.name, error))


def check_name(name):
    """Refuses a name that is no name of a component."""
    good = 0 < len(name) <= 32 and name[0] not in "_-"
    for letter in name:
        good = good and letter in _LETTERS
    if not good:
        what = '"%s" is no name for a component: 1 to 32 of a-z 0-9 _ -, the first a letter or digit'
        raise HostError("bad-params", what % name[:64])


def _exists(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False


def _remove(path):
    if _exists(path):
        os.remove(path)


def _remove_all(path):
    """A folder and all that is in it, if it is there. A loop: folders in each other would take C stack."""
    waiting = [path] if _exists(path) else []
    while waiting:
        try:
            os.remove(waiting[-1])  # littlefs removes empty folders, too
            waiting.pop()
        except OSError:
            inner = os.listdir(waiting[-1])
            if inner:
                waiting.extend(["%s/%s" % (waiting[-1], name) for name in inner])
            else:
                os.rmdir(waiting.pop())

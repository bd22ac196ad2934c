"""wasi:filesystem for one guest: its own folder on the flash, /files/<component>, as the only preopen, called "/".

A descriptor says where it leads by name; what is renamed takes its descriptors along. A file that is removed while it is
open goes on until the last of them is dropped; a directory leaves them with nothing behind. There are no links,
and no times but that of the last change. Every method gives a result; a failure inside is an OSError (failures.py).
"""

from binascii import crc32

from micropython import const

from ...wasm import Trap
from ..clock import epoch
from . import failures
from .failures import Failure, code_of
from .folder import Folder
from .paths import check_depth, ends_in_dot, mode, resolve
from .slots import Slots
from .streams import Closed

_DESCRIPTORS = const(16)  # of one guest
_LISTINGS = const(4)
_PIECE = const(2048)  # bytes of a read: heap of the board
_READ = const(1)  # descriptor-flags
_WRITE = const(2)
_MUTATE = const(32)
_CREATE = const(1)  # open-flags
_DIRECTORY = const(2)
_EXCLUSIVE = const(4)
_TRUNCATE = const(8)
_TYPE_DIRECTORY = const(3)  # descriptor-type
_TYPE_FILE = const(6)
_IS_DIRECTORY = const(0x4000)
_NO_CHANGE = const(0)  # new-timestamp
_GONE = "?" * 65  # the path of a directory that was removed: longer than a name may be, so that nothing ever has it
_RESULTLESS = ("get-directories", "filesystem-error-code", "[method]descriptor.is-same-object")


class Node:
    """A file or directory that somebody has open. `users`: descriptors and streams."""

    def __init__(self, path, directory, flags):
        self.path = path
        self.directory = directory
        self.flags = flags
        self.users = 0


class Filesystem:
    def __init__(self, imports):
        self.imports = imports
        self.streams = imports.owner("wasi.streams", "Streams")
        guest = imports.runtime.guest
        self.folder = None
        if guest.config.files:
            self.folder = Folder(guest.host.storage.place("files", guest.name), guest.config.files)
        self.descriptors = Slots("descriptors", _DESCRIPTORS)
        self.listings = Slots("directory streams", _LISTINGS)
        self.nodes = []
        self._prepared = False

    def guard(self, function, call):
        """A function whose method may raise what its result tells as an error-code."""
        return call if function in _RESULTLESS else lambda *values: self._result(call, values)

    def _result(self, call, values):
        try:
            value = call(*values)
        except OSError as error:
            return 1, code_of(error)
        return self._later(value) if hasattr(value, "send") else (0, value)

    def _later(self, steps):
        try:
            return 0, (yield from steps)
        except OSError as error:
            return 1, code_of(error)

    def settle(self):
        if self.folder:
            try:
                self.folder.settle()
            except OSError:  # the flash is worn out or full: nobody is left to be told
                pass

    # Who has what open

    def _use(self, node):
        if not node.users:
            self.nodes.append(node)
        node.users += 1
        return node

    def leave(self, node):
        """A descriptor or stream is gone."""
        node.users -= 1
        if not node.users:
            self.nodes.remove(node)
            self.settle()
            if node.path.startswith("/") and not self._users(node.path):
                try:
                    self.folder.remove(node.path)
                except OSError:  # prepare() does it, then
                    pass

    def _describe(self, node):
        """The rep of a new descriptor."""
        if self.descriptors.full():
            raise Failure(failures.INSUFFICIENT_MEMORY, "%d descriptors are open, the most" % _DESCRIPTORS)
        return self.descriptors.add(self._use(node))

    def drop_descriptor(self, rep):
        self.leave(self.descriptors.drop(rep))

    def _remove(self, path):
        """A file; whoever has it open keeps it."""
        users = self._users(path)
        if not users:
            self.folder.remove(path)
            return
        place = self.folder.hide(path)
        for node in users:
            node.path = place

    def _users(self, path):
        """The nodes of who has it open."""
        return [node for node in self.nodes if node.path == path]

    def _node(self, rep, flag=0):
        """The node of a descriptor that has this flag."""
        node = self.descriptors[rep]
        if flag & ~node.flags:
            if flag == _MUTATE:
                raise Failure(failures.READ_ONLY, "a directory that is not open for changes")
            raise Failure(failures.BAD_DESCRIPTOR, "not open for this")
        return node

    def _file(self, rep, flag=0):
        node = self._node(rep)
        if node.directory:
            raise Failure(failures.IS_DIRECTORY, "no file")
        return self._node(rep, flag)

    def _at(self, rep, path, flag=0):
        """Where a path leads to from a directory."""
        if not self.descriptors[rep].directory:
            raise Failure(failures.NOT_DIRECTORY, "no directory")
        return resolve(self.folder.root, self._node(rep, flag).path, path)

    def _exists(self, path):
        if self._mode(path) is None:
            raise Failure(failures.NO_ENTRY, "no file " + path)
        return path

    def _mode(self, path):
        return mode(self.folder.root, path)

    # Preopens

    def get_directories(self):
        """A generator."""
        if not self.folder:
            return []
        if not self._prepared:  # later it would take the files away that were removed and are still open
            try:
                yield from self.folder.prepare()
            except OSError as error:  # this function has no error-code to tell it by
                raise Trap("no folder for its files", str(error))
            self._prepared = True
        node = Node("", True, _READ | _MUTATE)
        rep = self.descriptors.add(node)
        self._use(node)
        return [(rep, "/")]

    # Opening, and what is in a directory

    def open_at(self, rep, path_flags, path, how, flags):
        """A generator, for truncate takes its time; before that nothing is waited for."""
        target = self._at(rep, path)
        base = self._node(rep)
        if how & _CREATE and not how & _DIRECTORY and path.endswith("/"):
            raise Failure(failures.IS_DIRECTORY, "a directory is not made by opening it")
        found = self._mode(target)
        directory = found == _IS_DIRECTORY
        changes = found is None or how & _TRUNCATE or flags & (_WRITE | _MUTATE)
        if found is None:
            if not how & _CREATE:
                raise Failure(failures.NO_ENTRY, "no file " + target)
            if how & _DIRECTORY:
                raise Failure(failures.INVALID, "a directory is not made by opening it")
        elif how & _CREATE and how & _EXCLUSIVE:
            raise Failure(failures.EXIST, target + " exists")
        elif how & _DIRECTORY and not directory:
            raise Failure(failures.NOT_DIRECTORY, target + " is no directory")
        elif directory and (how & _TRUNCATE or flags & _WRITE):
            raise Failure(failures.IS_DIRECTORY, target + " is a directory")
        if changes and not base.flags & _MUTATE:
            raise Failure(failures.READ_ONLY, "a directory that is not open for changes")
        if self.descriptors.full():
            raise Failure(failures.INSUFFICIENT_MEMORY, "%d descriptors are open, the most" % _DESCRIPTORS)
        if found is None:
            self.folder.create(target)
        elif how & _TRUNCATE:
            yield from self.folder.resize(target, 0)
        # As in other hosts, what may be done in a directory may be done in those in it, whatever they are opened for.
        flags = _READ | base.flags & _MUTATE if directory else flags & (_READ | _WRITE)
        return self._describe(Node(target, directory, flags))

    def read_directory(self, rep):
        node = self._node(rep)
        if not node.directory:
            raise Failure(failures.NOT_DIRECTORY, "no directory")
        if self.listings.full():
            raise Failure(failures.INSUFFICIENT_MEMORY, "%d directories are being listed, the most" % _LISTINGS)
        names = self.folder.names(node.path)
        names.sort(reverse=True)
        return self.listings.add((node.path, names))

    def read_directory_entry(self, rep):
        path, names = self.listings[rep]
        while names:
            name = names.pop()
            found = self._mode(path + "/" + name if path else name)
            if found is not None:
                return (_TYPE_DIRECTORY if found == _IS_DIRECTORY else _TYPE_FILE), name
        return None

    def drop_directory_entry_stream(self, rep):
        self.listings.drop(rep)

    def create_directory_at(self, rep, path):
        target = self._at(rep, path, _MUTATE)
        if self._mode(target) is not None:
            raise Failure(failures.EXIST, target + " exists")
        check_depth(target)
        self.folder.make_directory(target)

    def remove_directory_at(self, rep, path):
        target = self._exists(self._at(rep, path, _MUTATE))
        if self._mode(target) != _IS_DIRECTORY:
            raise Failure(failures.NOT_DIRECTORY, target + " is no directory")
        if not target:
            raise Failure(failures.BUSY, "the folder itself")
        if ends_in_dot(path):
            raise Failure(failures.INVALID, path + " has no name")
        if self.folder.names(target):
            raise Failure(failures.NOT_EMPTY, target + " is not empty")
        self._remove_directory(target)

    def _remove_directory(self, path):
        self.folder.remove(path)
        for node in self._users(path):
            node.path = _GONE

    def unlink_file_at(self, rep, path):
        target = self._exists(self._at(rep, path, _MUTATE))
        if self._mode(target) == _IS_DIRECTORY:
            raise Failure(failures.IS_DIRECTORY, target + " is a directory")
        self._remove(target)

    def rename_at(self, rep, path, other, new_path):
        """A generator, for there may be many directories in one that goes deeper."""
        old = self._at(rep, path, _MUTATE)
        new = self._at(other, new_path, _MUTATE)
        if ends_in_dot(path) or ends_in_dot(new_path):
            raise Failure(failures.BUSY, "a path without a name")
        self._exists(old)
        if old == new:
            return
        directory = self._mode(old) == _IS_DIRECTORY
        there = self._mode(new)
        if not old or not new or new.startswith(old + "/"):
            raise Failure(failures.INVALID, "a directory into itself")
        if there is None and new_path.endswith("/") and not directory:
            raise Failure(failures.NOT_DIRECTORY, old + " is no directory")
        if there is not None:
            if directory != (there == _IS_DIRECTORY):
                code = failures.NOT_DIRECTORY if directory else failures.IS_DIRECTORY
                raise Failure(code, new + " is of another kind")
            if directory and self.folder.names(new):
                raise Failure(failures.NOT_EMPTY, new + " is not empty")
        moved = [old] if directory and new.count("/") > old.count("/") else []
        while moved:
            found = moved.pop()
            check_depth(new + found[len(old) :])
            for name in self.folder.names(found):
                if self._mode(found + "/" + name) == _IS_DIRECTORY:
                    moved.append(found + "/" + name)
            yield
        if there is not None:
            if directory:
                self._remove_directory(new)
            elif self._users(new):
                self._remove(new)
        self.folder.rename(old, new)
        for node in self.nodes:
            if node.path == old or node.path.startswith(old + "/"):
                node.path = new + node.path[len(old) :]

    def link_at(self, rep, path_flags, path, other, new_path):
        raise Failure(failures.UNSUPPORTED, "the flash has no links")

    def symlink_at(self, rep, path, new_path):
        if path.startswith("/"):
            raise Failure(failures.NOT_PERMITTED, "a link to an absolute path")
        raise Failure(failures.UNSUPPORTED, "the flash has no links")

    def readlink_at(self, rep, path):
        raise Failure(failures.INVALID, self._exists(self._at(rep, path)) + " is no link")

    # What is known of a file

    def get_flags(self, rep):
        return self.descriptors[rep].flags

    def get_type(self, rep):
        return _TYPE_DIRECTORY if self.descriptors[rep].directory else _TYPE_FILE

    def stat(self, rep):
        return self._stat(self.descriptors[rep].path)

    def stat_at(self, rep, path_flags, path):
        return self._stat(self._at(rep, path))

    def _stat(self, path):
        found = self.folder.stat(path)
        directory = found[0] & 0xF000 == _IS_DIRECTORY
        kind = _TYPE_DIRECTORY if directory else _TYPE_FILE
        return kind, 1, 0 if directory else found[6], None, (max(int(found[8]) + epoch(), 0), 0), None

    def metadata_hash(self, rep):
        return self._hash(self.descriptors[rep].path)

    def metadata_hash_at(self, rep, path_flags, path):
        return self._hash(self._exists(self._at(rep, path)))

    def _hash(self, path):
        """The same for the same path only: what programs take for the number of an inode."""
        path = path.encode()
        return crc32(path) & 0xFFFFFFFF | len(path) << 32, crc32(path, 1) & 0xFFFFFFFF

    def is_same_object(self, rep, other):
        return self.descriptors[rep].path == self.descriptors[other].path

    def set_times(self, rep, access, modification):
        if access[0] != _NO_CHANGE or modification[0] != _NO_CHANGE:
            raise Failure(failures.UNSUPPORTED, "the flash keeps the time of the last change only")

    def set_times_at(self, rep, path_flags, path, access, modification):
        self._exists(self._at(rep, path))
        self.set_times(rep, access, modification)

    def advise(self, rep, offset, length, advice):
        self._file(rep)

    # What is in a file

    def read(self, rep, count, at):
        """A list of bytes, and whether it ends the file."""
        node = self._file(rep, _READ)
        data = self.folder.read(node.path, at, min(count, _PIECE))
        return data, at + len(data) >= self.folder.size(node.path)

    def write(self, rep, data, at):
        """A generator."""
        node = self._file(rep, _WRITE)
        if data:  # else nothing is added before `at` either
            yield from self.folder.write(node.path, at, data)
        return len(data)

    def set_size(self, rep, size):
        """A generator."""
        return self.folder.resize(self._file(rep, _WRITE).path, size)

    def sync(self, rep):
        self.folder.settle()

    sync_data = sync

    def read_via_stream(self, rep, at):
        return self._stream(self._file(rep, _READ), at)

    def write_via_stream(self, rep, at):
        return self._stream(self._file(rep, _WRITE), at)

    def append_via_stream(self, rep):
        return self._stream(self._file(rep, _WRITE), None)

    def _stream(self, node, at):
        if self.streams.full():
            raise Failure(failures.INSUFFICIENT_MEMORY, "too many streams are open")
        return self.streams.open(FileStream(self, self._use(node), at))

    def filesystem_error_code(self, rep):
        error = self.streams.errors[rep]
        return code_of(error) if isinstance(error, OSError) else None


class FileStream:
    """A stream from or to a file. at: where it is, None for always the end."""

    def __init__(self, filesystem, node, at):
        self.filesystem = filesystem
        self.node = node
        self.at = at

    def read(self, count):
        data = self.filesystem.folder.read(self.node.path, self.at, count)
        if not data:
            raise Closed()
        self.at += len(data)
        return data

    def write(self, data):
        """A generator."""
        if data:
            yield from self.filesystem.folder.write(self.node.path, self.at, data)
        if self.at is not None:
            self.at += len(data)

    def close(self):
        self.filesystem.leave(self.node)

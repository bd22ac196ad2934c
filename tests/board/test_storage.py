"""What Storage promises: a component's file is the old one or the new one, whole."""

import os
import zlib

import pytest
from wasmote.host import HostError, Storage
from wasmote.host import storage as module
from wasmote.wasm import drive

OLD = b"old component" * 100
NEW = bytes(range(256)) * 40


@pytest.fixture
def folder(tmp_path):
    return str(tmp_path / "components")


@pytest.fixture
def storage(folder):
    return Storage(folder)


def receive(storage, name, data, start=0, stop=None, chunk=1000):
    stop = len(data) if stop is None else stop
    for at in range(start, stop, chunk):
        storage.receive(name, len(data), at, data[at : min(at + chunk, stop)], zlib.crc32(data))


def store(storage, name, data):
    receive(storage, name, data)
    drive(storage.verify(name))
    storage.commit(name)


def stored(storage, name):
    with open(storage.path(name), "rb") as file:
        return file.read()


def refusal(call, *arguments):
    with pytest.raises(HostError) as caught:
        call(*arguments)
    return caught.value.kind, str(caught.value), caught.value.data


def test_keeps_what_was_received(storage):
    store(storage, "b", NEW)
    store(storage, "a-1_x", OLD)
    assert storage.names() == ["a-1_x", "b"]
    assert storage.size("b") == len(NEW) and stored(storage, "b") == NEW
    storage.remove("b")
    assert storage.names() == ["a-1_x"] and storage.size("b") is None


def test_what_is_stored_is_there_after_a_reset(folder):
    store(Storage(folder), "a", OLD)
    assert Storage(folder).names() == ["a"]


@pytest.mark.parametrize("name", ["", "A", "-a", "_", "a/b", "..", "a.b", "é", "x" * 33])
def test_refuses_names_that_are_none(storage, name):
    kind, text, _ = refusal(storage.receive, name, 1, 0, b"x", 0)
    assert kind == "bad-params" and "1 to 32 of a-z 0-9 _ -" in text


def test_the_next_chunk_must_come_next_and_the_right_offset_is_said(storage):
    receive(storage, "a", NEW, stop=2000)
    for wrong in (1000, 3000, 1):
        kind, text, data = refusal(storage.receive, "a", len(NEW), wrong, b"x", zlib.crc32(NEW))
        assert (kind, data) == ("offset", {"offset": 2000}) and "begins at offset 2000" in text
    receive(storage, "a", NEW, start=2000)
    drive(storage.verify("a"))


def test_an_unknown_upload_begins_at_offset_0(storage):
    kind, text, data = refusal(storage.receive, "a", len(NEW), 1000, b"x", 0)
    assert (kind, data) == ("offset", {"offset": 0}) and "begin at offset 0" in text


def test_another_file_in_the_middle_of_an_upload_is_refused(storage):
    receive(storage, "a", NEW, stop=2000)
    assert refusal(storage.receive, "a", len(NEW), 2000, b"x", 1)[0] == "offset"
    assert refusal(storage.receive, "a", len(NEW), 2000, b"x", zlib.crc32(NEW))[2] == {"offset": 0}


@pytest.mark.parametrize("data", [b"", b"x" * 1001])
def test_a_chunk_must_lie_in_the_file(storage, data):
    kind, text, _ = refusal(storage.receive, "a", 1000, 0, data, 0)
    assert kind == "bad-params" and "does not fit a file of 1000" in text


def test_an_empty_file_is_no_component(storage):
    assert refusal(storage.receive, "a", 0, 0, b"", 0)[0] == "bad-params"


def test_offset_0_starts_over(storage):
    receive(storage, "a", OLD, stop=1000)
    store(storage, "a", NEW)
    assert stored(storage, "a") == NEW


def test_two_uploads_side_by_side(storage):
    receive(storage, "a", NEW, stop=2000)
    store(storage, "b", OLD)
    receive(storage, "a", NEW, start=2000)
    drive(storage.verify("a"))


def test_a_wrong_checksum_is_said_and_nothing_of_it_stays(storage):
    store(storage, "a", OLD)
    for at in range(0, len(NEW), 1000):
        storage.receive("a", len(NEW), at, NEW[at : at + 1000], 7)
    kind, text, data = refusal(drive, storage.verify("a"))
    assert (kind, data) == ("crc", {"offset": 0})
    assert f"0x{zlib.crc32(NEW):08x}, not the announced 0x00000007" in text
    assert stored(storage, "a") == OLD and os.listdir(storage.folder) == ["a.wasm"]


def test_a_complete_upload_is_left_alone_until_it_is_loaded(storage):
    receive(storage, "a", NEW)
    assert refusal(receive, storage, "a", OLD)[0] == "busy"
    storage.discard("a")
    receive(storage, "a", OLD)


def test_too_large_for_a_board(folder):
    kind, text, data = refusal(Storage(folder, limit=1000).receive, "a", 1001, 0, b"x", 0)
    assert (kind, data) == ("limit", {"componentBytes": 1000}) and "1001 bytes" in text


class Flash:
    """os.statvfs of a flash of 4 KiB blocks on which `free` blocks are free."""

    def __init__(self, monkeypatch, folder, free):
        self.folder, self.free = folder, free
        monkeypatch.setattr(module.os, "statvfs", self.statvfs, raising=False)

    def statvfs(self, _):
        sizes = [(self.folder / name).stat().st_size for name in os.listdir(self.folder)]
        free = self.free - sum(-(-size // 4096) for size in sizes)
        return (4096, 4096, 100, free, free, 0, 0, 0, 0, 255)


def test_too_large_for_the_flash_says_needed_and_free_bytes_before_anything_is_written(storage, monkeypatch, tmp_path):
    Flash(monkeypatch, tmp_path / "components", free=4)
    kind, text, data = refusal(storage.receive, "big", len(NEW), 0, NEW[:1000], 0)
    assert kind == "no-space" and data == {"neededBytes": 5 * 4096, "freeBytes": 4 * 4096}
    assert '"big" is too large for the flash: 20480 bytes are needed, 16384 are free' in text
    assert os.listdir(storage.folder) == []


def test_an_abandoned_upload_makes_room_for_a_new_one(storage, monkeypatch, tmp_path):
    receive(storage, "abandoned", NEW, stop=9000)
    Flash(monkeypatch, tmp_path / "components", free=6)
    store(storage, "a", NEW)
    assert os.listdir(storage.folder) == ["a.wasm"]


def test_a_flash_that_is_full_in_the_middle_leaves_the_old_file(storage, monkeypatch):
    store(storage, "a", OLD)
    receive(storage, "a", NEW, stop=2000)

    def full(*_):
        raise OSError(28)

    monkeypatch.setattr(module, "open", full, raising=False)
    kind, text, _ = refusal(storage.receive, "a", len(NEW), 2000, NEW[2000:3000], zlib.crc32(NEW))
    monkeypatch.undo()
    assert kind == "no-space" and "too large for the flash" in text
    assert stored(storage, "a") == OLD and os.listdir(storage.folder) == ["a.wasm"]


class PowerCut(BaseException):
    pass


@pytest.mark.parametrize("operation", range(40))
def test_a_power_cut_at_any_point_leaves_the_old_file_or_the_new_one(storage, folder, monkeypatch, operation):
    """The power fails before the n-th write, rename, removal or opening of a file."""
    store(storage, "a", OLD)
    left = [operation]

    def counted(function):
        def call(*arguments):
            if left[0] == 0:
                raise PowerCut
            left[0] -= 1
            return function(*arguments)

        return call

    def counted_open(*arguments):
        file = counted(open)(*arguments)
        if arguments[1] == "ab":

            class File:
                def __enter__(self):
                    return self

                def __exit__(self, *_):
                    file.close()

                write = staticmethod(counted(type(file).write.__get__(file)))

            return File()
        return file

    monkeypatch.setattr(module, "open", counted_open, raising=False)
    for name in ("rename", "remove"):
        monkeypatch.setattr(module.os, name, counted(getattr(os, name)))
    done = False
    try:
        store(storage, "a", NEW)
        done = True
    except PowerCut:
        pass
    monkeypatch.undo()
    after = Storage(folder)  # the board boots
    assert after.names() == ["a"]
    assert stored(after, "a") == (NEW if done else OLD)
    at = refusal(after.receive, "a", len(NEW), len(NEW), b"", zlib.crc32(NEW))[2]["offset"]
    receive(after, "a", NEW, start=at)  # the push goes on
    drive(after.verify("a"))
    after.commit("a")
    assert stored(after, "a") == NEW and os.listdir(folder) == ["a.wasm"]


def test_no_chunk_disturbs_an_upload_that_is_being_loaded(storage):
    receive(storage, "a", NEW)
    for size, offset in ((9, 4), (len(NEW), 1000), (len(NEW), 0), (9, 0)):
        assert refusal(storage.receive, "a", size, offset, b"x", zlib.crc32(NEW))[0] == "busy"
    drive(storage.verify("a"))
    storage.commit("a")
    assert stored(storage, "a") == NEW


@pytest.mark.parametrize("code", [5, 28])
def test_a_flash_that_takes_no_new_file_says_so(storage, monkeypatch, code):
    def broken(*_):
        raise OSError(code, "broken")

    monkeypatch.setattr(module, "open", broken, raising=False)
    assert refusal(storage.receive, "a", len(NEW), 0, NEW[:1000], 0)[0] == "no-space"
    assert storage.uploads == []


def test_an_upload_that_a_reset_cut_goes_on_where_it_was(storage, folder):
    store(storage, "a", OLD)
    receive(storage, "a", NEW, stop=2000)
    after = Storage(folder)
    assert after.names() == ["a"] and stored(after, "a") == OLD
    assert refusal(after.receive, "a", len(NEW), len(NEW), b"", zlib.crc32(NEW))[2] == {"offset": 2000}
    receive(after, "a", NEW, start=2000)
    drive(after.verify("a"))
    after.commit("a")
    assert stored(after, "a") == NEW and os.listdir(folder) == ["a.wasm"]


@pytest.mark.parametrize("name", ["../a", "b", ""])
def test_another_file_or_name_does_not_go_on_with_it(storage, folder, name):
    receive(storage, "a", NEW, stop=2000)
    after = Storage(folder)
    assert refusal(after.receive, name, len(NEW), 2000, b"x", zlib.crc32(NEW))[0] in ("offset", "bad-params")
    for data in (OLD, NEW[:2000], NEW[:1000]):  # also one that is shorter than what is there
        assert refusal(after.receive, "a", len(data), 2000, b"x", zlib.crc32(data))[2] == {"offset": 0}


def test_what_a_reset_left_of_an_upload_goes_with_the_next_of_its_name_and_with_its_component(storage, folder):
    for follow in (lambda storage: store(storage, "a", OLD), lambda storage: storage.remove("a")):
        receive(storage, "a", NEW, stop=2000)
        receive(storage, "ab", NEW, stop=2000)
        storage = Storage(folder)
        follow(storage)
        assert [file for file in os.listdir(folder) if file.startswith("a.part")] == []
        assert [file[:7] for file in os.listdir(folder) if file != "a.wasm"] == ["ab.part"]


def test_a_complete_upload_that_did_not_load_before_a_reset_begins_anew(storage, folder):
    receive(storage, "a", NEW)
    after = Storage(folder)
    assert refusal(after.receive, "a", len(NEW), len(NEW), b"", zlib.crc32(NEW))[2] == {"offset": 0}
    store(after, "a", NEW)


def test_an_upload_that_a_reset_cut_counts_as_free_and_makes_room(storage, folder, monkeypatch, tmp_path):
    receive(storage, "cut", NEW, stop=9000)
    Flash(monkeypatch, tmp_path / "components", free=11)
    after = Storage(folder)
    assert after.space() == (100 * 4096, 8 * 4096 + 9000)
    big = NEW * 3
    assert refusal(after.receive, "b", len(NEW) * 4, 0, NEW[:1000], 0)[0] == "no-space"
    receive(storage, "cut", NEW, stop=9000)
    store(Storage(folder), "b", big)
    assert os.listdir(folder) == ["b.wasm"]


def test_an_upload_that_a_reset_cut_does_not_keep_the_last_room_from_components(storage, folder, monkeypatch, tmp_path):
    receive(storage, "cut", NEW, stop=9000)
    Flash(monkeypatch, tmp_path / "components", free=10)
    Storage(folder)
    assert os.listdir(folder) == []

"""wasi:keyvalue by a guest that uses every function of both drafts: kept on the flash, within its bytes, whole at all times."""

import contextlib
import functools
import os

import pytest
from host_guests import Log, push
from wasi_programs import configuration, everything, program
from wasmote.host.wasi import bucket as module
from wasmote.host.wasi import flash
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures", "wasi_fixtures"]

DRAFTS = {"keyvalue": (), "keyvalue2": ("-DDRAFT2",)}


def program_of(draft):
    return program("keyvalue", draft, *DRAFTS[draft])


def runner(host, draft, name="it"):
    """run(*commands) -> what the program said to each."""
    log = Log(host)
    push(host, name, program_of(draft))
    assert log.lines() == ["access denied"]

    def run(*commands, store=4096):
        log.lines()
        drive(host.configure(name, configuration(args=list(commands), store=store)))
        return log.lines()

    return run


@pytest.fixture(params=sorted(DRAFTS))
def run(request, host):
    return runner(host, request.param)


@pytest.fixture
def run2(host):
    return runner(host, "keyvalue2")


def test_values_are_set_read_deleted_and_stay(run, tmp_path):
    said = run(
        "get 0 a", "set 0 a one", "set 0 b ", "get 0 a", "get 0 b", "set 0 a two", "get 0 a", "exists 0 b", "delete 0 b"
    )
    assert said == ["none", "ok", "ok", "one", "", "ok", "two", "yes", "ok"]
    assert run("get 0 a", "exists 0 b", "delete 0 b", "keys 0", "set 0 ü €", "keys 0", "get 0 ü") == [
        *("two", "no", "ok", "a in pages 1", "ok", "a ü in pages 1", "€"),
    ]
    assert os.listdir(tmp_path / "store" / "it") == ["default.log"]


def test_buckets_have_names_and_share_nothing(run):
    said = run("open 1 other", "set 1 a x", "get 0 a", "open 2 default", "set 2 b y", "get 0 b", "close 2", "get 0 b")
    assert said == ["ok", "ok", "none", "ok", "ok", "y", "ok", "y"]
    said = run("open 1 other", "get 1 a", "open 2 Bad", "open 2 ../it", "open 2 x/y", "open 2 " + "n" * 33)
    assert said == ["ok", "x", *["no such store"] * 4]
    assert run("open 1 c", "open 2 d", "open 3 e") == ["ok", "ok", "other: 4 buckets are there, the most"]


def test_keys_come_in_pages(run):
    assert run("keys 0", "many 0 x 40", "keys 0")[2] == " ".join(f"k{i:02}" for i in range(40)) + " in pages 3"
    assert run("delete 0 k39", *(f"delete 0 k{i}" for i in range(32, 39)), "keys 0")[-1].endswith("k31 in pages 2")


def test_numbers_are_incremented(run):
    said = run(
        "increment 0 n 5", "increment 0 n 7", "get 0 n", "set 0 n x", "increment 0 n 1", "delete 0 n", "increment 0 n 0"
    )
    assert said == ["is 5", "is 12", "12", "ok", "other: the value of n is no number", "ok", "is 0"]


@pytest.mark.parametrize("value", ["1_0", " 1", "-", "--1", "1e3", "0x1", "9" * 21, "é"])
def test_what_is_no_number_is_not_incremented(run, value):
    said = run(f"set 0 n {value}", "increment 0 n 1", "get 0 n")
    assert said == ["ok", "other: the value of n is no number", value]


def test_a_number_stays_in_its_type(host):
    run = runner(host, "keyvalue")
    assert run(f"set 0 n {2**64 - 2}", "increment 0 n 1", "increment 0 n 1")[2].startswith(
        "other: the value of n would be"
    )
    run = runner(host, "keyvalue2", "other")
    assert run("increment 0 n -3", "get 0 n") == ["is -3", "-3"]
    assert run(f"set 0 n {2**63 - 2}", "increment 0 n 1", "increment 0 n 1")[2].startswith(
        "other: the value of n would be"
    )


def test_many_are_set_read_and_deleted(run):
    assert run("batch 0", "keys 0") == ["ok", "b=22 none a=1 ", "ok", "in pages 1"]
    said = run("fill 0 a 3000", "greedy 0 a", store=8192)
    assert said == ["ok", "other: more than 8192 bytes of values: ask for fewer at a time"]


def test_a_swap_fails_when_the_value_has_changed(run2):
    assert run2("set 0 a old", "swap 0 a new", "get 0 a") == ["ok", "old", "failed 1", "other", "failed 0", "new"]


# Limits


def test_keys_and_values_are_limited(run):
    said = run("long 0 128", "long 0 129", "set 0", "fill 0 a 4096", "fill 0 a 4097", "get 0 a", store=8192)
    assert said == [
        *("ok", "other: a key has 1 to 128 bytes, not 129", "other: a key has 1 to 128 bytes, not 0", "ok"),
        *("other: a value has 4096 bytes at most, not 4097", "4096"),
    ]


def test_a_bucket_has_a_most_of_keys(run, monkeypatch):
    monkeypatch.setattr(module, "_MOST_KEYS", 3)
    said = run("many 0 x 3", "many 0 y 4", "get 0 k02", "delete 0 k00", "set 0 new x")
    assert said == ["ok", "other: the bucket has 3 keys, the most", "y", "ok", "ok"]


def test_old_values_make_room_and_the_live_ones_are_limited(run, tmp_path):
    said = run(
        "set 0 first x",
        "churn 0 key 200",
        "get 0 first",
        "get 0 key",
        "fill 0 big 3900",
        "fill 0 more 3900",
        "get 0 big",
    )
    assert said[:5] == ["ok", "ok", "x", "v" * 100, "ok"]
    assert said[5].startswith("other: the store is full: 40") and said[5].endswith(
        "of its 4096 bytes are used, 3908 more are too many"
    )
    assert said[6] == "3900"
    assert (tmp_path / "store" / "it" / "default.log").stat().st_size <= 4096


def test_a_full_store_still_deletes(run):
    room = 4096 - 5
    assert run(f"fill 0 a {room - 8}", "set 0 b 12", "set 0 c 1")[:2] == ["ok", "ok"]
    assert run("delete 0 a", "get 0 b", "set 0 c 1") == ["ok", "12", "ok"]


def test_a_value_of_more_than_half_of_the_store_could_not_be_set_again(run, tmp_path):
    """What it replaces counts no more. What is left of the room is others' as before."""
    assert run("set 0 other x", "fill 0 a 2100", "fill 0 a 2101", "fill 0 a 4069", "get 0 a", "get 0 other") == [
        *("ok", "ok", "ok", "ok", "4069", "x"),
    ]
    assert (tmp_path / "store" / "it" / "default.log").stat().st_size == 4096 - 12
    assert run("fill 0 a 4082", "get 0 a")[1] == "4069", "it is whole, as nothing happened"
    assert run("fill 0 a 4070", "get 0 other", store=8192)[0] == "ok"
    assert run("fill 0 a 4069", "get 0 a", store=4096) == ["ok", "4069"], "less than before, in a store that has shrunk"


def test_a_large_store_filled_the_flash_and_left_nothing_to_the_board(run, tmp_path, monkeypatch):
    free = [7]  # blocks of the flash: four are the board's

    def statvfs(path):
        return (4096, 4096, 32, free[0], free[0], 0, 0, 0, 0, 255)

    monkeypatch.setattr(flash.os, "statvfs", statvfs)
    assert run("fill 0 a 4000", "fill 0 b 4000", store=65536) == ["ok", "ok"]
    free[0] = 4
    said = run("fill 0 c 4000", "set 0 d x", "get 0 d", "get 0 a", "delete 0 a", "get 0 a", store=65536)
    assert said == ["other: the flash is full", "ok", "x", "4000", "ok", "none"]
    free[0] = 5
    assert run("fill 0 b 900", "get 0 b", store=4096) == ["ok", "900"], "the copy needs a block for a moment"
    assert os.listdir(tmp_path / "store" / "it") == ["default.log"]


def test_what_one_bucket_lets_go_another_may_have(run):
    said = run("open 1 other", "churn 0 key 36", "fill 1 a 3000", "get 0 key")
    assert said == ["ok", "ok", "ok", "v" * 100]


# Ends


def test_the_store_goes_with_its_component_and_no_other_sees_it(host, tmp_path):
    run = runner(host, "keyvalue")
    run("set 0 a x")
    other = runner(host, "keyvalue2", "other")
    assert other("get 0 a") == ["none"]
    drive(host.remove("it"))
    assert os.listdir(tmp_path / "store") == ["other"]


def test_a_new_version_finds_what_the_old_one_left(host):
    runner(host, "keyvalue")("set 0 a x")
    push(host, "it", program_of("keyvalue2"))
    log = Log(host)
    drive(host.configure("it", configuration(args=["get 0 a"], store=4096)))
    assert log.lines() == ["x"]


class Store:
    """Of `quota` bytes, with one bucket."""

    bucket = None

    def __init__(self, quota=1 << 20):
        self.quota = quota

    def room(self, more):
        return self.bucket is None or self.bucket.size + more <= self.quota

    def make_room(self, more):
        yield from self.bucket.compact()
        assert self.room(more)


def test_every_cut_of_a_log_leaves_whole_records(tmp_path):
    """littlefs appends as a whole; a file system that does not loses the last record, no other."""
    path = tmp_path / "b.log"
    bucket = module.Bucket(Store(), str(path))
    drive(bucket.open())
    for key, value in (("a", b"1"), ("b", b"22"), ("a", b"333")):
        drive(bucket.set(key, value))
    drive(bucket.delete("b"))
    whole = path.read_bytes()
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        bucket = module.Bucket(Store(), str(path))
        drive(bucket.open())
        a = b"333" if cut >= 21 - 0 else b"1" if cut >= 6 else None
        assert drive(bucket.get("a")) == a, cut
        drive(bucket.set("c", b"new"))
        assert drive(bucket.get("c")) == b"new" and drive(bucket.get("a")) == a


class Dying:
    """A file to which so many pieces can be written before the power fails."""

    def __init__(self, left, *how):
        self.left = left
        self.file = open(*how)  # noqa: SIM115

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def __getattr__(self, name):
        return getattr(self.file, name)

    def write(self, data):
        if not self.left:
            raise PowerCut
        self.left -= 1
        return self.file.write(data)


class PowerCut(BaseException):
    pass


def test_a_power_cut_while_a_value_takes_its_own_place_leaves_the_old_one_or_the_new_one(tmp_path, monkeypatch):
    path = tmp_path / "b.log"
    found = set()
    for pieces in range(12):
        path.unlink(missing_ok=True)
        store = Store(2000)
        store.bucket = bucket = module.Bucket(store, str(path))
        drive(bucket.open())
        drive(bucket.set("n", b"other"))
        drive(bucket.set("a", b"1" * 1200))
        with monkeypatch.context() as patch:
            patch.setattr(module, "open", functools.partial(Dying, pieces), raising=False)
            patch.setattr(bucket, "_forget_part", lambda: None)
            with contextlib.suppress(PowerCut):
                drive(bucket.set("a", b"2" * 1300))
        fresh = module.Bucket(store, str(path))
        drive(fresh.open())
        value = drive(fresh.get("a"))
        assert value in (b"1" * 1200, b"2" * 1300) and drive(fresh.get("n")) == b"other"
        assert os.listdir(tmp_path) == ["b.log"] and fresh.keys == 2
        found.add(value)
    assert len(found) == 2


@pytest.mark.parametrize("world", ["all", "all2"])
def test_every_function_links_with_the_types_that_wit_component_writes(host, world):
    assert push(host, "all", everything(world))["component"]["state"] == "ready"

"""wasi:filesystem by a guest that uses every function: its own folder, a quota, and no way out."""

import os

import pytest
from host_guests import Log, push, refusal
from wasi_programs import configuration, everything, program
from wasmote.host.storage import Storage
from wasmote.host.wasi.folder import Folder
from wasmote.wasm import drive

pytest_plugins = ["host_fixtures", "wasi_fixtures"]

BLOCK = 4096
CREATE, DIRECTORY, EXCLUSIVE, TRUNCATE = 1, 2, 4, 8
READ, WRITE = 1, 2
RW = READ | WRITE
# error-code
BAD_DESCRIPTOR, BUSY, QUOTA, EXIST = 3, 4, 6, 7
INVALID, IS_DIRECTORY, NAME_TOO_LONG, NO_ENTRY, MEMORY = 12, 14, 18, 20, 22
NOT_DIRECTORY, NOT_EMPTY, UNSUPPORTED, NOT_PERMITTED = 24, 25, 27, 31


@pytest.fixture
def run(host, tmp_path):
    """run(*commands) -> what the program said to each. Whatever happens, the flash is as the board counts it."""
    log = Log(host)
    push(host, "it", program("files"))
    assert log.lines() == ["no preopen"]

    def run(*commands, files=64 * 1024):
        log.lines()
        drive(host.configure("it", configuration(args=list(commands), files=files)))
        first, *lines = log.lines()
        assert first == ("preopen /" if files else "no preopen")
        return lines

    return run


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files" / "it"


def error(code):
    return f"error {code}"


def test_files_are_made_written_read_and_stay(run, folder):
    said = run(
        f"open 0 1 a.txt {CREATE} {RW}",
        "write 1 0 hello",
        "write 1 3 p me",
        "read 1 100 0",
        "read 1 2 1",
        "read 1 9 99",
        "fstat 1",
        "sync 1",
        "write 1 9 !",
        "read 1 100 0",
        "stat 0 a.txt",
    )
    assert said == [
        *("ok", "ok 5", "ok 4", "ok end help me", "ok more el", "ok end ", "ok file 7 dated", "ok"),
        *("ok 1", "ok end help me\0\0!", "ok file 10 dated"),
    ]
    assert (folder / "a.txt").read_bytes() == b"help me\0\0!"
    assert run(f"open 0 1 a.txt 0 {READ}", "read 1 100 0") == ["ok", "ok end help me\0\0!"]


def test_streams_read_write_append_and_splice(run, folder):
    said = run(
        f"open 0 1 a {CREATE} {RW}",
        "pour 1 0 5000",
        "stream 1 0",
        "stream 1 4999",
        "stream 1 9999",
        "append 1 10",
        "pour 1 2 4",
        "fstat 1",
        f"open 0 2 b {CREATE} {RW}",
        "splice 1 2 700",
        "fstat 2",
        "splice 2 1 100",
        f"open 0 3 empty {CREATE} {RW}",
        "splice 3 1 100",
    )
    alphabet = bytes(range(97, 123))
    data = (alphabet * 40)[:1000] * 5
    assert said[1:5] == ["ok", f"ok 5000 {checksum(data)}", f"ok 1 {data[-1]}", "ok 0 0"]
    assert said[5:] == [
        "ok",
        "ok",
        "ok file 5010 dated",
        "ok",
        "ok 700",
        "ok file 700 dated",
        "ok 100",
        "ok",
        "failed 1",
    ]
    data = data[:2] + data[:4] + data[6:] + data[:10]
    assert (folder / "b").read_bytes() == data[:700]
    assert (folder / "a").read_bytes() == data + data[:100]


def checksum(data):
    sum = 0
    for byte in data:
        sum = sum * 31 + byte & 0xFFFFFFFFFFFFFFFF
    return f" {sum & 0xFFFF}".strip()


def test_directories_are_made_listed_renamed_and_removed(run, folder):
    said = run(
        "mkdir 0 d",
        "mkdir 0 d/e/",
        f"open 0 1 d/x {CREATE} {RW}",
        f"open 0 2 d {DIRECTORY} {READ}",
        "list 2",
        f"open 2 3 ../d/x 0 {READ}",
        f"open 2 3 e/../x 0 {READ}",
        "same 1 3",
        "same 1 2",
        "write 1 0 moved",
        "rename 0 d 0 f",
        "read 3 9 0",
        "list 0",
        "rmdir 0 f/e",
    )
    assert said == [
        *("ok", "ok", "ok", "ok", "ok e/ x", error(NOT_PERMITTED), "ok", "same same", "different different"),
        *("ok 5", "ok", "ok end moved", "ok f/", "ok"),
    ]
    assert run("rename 0 f/x 0 y", "list 0", "rmdir 0 f", "list 0", "unlink 0 y", "list 0") == [
        *("ok", "ok f/ y", "ok", "ok y", "ok", "ok"),
    ]
    assert os.listdir(folder) == []


def test_open_flags_mean_what_they_say(run):
    run(f"open 0 1 a {CREATE} {RW}", "write 1 0 text", "mkdir 0 d")
    assert run(
        f"open 0 1 a {CREATE | EXCLUSIVE} {RW}",
        f"open 0 1 a {DIRECTORY} {READ}",
        f"open 0 1 a/ 0 {READ}",
        f"open 0 1 d 0 {WRITE}",
        f"open 0 1 d {TRUNCATE} {READ}",
        f"open 0 1 no 0 {READ}",
        f"open 0 1 no/ {CREATE} {RW}",
        f"open 0 1 no {CREATE | DIRECTORY} {RW}",
        f"open 0 1 a {CREATE} {READ}",
        "write 1 0 x",
        f"open 0 2 a 0 {WRITE}",
        "read 2 1 0",
        "read 0 1 0",
        f"open 0 3 a {TRUNCATE} {RW}",
        "fstat 1",
    ) == [
        *map(error, (EXIST, NOT_DIRECTORY, NOT_DIRECTORY, IS_DIRECTORY, IS_DIRECTORY, NO_ENTRY, IS_DIRECTORY, INVALID)),
        *("ok", error(BAD_DESCRIPTOR), "ok", error(BAD_DESCRIPTOR), error(IS_DIRECTORY), "ok", "ok file 0 dated"),
    ]


def test_a_size_is_set_and_a_cut_is_no_half_file(run, folder):
    run(f"open 0 1 a {CREATE} {RW}", "pour 1 0 1000")
    assert run(f"open 0 1 a 0 {RW}", "size 1 300", "size 1 310", "read 1 400 295") == [
        *("ok", "ok", "ok", "ok end " + text(295, 300) + "\0" * 10),
    ]
    assert (folder / "a").stat().st_size == 310 and not list(folder.parent.glob("it.part*"))
    assert run(f"open 0 1 a 0 {RW}", "size 1 0", "fstat 1", f"size 1 {2**63}") == [
        *("ok", "ok", "ok file 0 dated", error(QUOTA)),
    ]


def test_a_size_whose_call_is_ended_is_the_old_one_or_one_that_grew(tmp_path):
    it = Folder(str(tmp_path / "files/it"), 64 * BLOCK)
    drive(it.prepare())
    it.create("a")
    drive(it.write("a", 0, b"x" * 3000))
    for size, left in ((1000, 3000), (20000, 3000 + 2 * 256)):
        steps = it.resize("a", size)
        for _ in range(3):
            next(steps)
        steps.close()
        it.settle()
        assert (tmp_path / "files/it/a").stat().st_size == left
    drive(it.prepare())
    assert it.used == BLOCK and os.listdir(tmp_path / "files") == ["it"]


def text(start, stop):
    return "".join(chr(97 + i % 1000 % 26) for i in range(start, stop))


WAYS_OUT = [
    "..",
    "../secret",
    "/secret",
    "/",
    "d/../..",
    "d/../../secret",
    "./../secret",
    "d//../../it/../secret",
    "link",
    "link/x",
]


@pytest.mark.parametrize("path", WAYS_OUT)
def test_no_path_leads_out(run, folder, tmp_path, path):
    run("mkdir 0 d")
    secret = tmp_path / "files" / "secret"
    secret.write_text("secret")
    (folder / "link").symlink_to(tmp_path)
    no = error(NOT_PERMITTED)
    assert (
        run(
            f"open 0 1 {path} 0 {READ}",
            f"open 0 1 {path} {CREATE} {RW}",
            f"stat 0 {path}",
            f"mkdir 0 {path}",
            f"rmdir 0 {path}",
            f"unlink 0 {path}",
            f"rename 0 d 0 {path}",
            f"rename 0 {path} 0 e",
        )
        == [no] * 8
    )
    assert secret.read_text() == "secret" and sorted(os.listdir(folder)) == ["d", "link"]
    assert run("symlink 0 /secret l", "symlink 0 d l") == [no, error(UNSUPPORTED)]


def test_odd_paths_have_an_answer(run):
    deep = "/".join("abcdefghi")
    said = run("stat 0 ", "mkdir 0 " + "n" * 65, "mkdir 0 " + "n" * 64, "stat 0 " + "n/" * 140, f"mkdir 0 {deep}")
    assert said == [error(NO_ENTRY), error(NAME_TOO_LONG), "ok", error(NAME_TOO_LONG), error(NO_ENTRY)]
    said = run("mkdir 0 ü", f"open 0 1 ü/é {CREATE} {RW}", "list 0", "stat 0 missing/..", "stat 0 ü/.", "stat 0 ü/é/.")
    assert said == ["ok", "ok", f"ok {'n' * 64}/ ü/", error(NO_ENTRY), "ok directory 0 dated", error(NOT_DIRECTORY)]
    said = run("rmdir 0 .", "rename 0 ü 0 ü/x", "rename 0 ü/é 0 " + "n" * 64, "rename 0 ü 0 ü/é", "rmdir 0 ü")
    assert said == [error(BUSY), error(INVALID), error(IS_DIRECTORY), error(INVALID), error(NOT_EMPTY)]


def test_directories_are_8_deep_and_the_last_one_has_files(run):
    deep = ["/".join("12345678"[:n]) for n in range(1, 9)]
    last = deep[-1]
    assert run(*[f"mkdir 0 {path}" for path in deep]) == ["ok"] * 8
    more = [f"open 0 1 {last}/f {CREATE} {RW}", f"mkdir 0 {last}/9", f"stat 0 {last}/f", f"stat 0 {last}/f/x"]
    assert run(*more, files=1 << 20) == ["ok", error(NAME_TOO_LONG), "ok file 0 dated", error(NOT_DIRECTORY)]


def test_a_directory_does_not_go_where_what_is_in_it_cannot_be_reached(run):
    paths = ("1", "1/2", "1/2/3", "1/2/3/4", "1/2/3/4/5", "1/2/3/4/5/6", "a", "a/x", "a/b", "a/b/c")
    assert run(*[f"mkdir 0 {path}" for path in paths], f"open 0 1 a/b/c/f {CREATE} {RW}", files=1 << 20) == ["ok"] * 11
    said = run("rename 0 a 0 1/2/3/4/5/6/a", "rename 0 a 0 1/2/3/4/5/a", "unlink 0 1/2/3/4/5/a/b/c/f", files=1 << 20)
    assert said == [error(NAME_TOO_LONG), "ok", "ok"]
    assert run("rename 0 1/2/3/4/5/a/b 0 b", "stat 0 b/c", files=1 << 20) == ["ok", "ok directory 0 dated"]


def test_a_directory_that_is_open_is_removed_and_nothing_is_behind_it(run):
    said = run(
        "mkdir 0 d",
        f"open 0 1 d {DIRECTORY} {READ}",
        "rmdir 0 d",
        "mkdir 0 d",
        "mkdir 1 x",
        "fstat 1",
        "list 1",
        "list 0",
    )
    assert said == ["ok", "ok", "ok", "ok", error(NO_ENTRY), error(NO_ENTRY), error(NO_ENTRY), "ok d/"]
    assert run(f"open 0 1 d {DIRECTORY} {READ}", "rmdir 0 d", "stat 1 .", "rmdir 1 .", f"open 1 2 a {CREATE} {RW}") == [
        *("ok", "ok", error(NO_ENTRY), error(NO_ENTRY), error(NO_ENTRY)),
    ]


def test_a_file_that_is_removed_while_it_is_open_goes_on_for_those_who_have_it(run, folder):
    said = run(
        f"open 0 1 a {CREATE} {RW}",
        "write 1 0 old",
        "unlink 0 a",
        "list 0",
        f"open 0 2 a {CREATE} {RW}",
        "write 2 0 new",
        "write 1 3 er",
        "read 1 9 0",
        f"open 0 3 b {CREATE} {RW}",
        "rename 0 b 0 a",
        "read 2 9 0",
        "fstat 1",
        "same 1 2",
        "close 1",
        "close 2",
        "list 0",
    )
    assert said == [
        *("ok", "ok 3", "ok", "ok", "ok", "ok 3", "ok 2", "ok end older", "ok", "ok", "ok end new"),
        *("ok file 5 dated", "different different", "ok", "ok", "ok a"),
    ]
    assert os.listdir(folder.parent) == ["it"], "and is gone with the last of them"


def test_removed_files_count_while_they_are_open_and_are_gone_after_a_cut(run, folder):
    said = run(
        f"open 0 1 a {CREATE} {RW}",
        "unlink 0 a",
        f"open 0 2 b {CREATE} {RW}",
        "close 1",
        f"open 0 2 b {CREATE} {RW}",
        files=BLOCK,
    )
    assert said == ["ok", "ok", error(QUOTA), "ok", "ok"]
    (folder.parent / "it.open3").write_text("left by a power cut")
    assert run("list 0") == ["ok b"] and os.listdir(folder.parent) == ["it"]


def test_removed_files_stay_apart_when_the_preopen_is_asked_for_again(run, folder):
    said = run(
        *(f"open 0 1 a {CREATE} {RW}", "write 1 0 this", "unlink 0 a", "preopen 3"),
        *(f"open 0 2 b {CREATE} {RW}", "write 2 0 that", "unlink 3 b"),
        *("read 1 9 0", "read 2 9 0", "close 1", "read 2 9 0", "close 2"),
    )
    assert said == [
        *("ok", "ok 4", "ok", "ok", "ok", "ok 4", "ok", "ok end this", "ok end that", "ok", "ok end that", "ok"),
    ]
    assert os.listdir(folder.parent) == ["it"]


def test_removed_files_that_are_open_have_their_place_below_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = Folder(Storage("components").place("files", "it"), 64 * 1024)
    drive(folder.prepare())
    folder.create("a")
    drive(folder.write("a", 0, b"here"))
    hidden = folder.hide("a")
    assert folder.read(hidden, 0, 9) == b"here" and folder.names("") == []
    folder.remove(hidden)
    assert os.listdir("files") == ["it"] and folder.used == 0


# Quota


def test_a_preopen_that_is_asked_for_again_forgets_nothing_that_was_written(run, folder):
    said = run(
        *(f"open 0 1 a {CREATE} {RW}", f"pour 1 0 {2 * BLOCK}", "write 1 8191 xx", "preopen 2"),
        *(f"open 2 3 b {CREATE} {RW}", "close 1"),
        files=3 * BLOCK,
    )
    assert said == ["ok", "ok", "ok 2", "ok", error(QUOTA), "ok"]
    assert os.listdir(folder) == ["a"]


def test_the_quota_counts_whole_blocks_and_is_checked_before_a_write(run, folder):
    said = run(
        f"open 0 1 a {CREATE} {RW}",
        f"pour 1 0 {2 * BLOCK}",
        f"write 1 {2 * BLOCK} x",
        "fstat 1",
        "append 1 1",
        f"open 0 2 b {CREATE} {RW}",
        "size 1 4096",
        f"open 0 2 b {CREATE} {RW}",
        "write 2 0 fits",
        "mkdir 0 d",
        "close 2",
        "unlink 0 b",
        "size 1 4097",
        files=2 * BLOCK,
    )
    assert said == [
        *("ok", "ok", error(QUOTA), "ok file 8192 dated", f"stream error {QUOTA}", "closed 1", error(QUOTA)),
        *("ok", "ok", "ok 4", error(QUOTA), "ok", "ok", "ok"),
    ]
    assert (folder / "a").stat().st_size == 4097 and os.listdir(folder) == ["a"]


def test_what_is_there_counts_when_a_program_starts(run, folder):
    run(f"open 0 1 a {CREATE} {RW}", f"pour 1 0 {BLOCK + 1}", "mkdir 0 d", f"open 0 2 d/b {CREATE} {RW}")
    assert run(f"open 0 1 c {CREATE} {RW}", files=5 * BLOCK) == [error(QUOTA)]
    assert run(f"open 0 1 c {CREATE} {RW}", files=6 * BLOCK) == ["ok"]


def test_without_bytes_there_is_no_folder_and_what_was_there_stays(run, folder, host):
    run(f"open 0 1 a {CREATE} {RW}")
    assert run(files=0) == []
    assert os.listdir(folder) == ["a"]


def test_the_flash_keeps_some_blocks_for_the_board(run, monkeypatch):
    full = list(os.statvfs("/"))
    full[0], full[3] = BLOCK, 5
    run()
    monkeypatch.setattr(os, "statvfs", lambda path: tuple(full))
    assert run(f"open 0 1 a {CREATE} {RW}", f"pour 1 0 {BLOCK}", "mkdir 0 d") == ["ok", "ok", error(23)]


# Limits and ends


def test_descriptors_are_limited_and_a_guest_that_dies_gives_them_back(run, host):
    run(f"open 0 1 a {CREATE} {RW}")
    assert run("hoard a", "hoard a") == ["held 15 error 22", "held 0 error 22"]
    kind, said = refusal(lambda: run(f"open 0 1 b {CREATE} {RW}", "write 1 0 kept", "trap"))
    assert kind == "refused" and "unreachable" in said
    assert run("stat 0 b", "unlink 0 b") == ["ok file 4 dated", "ok"], "it was settled, and nobody has it open"


def test_a_preopen_that_is_one_too_many_is_a_trap(run):
    assert run(*["preopen 1"] * 15) == ["ok"] * 15
    kind, said = refusal(lambda: run(*["preopen 1"] * 16))
    assert kind == "refused" and "too many descriptors: 16 at most: drop those that are not needed" in said


def test_a_folder_that_cannot_be_made_is_a_trap_that_says_why(run, folder):
    folder.parent.write_text("in its place")
    kind, said = refusal(run)
    assert kind == "refused" and "it trapped while it started: no folder for its files: [Errno " in said


def test_files_go_with_their_component_and_no_other_sees_them(run, host, folder, tmp_path):
    run("mkdir 0 d", f"open 0 1 d/a {CREATE} {RW}")
    log = Log(host)
    push(host, "other", program("files"), configuration=configuration(args=["list 0"], files=BLOCK))
    assert log.lines() == ["preopen /", "ok"]
    push(host, "it", program("files"))
    assert (folder / "d" / "a").exists(), "a new version finds what the old one left"
    drive(host.remove("it"))
    assert not folder.exists() and (tmp_path / "files" / "other").exists()


def test_every_function_links_with_the_types_that_wit_component_writes(host):
    assert push(host, "all", everything("all"))["component"]["state"] == "ready"

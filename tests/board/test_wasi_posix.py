"""An unmodified POSIX program, by wasi-libc and the adapter from preview 1, finds files as it knows them."""

import pytest
from host_guests import Log, push
from wasi_programs import configuration, posix

pytest_plugins = ["host_fixtures", "wasi_fixtures"]

EEXIST, EDQUOT, ENOENT, ENOTEMPTY, ENOTSUP, EPERM = 20, 19, 44, 55, 58, 63  # of wasi-libc
SAID = f"""\
open 4
fstat 0
size 1800
a file 1
dated 1
seek 1796
read 4
log
mkdir 0
mkdir errno {EEXIST}
rename 0
open 4
write 10
pwrite 2
ftruncate 0
fsync 0
pread 5
23ab6
close 0
new.txt is a file
old.txt is a file
rmdir errno {ENOTEMPTY}
open errno {EPERM}
open errno {ENOENT}
access 0
symlink errno {ENOTSUP}
unlink 0
unlink 0
rmdir 0
write errno {EDQUOT}
blocks 20
close 0
unlink 0"""


def test_files_are_what_posix_says(host, tmp_path):
    program = posix("posix")
    if program is None:
        pytest.skip("no adapter from preview 1: scripts/setup/guests.sh installs it")
    log = Log(host)
    push(host, "it", program, configuration=configuration(files=5 * 4096, memory=96))
    assert log.lines() == SAID.split("\n") and log.lines("warning") == ["done"]
    assert list((tmp_path / "files" / "it").iterdir()) == []

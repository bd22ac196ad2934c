# SPDX-License-Identifier: MIT
"""Promises of the emulated port: REPL, memory, time, the shared serial port, reset."""

import binascii
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from raw_board import CTRL_B, CTRL_C, CTRL_D, RawBoard
from wasmote.ports import emulator


def cpu_seconds(process):
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_heap_is_what_a_pico_would_have_left(board):
    board.send(CTRL_D)
    board.wait_for(b"raw REPL; CTRL-B to exit\r\n>")
    free = int(board.run("import gc; gc.collect(); print(gc.mem_free())"))
    assert 120_000 <= free <= 160_000


def test_soft_reset_in_the_raw_repl_forgets_everything_and_does_not_run_main(board):
    board.run("import wasmote; name = 1")
    board.send(CTRL_D)
    assert b"soft reboot" in board.wait_for(b"raw REPL; CTRL-B to exit\r\n>")
    assert board.run("import sys; print('name' in globals(), 'wasmote' in sys.modules)") == "False False\n"


def test_machine_reset_boots_again_in_the_same_qemu(board):
    board.run("import machine; name = machine.unique_id()")
    board.reset()
    assert board.run("print('name' in globals())") == "False\n"
    assert board.process.poll() is None


def test_a_heap_that_stays_full_ends_in_a_reset(board):
    """The emulator ended: what the REPL allocates for its line is caught by nobody."""
    board.send(CTRL_B + b"full = []\rwhile True: full = [full]\r\r")
    board.wait_for(b"allocating 16 bytes\r\n>>> ")
    board.send(b"a" * 1000)
    board.wait_for(b": reset\r\n")
    board.wait_for(b"}\n")  # it serves
    board.send(b"\n")  # ends the line, which what is left of the a's began
    board.raw_repl()
    assert board.run("print('full' in globals())") == "False\n"
    assert board.process.poll() is None


def test_modules_that_wasmote_needs_are_there(board):
    names = "array binascii errno gc hashlib io json machine micropython os select struct sys time vfs _wasm"
    assert board.run(f"import {names.replace(' ', ', ')}; print('all')") == "all\n"


def test_native_and_viper_code_runs(board):
    code = """
import micropython
@micropython.viper
def add(a: int, b: int) -> int:
    return a + b
@micropython.native
def twice(x):
    return x * 2
print(add(40, 2), twice('ab'), 1 << 70)
"""
    assert board.run(code) == "42 abab 1180591620717411303424\n"


def test_urandom_gives_bytes_that_differ(board):
    assert board.run("import os; print(len(os.urandom(16)), os.urandom(16) != os.urandom(16))") == "16 True\n"


def test_wall_clock_is_the_hosts(board):
    assert abs(int(board.run("import time; print(time.time())")) - time.time()) < 10


def test_sleep_takes_the_time_asked_for(board):
    code = "import time; t = time.ticks_us(); time.sleep_ms({}); print(time.ticks_diff(time.ticks_us(), t))"
    for wanted in 1, 50, 300:
        slept = int(board.run(code.format(wanted)))
        assert wanted * 1000 <= slept < wanted * 1000 + 5_000_000  # a busy PC is late, never early


def test_under_icount_two_runs_take_the_same_emulated_time(name):
    code = "import time; t = time.ticks_us(); sum(range(20000)); print(time.ticks_diff(time.ticks_us(), t))"
    times = []
    for _ in range(2):
        with RawBoard(name, extra=("-icount", "shift=0")) as board:
            board.raw_repl()
            times.append(int(board.run(code)))
    assert abs(times[0] - times[1]) <= times[0] // 100


def test_waiting_takes_no_processor_time(board):
    board.start("import time; time.sleep(1)")
    before = cpu_seconds(board.process)
    board.finish()
    assert cpu_seconds(board.process) - before < 0.3


def test_poll_wakes_when_a_byte_arrives(board):
    board.start("""
import machine, micropython, select, time
micropython.kbd_intr(-1)
uart = machine.UART(0)
poll = select.poll()
poll.register(uart, select.POLLIN)
print(poll.poll(20), uart.read(1), uart.any())
uart.write('ready')
t = time.ticks_ms()
poll.poll(10000)
print(uart.read(10), time.ticks_diff(time.ticks_ms(), t) < 5000)
micropython.kbd_intr(3)
""")
    board.wait_for(b"ready")
    time.sleep(0.2)
    board.send(b"x")
    assert board.finish() == "b'x' True\n"


def test_a_burst_that_arrives_while_python_is_busy_is_complete(board):
    board.start("""
import machine, micropython, time
micropython.kbd_intr(-1)
uart = machine.UART(0)
uart.write('ready')
t = time.ticks_ms()
while time.ticks_diff(time.ticks_ms(), t) < 300:
    pass
got = bytearray()
chunk = bytearray(100)
while len(got) < 4096:
    n = uart.readinto(chunk)
    if n:
        got += chunk[:n]
import binascii
print(binascii.crc32(got))
micropython.kbd_intr(3)
""")
    burst = bytes(range(256)) * 16
    board.wait_for(b"ready")
    board.send(burst)
    assert board.finish() == f"{binascii.crc32(burst)}\n"


def test_every_byte_value_written_arrives(board):
    board.start("import machine; n = machine.UART(0).write(b'<' + bytes(range(256)) * 40 + b'>')")
    received = board.wait_for(b"\xff>")
    assert received == b"<" + bytes(range(256)) * 40 + b">"
    board.finish()


def test_ctrl_c_stops_python_unless_kbd_intr_says_not(board):
    board.start("while True: pass")
    board.send(CTRL_C)
    with pytest.raises(RuntimeError, match="KeyboardInterrupt"):
        board.finish()
    board.start("""
import machine, micropython
micropython.kbd_intr(-1)
uart = machine.UART(0)
uart.write('ready')
while not uart.any():
    pass
print(uart.read(1))
micropython.kbd_intr(3)
""")
    board.wait_for(b"ready")
    board.send(CTRL_C)
    assert board.finish() == "b'\\x03'\n"


def test_ctrl_c_ends_a_sleep_whenever_it_comes(board):
    for delay in range(20):
        board.start("import time; time.sleep(30)")
        time.sleep(delay / 2000)
        board.send(CTRL_C)
        with pytest.raises(RuntimeError, match="KeyboardInterrupt"):
            board.finish(timeout=5)


def test_mpremote_copies_a_file(name, flash, tmp_path):
    program, args = emulator.machine(name)
    qemu = subprocess.Popen(
        [
            *(program, *args, "-kernel", emulator.firmware_file(name, "firmware.elf"), "-serial", "pty"),
            *("-semihosting-config", f"enable=on,target=native,arg=wasmote,arg=flash={flash}"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        pty = qemu.stdout.readline().split()[4]
        mpremote = [sys.executable, "-m", "mpremote", "connect", pty]
        source = tmp_path / "hello.txt"
        source.write_text("hello board\n" * 200)
        subprocess.run([*mpremote, "cp", source, ":hello.txt"], check=True, timeout=60, capture_output=True)
        listed = subprocess.run([*mpremote, "cat", ":hello.txt"], check=True, timeout=60, capture_output=True)
        assert listed.stdout.splitlines() == source.read_bytes().splitlines()
    finally:
        qemu.kill()
        qemu.wait()
        qemu.stdout.close()


def test_dir_and_completion_of_wasmote_show_its_names(board):
    """They ask for each name that MicroPython knows: modules of the card were looked for, 16 s, and one name was an error."""
    assert board.run("import wasmote\nnames = dir(wasmote)\nprint('Host' in names, 'tool' in names, 'x' in names)") == (
        "True True False\n"
    )

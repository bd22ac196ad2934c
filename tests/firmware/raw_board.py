# SPDX-License-Identifier: MIT
"""An emulated board with nothing of ours between it and the test: QEMU's UART as a socket, spoken to as a raw REPL."""

import base64
import select
import socket
import subprocess
import time

from wasmote.ports import emulator

CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
_RAW_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"


class RawBoard:
    """QEMU running build/firmware/NAME; `flash` is the chip's file, None for a board without."""

    def __init__(self, name, flash=None, extra=(), firmware=None):
        program, args = emulator.machine(name)
        ours, theirs = socket.socketpair()
        semihosting = "enable=on,target=native,arg=wasmote" + (f",arg=flash={flash}" if flash else "")
        self.process = subprocess.Popen(
            [
                *(program, *args, *extra),
                *("-kernel", firmware or emulator.firmware_file(name, "firmware.elf")),
                *("-chardev", f"socket,fd={theirs.fileno()},id=uart", "-serial", "chardev:uart"),
                *("-semihosting-config", semihosting),
            ],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        self.uart = ours

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.uart.close()

    def send(self, data):
        self.uart.sendall(data)

    def wait_for(self, end, timeout=20):
        """Everything received up to and with `end`."""
        received = bytearray()
        deadline = time.monotonic() + timeout
        while not received.endswith(end):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.uart], [], [], left)[0]:
                raise TimeoutError(f"{end!r} did not come in {timeout} s; received {bytes(received)!r}")
            byte = self.uart.recv(1)
            if not byte:
                raise EOFError(f"QEMU went away; received {bytes(received)!r}")
            received += byte
        return bytes(received)

    def raw_repl(self):
        """Stop whatever runs and enter the raw REPL; asked again, as a booting machine loses what it receives."""
        for _ in range(20):
            self.send(CTRL_C + CTRL_C + b"\r" + CTRL_A)
            try:
                self.wait_for(_RAW_PROMPT, timeout=1)
            except TimeoutError:
                continue
            self.send(CTRL_B + CTRL_A)
            self.wait_for(b">>> \r\n" + _RAW_PROMPT)
            return
        raise TimeoutError("the board does not enter the raw REPL")

    def start(self, code):
        """Send `code` for execution without waiting for its output."""
        self.send(code.encode() + CTRL_D)
        self.wait_for(b"OK")

    def finish(self, timeout=20):
        """Output of the code started; an exception on the board is raised here."""
        output = self.wait_for(CTRL_D, timeout)[:-1]
        error = self.wait_for(CTRL_D + b">")[:-2]
        if error:
            raise RuntimeError(error.decode())
        return output.decode().replace("\r\n", "\n")

    def run(self, code, timeout=20):
        self.start(code)
        return self.finish(timeout)

    def write_file(self, path, text):
        self.run(f"with open({path!r}, 'w') as file:\n    file.write({text!r})")

    def put_file(self, path, data):
        """Writes bytes to a file on the board."""
        self.run(f"import binascii\nfile = open({path!r}, 'wb')")
        for at in range(0, len(data), 1536):
            text = base64.b64encode(data[at : at + 1536]).decode()
            self.run(f"file.write(binascii.a2b_base64({text!r}))", timeout=60)
        self.run("file.close()", timeout=60)

    def reset(self):
        """machine.reset() of the emulated board, up to its raw REPL."""
        self.start("import machine; machine.reset()")
        self.raw_repl()


def new_flash(path, blocks=352):
    path.write_bytes(b"\xff" * (4096 * blocks))
    return path

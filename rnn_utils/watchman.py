"""End a process when one of the machines that it waits for no longer answers.

``python watchman.py PROCESS HOST:PORT…`` is a process of its own: while TensorFlow waits for a
machine, nothing in its own process runs, no thread and no signal handler.
"""

import os
import signal
import socket
import sys
import time

SILENT_CHECKS = 5  # a second apart, after the first answer: then a machine is lost


def watch(process: int, addresses: list[str]) -> None:
    """Ask every machine each second; return when the process has ended by itself."""
    silent = {}
    while os.getppid() == process:
        for address in addresses:
            if answers(address):
                silent[address] = 0
            elif address in silent:
                silent[address] += 1
            if silent.get(address) == SILENT_CHECKS:
                print(
                    f"rnn_utils: {address} does not answer: its program ended, or the network "
                    "between the machines failed. Training ends here; start the program again on "
                    "all machines.",
                    file=sys.stderr,
                    flush=True,
                )
                os.kill(process, signal.SIGKILL)
                return
        time.sleep(1)


def answers(address: str) -> bool:
    """Tell whether somebody listens at ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    watch(int(sys.argv[1]), sys.argv[2:])

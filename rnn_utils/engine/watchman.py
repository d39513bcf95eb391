"""End a process when one of its fellow machines is lost, or when Ctrl+C ends its wait for them.

``python watchman.py PROCESS HOST:PORT…`` is a process of its own: while TensorFlow waits for a
machine, nothing in its own process runs, no thread and no signal handler.
"""

import os
import signal
import socket
import sys
import time

SILENT_CHECKS = 5  # a second apart, after the first answer: then a machine is lost
REMINDED_AFTER = 10  # checks without all machines


class Watchman:
    """Who watches which machines, for the sake of which process.

    Attributes
    ----------
    silent : dict of int
        For each machine that has answered, how many checks in a row it has not since.
    """

    def __init__(self, process: int, addresses: list[str]):
        self.process = process
        self.addresses = addresses
        self.silent: dict[str, int] = {}

    def watch(self) -> None:
        """Ask every machine each second; return when the process has ended by itself."""
        checks = 0
        while os.getppid() == self.process:
            for address in self.addresses:
                if answers(address):
                    self.silent[address] = 0
                elif address in self.silent:
                    self.silent[address] += 1
                if self.silent.get(address) == SILENT_CHECKS:
                    self.end(
                        f"{address} does not answer: its program ended, or the network between "
                        "the machines failed. Training ends here; start the program again on all "
                        "machines."
                    )
            checks += 1
            if checks == REMINDED_AFTER and self.missing():
                say(f"waiting for {self.missing()}")
            time.sleep(1)

    def missing(self) -> str:
        """Name the machines that have never answered."""
        return ", ".join(address for address in self.addresses if address not in self.silent)

    def interrupt(self, *_) -> None:
        """End the process if it waits for others to join; later it heeds signals by itself."""
        if self.missing():
            self.end(f"interrupted while waiting for {self.missing()}")

    def end(self, why: str) -> None:
        """Say why, and end both processes."""
        say(why)
        os.kill(self.process, signal.SIGKILL)
        sys.exit()


def answers(address: str) -> bool:
    """Tell whether somebody listens at ``host:port``."""
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except OSError:
        return False
    return True


def say(words: str) -> None:
    """Tell the reader; the process itself cannot."""
    print(f"rnn_utils: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    watchman = Watchman(int(sys.argv[1]), sys.argv[2:])
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, watchman.interrupt)
    watchman.watch()

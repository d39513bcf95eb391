"""The kernel that runs a page: this interpreter's, on its share of the cores."""

import os
from pathlib import Path

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.localinterfaces import localhost
from traitlets import default

from bookbuild.running.machine import folders_of

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
LONGEST_SOCKET = 100  # characters; the system's limit is 104 on macOS, 108 on Linux


def kernel_manager(cores: int, folder: Path) -> type[AsyncKernelManager]:
    """Return what starts a kernel that is to use some cores and talk through files of a folder."""
    address = str(folder / "kernel")

    class OwnKernelManager(AsyncKernelManager):
        """Starts the kernel of this very interpreter, whatever kernels the user has installed."""

        @default("kernel_spec_manager")
        def _only_the_native_kernel(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[])

        @default("connection_file")
        def _in_the_folder(self) -> str:
            return f"{address}.json"

        # Sockets that are files: a port that was free a moment ago may be another kernel's by now.
        @default("transport")
        def _no_ports(self) -> str:
            return "ipc" if len(address) < LONGEST_SOCKET else "tcp"

        @default("ip")
        def _where_the_sockets_are(self) -> str:
            return address if self.transport == "ipc" else localhost()

        async def start_kernel(self, **options) -> None:
            """Start it in an environment that leaves the other cores alone."""
            await super().start_kernel(env=environment(cores), **options)

    return OwnKernelManager


def environment(cores: int) -> dict[str, str]:
    """Return the environment of a kernel that is to use some cores.

    It finds the `rnn_utils` that this process finds, whose sources are part of the key, and this
    package, which it is asked for a report by.
    """
    packages = [*folders_of("rnn_utils"), *folders_of("bookbuild")]
    homes = dict.fromkeys(str(folder.parent) for folder in packages)
    path = os.pathsep.join(filter(None, [*homes, os.environ.get("PYTHONPATH")]))
    return os.environ | dict.fromkeys(THREADS, str(cores)) | {"PYTHONPATH": path}

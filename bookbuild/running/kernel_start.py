"""The kernel that runs a page: this interpreter's, on its share of the cores."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile

import platformdirs
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
# Names of settings and start-up files of a user's own; of folders there are others, see below.
PERSONAL = ("PYTHONSTARTUP", "MATPLOTLIBRC", "MPLBACKEND")
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
            await super().start_kernel(env=environment(cores, folder), **options)

    return OwnKernelManager


def environment(cores: int, folder: Path) -> dict[str, str]:
    """Return the environment of a kernel that is to use some cores, and a folder for its own files.

    It finds the `rnn_utils` that this process finds, whose sources are part of the key, and this
    package, which it is asked for a report by. What the user has set up for his own sessions is
    left out, since it is not part of the key.
    """
    own = {"IPYTHONDIR": folder / "ipython", "KERAS_HOME": folder / "keras"}
    own["MPLCONFIGDIR"] = _matplotlib_folder(folder)
    packages = [*folders_of("rnn_utils"), *folders_of("bookbuild")]
    homes = dict.fromkeys(str(folder.parent) for folder in packages)
    path = os.pathsep.join(filter(None, [*homes, os.environ.get("PYTHONPATH")]))
    inherited = {name: value for name, value in os.environ.items() if name not in PERSONAL}
    fixed = dict.fromkeys(THREADS, str(cores)) | {"PYTHONPATH": path}
    return inherited | {name: str(where) for name, where in own.items()} | fixed


def _matplotlib_folder(otherwise: Path) -> Path:
    """Return where matplotlib keeps what it knows of fonts: with all kernels, or in a folder.

    It finds out here, once. In a kernel that would be said on the page where it takes long.
    """
    folder = platformdirs.user_cache_path("bookbuild") / f"matplotlib-{version('matplotlib')}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()
    except OSError:
        folder = otherwise / "matplotlib"
    if not any(folder.glob("fontlist-*.json")):
        command = [sys.executable, "-c", "import matplotlib.font_manager"]
        settings = os.environ | {"MPLCONFIGDIR": str(folder)}
        subprocess.run(command, env=settings, capture_output=True, check=False)
    return folder

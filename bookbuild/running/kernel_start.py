"""The kernel that runs a page: this interpreter's, on its share of the cores."""

import os
import subprocess
import sys
from collections.abc import Collection
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import ClassVar

import platformdirs
import psutil
from jupyter_client import AsyncKernelClient, AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.localinterfaces import localhost
from traitlets import default

from bookbuild.running.kernel_end import MARK, end_what_is_left, why_it_died
from bookbuild.running.machine import homes, uses_user_site

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)
# How the names of a user's own settings begin; of folders there are others, see below.
PERSONAL = (
    *("PYTHON", "IPYTHON", "JUPYTER", "MPL", "MATPLOTLIBRC", "KERAS_", "LC_"),
    # These decide the last digits.
    *("TF_", "XLA_", "ONEDNN_", "DNNL_", "NVIDIA_TF32_", "CUBLAS_", "CUDNN_"),
    *("MKL_", "OPENBLAS_", "NPY_"),
)
ALL_THE_SAME = ("TF_FORCE_GPU_", "TF_GPU_ALLOCATOR")  # how a GPU is shared
WHOLE_NAMES = ("LANG", "LANGUAGE", "COLUMNS", "LINES", "NO_COLOR")  # of such settings
MOST_OUTPUT = 16_000_000  # characters; the largest chapter has two million
TOO_MUCH = f"the page puts out more than {MOST_OUTPUT / 1e6:.0f} MB: print and show less"
FIRST_VICTIM = "1000"  # of the system, where memory runs out
LONGEST_SOCKET = 100  # characters; the system's limit is 104 on macOS, 108 on Linux


def kernel_manager(
    cores: int, folder: Path, others: Collection[psutil.Process] | None = None
) -> type[AsyncKernelManager]:
    """Return what starts a kernel that is to use some cores and talk through files of a folder.

    The others are spared at its end, see `end_what_is_left`.
    """
    address = str(folder / "kernel")

    class OwnKernelManager(AsyncKernelManager):
        """Starts the kernel of this very interpreter, whatever kernels the user has installed.

        The class notes why a kernel died, and what it left running.
        """

        death: ClassVar[str] = "the kernel died"
        left: ClassVar[list[str]] = []

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
            settings = {"env": environment(cores, folder), "stdout": subprocess.DEVNULL}
            await super().start_kernel(**settings, **options)
            with suppress(OSError):  # not on macOS
                Path(f"/proc/{self.provisioner.pid}/oom_score_adj").write_text(FIRST_VICTIM)

        async def shutdown_kernel(self, **options) -> None:
            """End what the page started before the kernel, while it is known what that was."""
            type(self).left = end_what_is_left(str(folder), self.provisioner.pid, others)
            await super().shutdown_kernel(**options)

        async def cleanup_resources(self, **options) -> None:
            """Note how a kernel ended that ended by itself."""
            if self.provisioner and self.provisioner.process and self.death != TOO_MUCH:
                type(self).death = why_it_died(self.provisioner.process.poll())
            await super().cleanup_resources(**options)

        def client(self, **options) -> AsyncKernelClient:
            """Return what listens to the kernel, and ends one that never stops talking."""
            client, said = super().client(**options), 0
            next_message = client.iopub_channel.get_msg

            async def get_msg(**options) -> dict:
                nonlocal said
                while True:
                    message = await next_message(**options)
                    said += len(str(message["content"]))
                    if said <= MOST_OUTPUT:
                        return message
                    type(self).death = TOO_MUCH
                    self.provisioner.process.kill()

            client.iopub_channel.get_msg = get_msg
            return client

    return OwnKernelManager


def environment(cores: int, folder: Path) -> dict[str, str]:
    """Return the environment of a kernel that is to use some cores, and a folder for its own files.

    It finds the `rnn_utils` that this process finds, whose sources are part of the key, and this
    package, which it is asked for a report by. What the user has set up for his own sessions is
    left out, since it is not part of the key.
    """
    own = {"IPYTHONDIR": folder / "ipython", "KERAS_HOME": folder / "keras"}
    own["MPLCONFIGDIR"] = _matplotlib_folder(folder)
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(ALL_THE_SAME) or not (name.startswith(PERSONAL) or name in WHOLE_NAMES)
    }
    fixed = dict.fromkeys(THREADS, str(cores)) | {MARK: str(folder), "PYTHONUTF8": "1"}
    fixed["PYTHONHASHSEED"] = "0"  # the order of what is in a set
    fixed["PYTHONPATH"] = os.pathsep.join(homes())
    if not uses_user_site():
        fixed["PYTHONNOUSERSITE"] = "1"
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

"""The kernel that runs a page: this interpreter's, on its share of the cores."""

import os

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from traitlets import default

from bookbuild.running.machine import folders_of

THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def kernel_manager(cores: int) -> type[AsyncKernelManager]:
    """Return what starts a kernel that is to use some cores."""

    class OwnKernelManager(AsyncKernelManager):
        """Starts the kernel of this very interpreter, whatever kernels the user has installed."""

        @default("kernel_spec_manager")
        def _only_the_native_kernel(self) -> KernelSpecManager:
            return KernelSpecManager(kernel_dirs=[])

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

"""How papermill runs a book's notebook: this interpreter's kernel, its cores, a last question."""

import ast
import json
import os
from collections.abc import Mapping
from typing import Any

from jupyter_client import AsyncKernelManager
from jupyter_client.kernelspec import KernelSpecManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.log import logger
from traitlets import default

from bookbuild.place import folders_of
from bookbuild.probe import QUESTION

NAME = "bookbuild"
ANSWER = "bookbuild_answer"  # where the notebook's metadata holds what the kernel said last
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


class OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of this very interpreter, whatever kernels the user has installed."""

    @default("kernel_spec_manager")
    def _only_the_native_kernel(self) -> KernelSpecManager:
        return KernelSpecManager(kernel_dirs=[])


class AskingClient(PapermillNotebookClient):
    """Runs the cells, then asks the kernel what it knows of the run."""

    def papermill_execute_cells(self) -> None:
        """Run the cells; an answer is missing only where a cell failed or the kernel is gone."""
        super().papermill_execute_cells()
        message = self.kc.execute(
            "", silent=True, store_history=False, user_expressions={ANSWER: QUESTION}
        )
        reply = self.wait_for_reply(message)
        said = (reply or {}).get("content", {}).get("user_expressions", {}).get(ANSWER, {})
        if said.get("status") == "ok":
            self.nb.metadata[ANSWER] = json.loads(ast.literal_eval(said["data"]["text/plain"]))


class BookEngine(Engine):
    """Papermill's own engine but for the client, and for the environment of the kernel."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: Any,
        kernel_name: str,
        *,
        environment: Mapping[str, str],
        start_timeout: int,
        execution_timeout: int,
        input_path: str | None = None,
        **options: Any,
    ) -> None:
        """Run the notebook that papermill manages."""
        client = AskingClient(
            nb_man,
            kernel_name=kernel_name,
            startup_timeout=start_timeout,
            timeout=execution_timeout,
            log=logger,
            **options,
        )
        client.execute(env=dict(environment))


papermill_engines.register(NAME, BookEngine)


def environment(cores: int) -> dict[str, str]:
    """Return the environment of a kernel that is to use some cores and leave others alone.

    It finds the `rnn_utils` that this process finds, whose sources are part of the key.
    """
    homes = [str(folder.parent) for folder in folders_of("rnn_utils")]
    path = os.pathsep.join(filter(None, [*homes, os.environ.get("PYTHONPATH")]))
    return os.environ | dict.fromkeys(THREADS, str(cores)) | {"PYTHONPATH": path}

"""What a machine brings to a page: the sources, packages, device and data that it runs with."""

import importlib.util
import os
import platform
import re
import shutil
import site
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from bookbuild.book import BookError
from bookbuild.files import sha256_of_folder

# What a page is run by and imports. Of an extra, only what is installed counts.
ROOTS = ("rnn-book[gpu]", "ipykernel")
OWN = "rnn-book"
GPU_LINE = re.compile(r"\d+, (GPU|MIG)-[\w-]+, [^,]+, .+")
SMI_SECONDS = 10


@dataclass(frozen=True)
class Machine:
    """A machine as far as it decides what a page produces; each part maps names to contents.

    Attributes
    ----------
    bookbuild, rnn_utils : mapping
        The hash of each file of the two packages.
    packages : mapping
        The version of Python and of each package that a page depends on.
    device : mapping
        The processor and the GPU.
    data : mapping
        For each thing that pages ask for, what they get here.
    """

    bookbuild: Mapping[str, str]
    rnn_utils: Mapping[str, str]
    packages: Mapping[str, str]
    device: Mapping[str, str]
    data: Mapping[str, str]


@dataclass(frozen=True)
class Gpu:
    """One GPU.

    Attributes
    ----------
    number, identifier : str
        As CUDA_VISIBLE_DEVICES knows it.
    free_mib : int
        How much of its own memory nobody uses; 0 where it has none of its own.
    model : str
    """

    number: str
    identifier: str
    free_mib: int
    model: str


def this_machine(asked: Iterable[str] = ()) -> Machine:
    """Describe the machine of this process, without starting TensorFlow.

    Parameters
    ----------
    asked : iterable of str
        What earlier runs asked `rnn_utils.load_mnist` for.
    """
    from rnn_utils.data.mnist import find_mnist

    return Machine(
        bookbuild=sources("bookbuild"),
        rnn_utils=sources("rnn_utils"),
        packages={"python": platform.python_version(), **_packages()},
        device={"processor": processor(), "gpu": ", ".join(gpu_models())},
        data={each: find_mnist(each) for each in sorted(asked)},
    )


def places_here(asked: Iterable[str]) -> list[Machine]:
    """Describe this machine once for each model of its GPUs, since a page runs on one of them."""
    machine = this_machine(asked)
    return [replace(machine, device=machine.device | {"gpu": model}) for model in gpu_models()]


def visible_gpus() -> list[Gpu]:
    """Return the NVIDIA GPUs of this machine that CUDA_VISIBLE_DEVICES leaves visible."""
    rows = [line.split(", ", 3) for line in _nvidia_smi(os.environ.get("PATH", ""))]
    gpus = [
        Gpu(number, identifier, int(free) if free.isdecimal() else 0, model)
        for number, identifier, free, model in rows
    ]
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return gpus
    names = visible.split(",")
    return [gpu for gpu in gpus if any(_names(name, gpu) for name in names)]


@cache
def _nvidia_smi(path: str) -> list[str]:
    """Return what NVIDIA's tool on a search path says of each GPU; no GPU where it says nothing.

    It is asked once, since a broken driver can let it wait for long.
    """
    tool = shutil.which("nvidia-smi", path=path)
    if tool is None:
        return []
    query = "--query-gpu=index,uuid,memory.free,name"
    command = [tool, query, "--format=csv,noheader,nounits"]
    options = {"capture_output": True, "text": True, "errors": "replace", "check": True}
    try:
        lines = subprocess.run(command, timeout=SMI_SECONDS, **options).stdout.splitlines()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"no GPU is used: nvidia-smi does not answer ({error})", file=sys.stderr)
        return []
    told = [line for line in lines if GPU_LINE.fullmatch(line)]
    if not told and lines:
        print(f"no GPU is used: nvidia-smi names none, it says {lines[0]!r}", file=sys.stderr)
    return told


def _names(name: str, gpu: Gpu) -> bool:
    """Whether an entry of CUDA_VISIBLE_DEVICES means a GPU; identifiers may be cut short."""
    return name == gpu.number or (
        name.startswith(("GPU-", "MIG-")) and gpu.identifier.startswith(name)
    )


def folders_of(package: str) -> list[Path]:
    """Return where a package lies that this process would import, nothing if there is none."""
    spec = importlib.util.find_spec(package)
    return [Path(folder) for folder in spec.submodule_search_locations] if spec else []


def homes() -> list[str]:
    """Return the folders that a kernel is to import the repository's own packages from."""
    packages = [*folders_of("rnn_utils"), *folders_of("bookbuild")]
    return list(dict.fromkeys(str(folder.parent) for folder in packages))


def uses_user_site() -> bool:
    """Tell whether kernels use the packages that a user installed for all his Pythons."""
    return importlib.util.find_spec("ipykernel").origin.startswith(site.getusersitepackages())


def kernel_path() -> list[str]:
    """Return where a kernel looks for packages: not all that PYTHONPATH adds for this process."""
    added = {os.path.abspath(each) for each in os.environ.get("PYTHONPATH", "").split(os.pathsep)}
    if not uses_user_site():
        added.add(site.getusersitepackages())
    added.difference_update(site.getsitepackages())
    return [*homes(), *(each for each in sys.path if each not in added)]


def sources(package: str) -> dict[str, str]:
    """Return the hash of each file of a package."""
    hashes = [sha256_of_folder(folder) for folder in folders_of(package)]
    return {name: sha for each in hashes for name, sha in each.items()}


def gpu_models() -> list[str]:
    """Return the models of the visible GPUs, each once; "none" where there is no GPU."""
    return sorted({gpu.model for gpu in visible_gpus()}) or ["none"]


def processor() -> str:
    """Name the processor: its model decides which kernels are used, and so the last digits."""
    if platform.system() == "Darwin":
        command = ["sysctl", "-n", "machdep.cpu.brand_string"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return cpuinfo("model name") or platform.processor() or platform.machine()


def cpuinfo(*names: str) -> str:
    """Return what Linux tells of the first processor under one of some names, empty elsewhere."""
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text().splitlines() if listing.exists() else []
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(names)), "")


def _packages() -> dict[str, str]:
    """Return the versions of the packages that pages depend on, directly or not."""
    versions, waiting, seen = {}, [Requirement(root) for root in ROOTS], set()
    path = kernel_path()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found = next(iter(distributions(name=name, path=path)), None)
        if found is None:
            if name == OWN:
                raise BookError(
                    f"{OWN} is not installed here: python -m pip install --no-deps -e . in the "
                    "book's folder"
                )
            continue
        versions[name] = found.version
        needed = map(Requirement, found.requires or [])
        waiting += [each for each in needed if _applies(each, extras)]
    versions.pop(OWN, None)
    return dict(sorted(versions.items()))


def _applies(requirement: Requirement, extras: Iterable[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in {"", *extras})

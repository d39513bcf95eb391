"""Renew requirements/colab.txt: `python requirements/colab.py LIST`, a path or an address.

LIST is what `pip freeze` says in Colab's image, as Google publishes it. Only the packages that a
chapter itself needs are taken from it: the first cell of a page installs what is then missing.
"""

import re
import sys
from datetime import date
from pathlib import Path
from urllib.request import urlopen

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).resolve().parent


def main(source: str) -> None:
    """Write the pins, or stop and say what is wrong with the list."""
    frozen = dict(re.findall(r"^([\w.-]+)==([\w.!+]+)$", listed(source), re.M))
    versions = {canonicalize_name(name): version for name, version in frozen.items()}
    pins = [f"{name}=={versions[name]}" for name in needed() if name in versions]
    if not any(pin.startswith("tensorflow==") for pin in pins):
        sys.exit(f"{source} pins no TensorFlow, so it is not the list of Colab's packages")
    header = f"# The versions in Colab's image on {date.today()}. `make colab` renews them."
    (HERE / "colab.txt").write_text("\n".join([header, *pins, ""]))
    print("Colab has " + " ".join(pins))


def listed(source: str) -> str:
    """Return the text of a list."""
    try:
        if "://" not in source:
            return Path(source).read_text("utf-8")
        with urlopen(source, timeout=60) as answer:
            return answer.read().decode("utf-8")
    except (OSError, ValueError) as error:
        sys.exit(f"Colab's list cannot be read: {error}\nName a copy of it: make colab FREEZE=PATH")


def needed() -> list[str]:
    """Return the names of the packages that a chapter needs."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text("utf-8"))["project"]
    return sorted(canonicalize_name(Requirement(each).name) for each in project["dependencies"])


if __name__ == "__main__":
    main(sys.argv[1])

"""Make .venv from a lock file: `python3 requirements/install.py [book|gpu|colab]`.

Runs on the bare Python of a fresh machine, so it is written for old versions too and says in
plain words what is missing.
"""

import ast
import os
import re
import subprocess
import sys

OLDEST, NEWEST = (3, 10), (3, 13)
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
VENV = os.path.join(ROOT, ".venv")
BIN = os.path.join(VENV, "Scripts" if os.name == "nt" else "bin")
PYTHON = os.path.join(BIN, "python")


# Of a user's own settings for pip and uv only those that say how packages are reached.
OF_THE_NETWORK = (
    "CACHE_DIR",
    "CERT",
    "CLIENT_CERT",
    "DEFAULT_TIMEOUT",
    "DISABLE_PIP_VERSION_CHECK",
    "EXTRA_INDEX_URL",
    "FIND_LINKS",
    "INDEX_URL",
    "KEYRING_PROVIDER",
    "NO_CACHE_DIR",
    "NO_INDEX",
    "PROXY",
    "RETRIES",
    "TIMEOUT",
    "TRUSTED_HOST",
)
OF_THE_NETWORK_FOR_UV = (
    "CACHE_DIR",
    "DEFAULT_INDEX",
    "EXTRA_INDEX_URL",
    "FIND_LINKS",
    "HTTP_RETRIES",
    "HTTP_TIMEOUT",
    "INDEX",
    "INDEX_STRATEGY",
    "INDEX_URL",
    "INSECURE_HOST",
    "KEYRING_PROVIDER",
    "LINK_MODE",
    "NATIVE_TLS",
    "NO_CACHE",
    "NO_INDEX",
    "OFFLINE",
    "SYSTEM_CERTS",
)


def main():
    lock = sys.argv[1] if len(sys.argv) > 1 else "book"
    if lock not in ("book", "gpu", "colab"):
        sys.exit("There is no lock called %r: choose book, gpu or colab." % lock)
    check_python()
    step("Making .venv with Python %d.%d" % sys.version_info[:2])
    run([sys.executable, "-m", "venv", "--clear", VENV])
    step("Installing the locked packages (half a gigabyte on the first run)")
    install_locked(os.path.join(HERE, lock + ".lock"))
    step("Installing rnn_utils and bookbuild from this folder")
    run(pip("--no-deps", "--no-build-isolation", "--quiet", "--editable", ROOT))
    step(".venv is ready")


def check_python():
    """Stop with a remedy if this Python cannot make the environment."""
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        sys.exit(
            "This is Python %d.%d (%s); the book runs on Python %d.%d to %d.%d.\n"
            "Install one of these and name it: make book PYTHON=python3.12"
            % (sys.version_info[:2] + (sys.executable,) + OLDEST + NEWEST)
        )
    try:
        import ensurepip  # noqa: F401  Debian ships Python without it
        import venv  # noqa: F401  only whether it is there
    except ImportError:
        sys.exit(
            "This Python (%s) cannot make virtual environments: its venv module is missing.\n"
            "On Debian or Ubuntu: sudo apt-get install python%d.%d-venv"
            % ((sys.executable,) + sys.version_info[:2])
        )


def install_locked(lock):
    """Install with uv, which is fast; with pip where uv cannot be had or reach the packages.

    A package that exists as sources only is built with the setuptools of the lock, hash and all.
    pip cannot be told so: it takes the newest.
    """
    uv = [os.path.join(BIN, "uv"), "pip", "install", "--python", PYTHON, "--compile-bytecode"]
    try:
        run(pip("--quiet", "--require-hashes", "-r", os.path.join(HERE, "installer.lock")))
        run(uv + ["--require-hashes", "--build-constraints", lock, "-r", lock])
    except subprocess.CalledProcessError:
        step("uv did not manage; trying pip, which takes a few minutes")
        run(pip("--require-hashes", "--progress-bar", "off", "-r", lock))


def pip(*arguments):
    return [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"] + list(arguments)


def run(command):
    subprocess.run(command, check=True, cwd=ROOT, env=environment())


def environment():
    """Return this process's environment without settings that install packages elsewhere."""
    kept = ["PIP_" + name for name in OF_THE_NETWORK]
    kept += ["UV_" + name for name in OF_THE_NETWORK_FOR_UV]
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PIP_", "UV_", "PYTHON"))
        or name in kept
        or re.match(r"UV_INDEX_\w+_(USERNAME|PASSWORD)$", name)
    }
    files = settings_in_files() if os.path.exists(PYTHON) else {}
    return dict(files, **dict(own, PIP_CONFIG_FILE=os.devnull))


def settings_in_files():
    """Return what a user's files of settings say of the network, as variables."""
    command = [PYTHON, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, stdout=subprocess.PIPE, universal_newlines=True).stdout
    found = {}
    for key, value in re.findall(r"^(?:global|install)\.([\w-]+)=('.*')$", listed, re.M):
        name = key.upper().replace("-", "_")
        if name in OF_THE_NETWORK:
            found["PIP_" + name] = ast.literal_eval(value)
    return found


def step(text):
    print("==> " + text, flush=True)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(
            "This step failed (its messages are above): %s\n"
            "Is the package registry reachable from here? .venv is incomplete: "
            "run the same command again." % " ".join(error.cmd)
        )

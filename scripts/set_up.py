"""Set everything up in this checkout: `.venv` with what requirements/dev.txt pins, and the models.

`make setup` calls it. It starts under any Python from 3.6 on (a sentence tells when none is new enough),
needs no root, can be stopped and started again, and does nothing twice.
"""

import ast
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BOOT = os.path.join(ROOT, "build", "boot")
VENV = os.path.join(ROOT, ".venv")
VENV_PYTHON = os.path.join(VENV, "bin", "python")
OLDEST = (3, 10)
NEWEST = (3, 14)
LLAMA = re.compile(r"^llama-cpp-python==(\S+)(?:[^\n]*\\\n)*[^\n]*\n", re.MULTILINE)
"""Its whole entry in requirements/dev.txt, hashes included."""


class SetUpError(Exception):
    """A sentence for the user."""


def say(text):
    print("setup: " + text, flush=True)


def run(command, why, **more):
    """Run quietly; show what it said only where it failed."""
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more
    )
    if done.returncode:
        sys.stderr.write(done.stdout.decode(errors="replace")[-6000:] + "\n")
        raise SetUpError(why)
    return done.stdout.decode(errors="replace")


def find_python():
    """The interpreter for .venv: the one on PATH as python3, else a versioned one, newest first."""
    names = ["python3"] + [f"python3.{minor}" for minor in range(NEWEST[1], OLDEST[1] - 1, -1)]
    seen = []
    for name in [sys.executable] + [found for found in map(shutil.which, names) if found]:
        version = version_of(name)
        if version and OLDEST <= version <= NEWEST:
            return name
        if version:
            seen.append("{}.{}".format(*version))
    found = ", ".join(sorted(set(seen))) or "none"
    raise SetUpError(
        f"Python {OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]} is needed, and on PATH there is {found}. "
        "Install one, for example with `apt install python3 python3-venv`, or put it on PATH."
    )


def version_of(python):
    try:
        text = subprocess.check_output(
            [python, "-c", "import sys; print(*sys.version_info[:2])"], stderr=subprocess.DEVNULL
        )
        major, minor = text.split()
        return int(major), int(minor)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def find_uv(python):
    """The pinned uv, installed by pip into build/boot, so that pip's own configuration is honoured."""
    uv = os.path.join(BOOT, "bin", "uv")
    stamp = os.path.join(BOOT, "installed.txt")
    pinned = os.path.join(ROOT, "requirements", "boot.txt")
    if os.path.exists(uv) and same(stamp, pinned):
        return uv
    shutil.rmtree(BOOT, ignore_errors=True)
    say("fetching the installer (uv)")
    install = ["install", "-q", "--disable-pip-version-check", "--require-hashes", "-r", pinned]
    try:
        run([python, "-m", "venv", BOOT], "")
        run([os.path.join(BOOT, "bin", "python"), "-m", "pip", *install], "uv could not be fetched.")
    except SetUpError as error:
        # Debian's python3 without python3-venv has no ensurepip, but may have pip.
        shutil.rmtree(BOOT, ignore_errors=True)
        try:
            run([python, "-m", "pip", *install, "--target", BOOT], "")
        except SetUpError:
            raise SetUpError(
                f"{error} The lines above say why: if ensurepip is missing, install python3-venv; if nothing "
                "could be fetched, look at the network and at pip's configuration."
            ) from None
    shutil.copyfile(pinned, stamp)
    return uv


def same(one, other):
    try:
        with open(one, "rb") as a, open(other, "rb") as b:
            return a.read() == b.read()
    except OSError:
        return False


def uv_environment(python):
    """The environment for uv: the system's certificates, and the package index that pip is told to use."""
    env = dict(os.environ, UV_SYSTEM_CERTS="1", UV_PYTHON_DOWNLOADS="never", UV_NO_PROGRESS="1")
    env.pop("VIRTUAL_ENV", None)
    # Last on PATH, for a Python that comes without any pip.
    env["PATH"] = os.pathsep.join([env.get("PATH", os.defpath), os.path.join(BOOT, "bin")])
    settings = pip_settings(python)
    if settings.get("index-url"):
        env.setdefault("UV_DEFAULT_INDEX", settings["index-url"])
    if settings.get("cert"):
        env.setdefault("SSL_CERT_FILE", settings["cert"])
    return env


def pip_settings(python):
    boot_python = os.path.join(BOOT, "bin", "python")
    try:
        text = subprocess.check_output(
            [boot_python if os.path.exists(boot_python) else python, "-m", "pip", "config", "list"],
            stderr=subprocess.DEVNULL,
        ).decode()
    except (OSError, subprocess.SubprocessError):
        return {}
    settings = {}
    for line in text.splitlines():
        name, _, value = line.partition("=")
        try:
            settings[name.strip().rpartition(".")[2]] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            continue
    return settings


def make_environment(python, uv, env):
    if version_of(VENV_PYTHON) != version_of(python):
        say("creating .venv with Python {}.{}".format(*version_of(python)))
        run(
            [uv, "venv", "-q", "--clear", "--python", python, VENV],
            "The environment .venv could not be created.",
            env=env,
        )


def install_llama(uv, env):
    """llama.cpp comes as source only: build it once for this user and machine, then install the wheel."""
    wanted = llama_version()
    have = run([VENV_PYTHON, "-c", "import importlib.util as u; print(bool(u.find_spec('llama_cpp')))"], "")
    shown = f"llama_cpp_python-{wanted}.dist-info"
    site = os.path.join(VENV, "lib", "python{}.{}".format(*version_of(VENV_PYTHON)), "site-packages")
    if have.strip() == "True" and os.path.isdir(os.path.join(site, shown)):
        return
    say("looking for llama.cpp, built for this machine (the first build takes some minutes)")
    begun = time.time()
    done = subprocess.run(
        [VENV_PYTHON, os.path.join(ROOT, "scripts", "build_llama.py")],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
    )
    if done.returncode:
        raise SetUpError("llama.cpp could not be built; the lines above say why and what to do.")
    wheel = done.stdout.decode().split("\n")[-2].strip()
    run(
        [uv, "pip", "install", "-q", "--python", VENV_PYTHON, "--no-deps", wheel],
        f"The llama.cpp wheel {wheel} could not be installed.",
        env=env,
    )
    if time.time() - begun > 20:
        say(f"llama.cpp was built in {time.time() - begun:.0f} s and is kept for the next time: {wheel}")


def llama_version():
    found = LLAMA.search(pinned_text())
    if found is None:
        raise SetUpError("requirements/dev.txt pins no llama-cpp-python; run `make lock`.")
    return found.group(1)


def pinned_text():
    with open(os.path.join(ROOT, "requirements", "dev.txt"), encoding="utf-8") as file:
        return file.read()


def install_the_rest(uv, env):
    say("installing what requirements/dev.txt pins")
    # Without llama-cpp-python: its build is tried out in this environment before it is installed.
    pinned = os.path.join(ROOT, "build", "requirements.txt")
    with open(pinned, "w", encoding="utf-8") as file:
        file.write(LLAMA.sub("", pinned_text()))
    pip = [uv, "pip", "install", "-q", "--python", VENV_PYTHON]
    run([*pip, "--require-hashes", "-r", pinned], "The pinned packages could not be installed.", env=env)
    run(
        [*pip, "--no-deps", "--no-build-isolation", "-e", ROOT],
        "GenX itself could not be installed.",
        env=env,
    )


def pull_models(env):
    say("looking for the models")
    pull = [os.path.join(VENV, "bin", "genx-lsp"), "models", "pull", "--all"]
    if subprocess.run(pull, cwd=ROOT, env=env, stdin=subprocess.DEVNULL).returncode:
        raise SetUpError("A model could not be fetched; the lines above say why.")


def main():
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    with open(os.path.join(ROOT, "build", "set-up.lock"), "w") as lock:
        # Two makes at once (a demo and a test run) would write over each other in .venv.
        fcntl.flock(lock, fcntl.LOCK_EX)
        python = find_python()
        uv = find_uv(python)
        env = uv_environment(python)
        make_environment(python, uv, env)
        install_the_rest(uv, env)
        install_llama(uv, env)
        pull_models(env)
    say("done")


if __name__ == "__main__":
    try:
        main()
    except SetUpError as problem:
        sys.exit(f"setup: {problem}")
    except KeyboardInterrupt:
        sys.exit("setup: stopped; start it again to go on.")

"""Ask whether anything in a lock file has a known vulnerability; a sentence where that cannot be asked.

python scripts/audit.py PIP_AUDIT LOCK_FILE

Ends with 0 where nothing is known, 1 where something is, 2 where it could not be asked of everything.
"""

import json
import subprocess
import sys

SECONDS = 900
ADVICE = "It takes a network that lets pip-audit ask the Python package index itself; try again there."


def main():
    program, lock = sys.argv[1:]
    # The lock file has everything in it, with hashes: nothing is resolved, downloaded or installed.
    options = ["--require-hashes", "--disable-pip", "--progress-spinner", "off", "--format", "json"]
    command = [program, "--requirement", lock, *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        packages = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        print(f"audit: Nothing is known: there was no answer in {SECONDS // 60} minutes. {ADVICE}")
        return 2
    except (ValueError, KeyError):
        print((done.stderr.strip().splitlines() or ["pip-audit said nothing"])[-1])
        print(f"audit: Nothing is known: the index could not be asked. {ADVICE}")
        return 2
    found = [(p, v) for p in packages for v in p.get("vulns", ())]
    for package, about in found:
        mended = ", ".join(about["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {about['id']}, mended in {mended}")
    # A mirror of the index that knows only files answers for none, which pip-audit takes for no fault.
    skipped = [p["name"] for p in packages if "skip_reason" in p]
    known = len(packages) - len(skipped)
    print(f"audit: {len(found)} known vulnerabilities in {known} of {len(packages)} packages.")
    if skipped:
        print(
            f"audit: The index could not say anything of {len(skipped)}: {', '.join(skipped[:8])}. {ADVICE}"
        )
    return 1 if found else 2 if skipped else 0


if __name__ == "__main__":
    sys.exit(main())

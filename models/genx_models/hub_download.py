"""`python -m genx_models.hub_download REPO REVISION FILE FOLDER`: one file from the Hugging Face hub."""

from __future__ import annotations

import os
import sys

_ANSWER_WITHIN = 6.0
"""Seconds. The hub library itself tries for half a minute to resolve a name that is not there."""


def main() -> None:
    """Entry point of the process; ends with a reason on stderr if it cannot be done."""
    repo, revision, file, folder = sys.argv[1:]
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    if os.environ.get("HF_HUB_OFFLINE", "").lower() in ("1", "true", "yes", "on"):
        sys.exit("ERROR: the hub is switched off (HF_HUB_OFFLINE)")
    try:
        import huggingface_hub as hub
    except ImportError as error:
        sys.exit(f"ERROR: huggingface_hub is not installed ({error})")
    try:
        address = hub.hf_hub_url(repo, file, revision=revision)
        hub.get_session().head(address, timeout=_ANSWER_WITHIN)
    except Exception as error:
        # Whatever the hub library raises, the parent process needs it in a sentence.
        sys.exit(f"ERROR: no connection ({_reason(error)})")
    try:
        # The models are public: the user's token stays at home.
        hub.hf_hub_download(repo, file, revision=revision, local_dir=folder, token=False)
    except Exception as error:
        # Whatever the hub library raises, the parent process needs it in a sentence.
        sys.exit(f"ERROR: {_reason(error)}")


def _reason(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]


if __name__ == "__main__":
    main()

"""Write the settings into the VS Code extension and the documentation; with --check, only compare.

In `editors/vscode/package.json` the object `contributes.configuration` is replaced, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from genx_lsp.config import vscode_configuration
from genx_lsp.config.schema import settings_page

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "editors" / "vscode" / "package.json"
PAGE = ROOT / "docs" / "settings.md"


def wanted() -> dict[Path, str]:
    """The two files as they should be."""
    package = json.loads(PACKAGE.read_text(encoding="utf-8"))
    contributes = package["contributes"]
    contributes["configuration"] = vscode_configuration(contributes.get("configuration"))
    return {
        PACKAGE: json.dumps(package, indent=2, ensure_ascii=False) + "\n",
        PAGE: settings_page(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail where something would change"
    )
    check = parser.parse_args().check
    stale = [
        (path, text)
        for path, text in wanted().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        print(f"{path.relative_to(ROOT)}: {'is not what the settings say' if check else 'written'}")
        if not check:
            path.write_text(text, encoding="utf-8")
    if check and stale:
        sys.exit("Run `make schema`.")


if __name__ == "__main__":
    main()

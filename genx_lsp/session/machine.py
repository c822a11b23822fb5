"""Whether the machine has something better to do than work that nobody waits for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

_LOW_PERCENT = 20
_RUNNABLE_A_CORE = 2.0
"""Threads that want a core, for each there is: beyond it everyone waits for everyone, and decoding crawls."""
_LOOKS = 3
_PAUSE_SECONDS = 0.1
_PMSET = re.compile(r"(\d+)%;\s*(\w+)")


class Machine:
    """Reads battery and load, from files that tests can name."""

    def __init__(
        self, power: Path = Path("/sys/class/power_supply"), load: Path = Path("/proc/loadavg")
    ) -> None:
        self._power = power
        self._load = load

    def battery(self) -> int | None:
        """The charge in percent while the machine runs on its battery; None on mains, or where none is."""
        if sys.platform == "darwin":
            return _mac_battery()
        charges = []
        for supply in sorted(self._power.glob("*")):
            kind, online = _text(supply / "type"), _text(supply / "online")
            if kind in ("Mains", "USB") and online == "1":
                return None
            # A mouse has a battery too.
            if kind == "Battery" and _text(supply / "scope") != "Device":
                capacity = _text(supply / "capacity")
                if _text(supply / "status") == "Discharging" and capacity.isdigit():
                    charges.append(int(capacity))
        return min(charges, default=None)

    def battery_is_low(self) -> bool:
        """It runs on its battery, and that will not last long."""
        charge = self.battery()
        return charge is not None and charge < _LOW_PERCENT

    def busy(self) -> bool:
        """Others want far more of the cores than there is, and not just for a moment."""
        for look in range(_LOOKS):
            if look:
                time.sleep(_PAUSE_SECONDS)
            if self._runnable() <= _RUNNABLE_A_CORE * (os.cpu_count() or 1):
                return False
        return True

    def _runnable(self) -> float:
        fields = _text(self._load).split()
        if len(fields) > 3 and fields[3].partition("/")[0].isdigit():
            # Without the thread that reads it.
            return int(fields[3].partition("/")[0]) - 1
        try:
            return os.getloadavg()[0]
        except (AttributeError, OSError):
            return 0.0


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii", "replace").strip()
    except OSError:
        return ""


def _mac_battery() -> int | None:
    try:
        says = subprocess.run(["pmset", "-g", "batt"], capture_output=True, text=True, timeout=5).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return read_pmset(says)


def read_pmset(says: str) -> int | None:
    """The charge in what `pmset -g batt` says, while the battery is in use."""
    found = _PMSET.search(says)
    return int(found[1]) if found and found[2] == "discharging" else None

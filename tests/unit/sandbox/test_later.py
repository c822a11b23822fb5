"""The second look is on another day by whatever a program makes of it, whichever day the first look is on."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from genx_sandbox.guest.elsewhere import LATER

PARTS = {
    "year": lambda moment: moment.year,
    "decade's year": lambda moment: moment.year % 10,
    "quarter": lambda moment: (moment.month - 1) // 3,
    "month": lambda moment: moment.month,
    "day of the month": lambda moment: moment.day,
    "day of the year": lambda moment: moment.timetuple().tm_yday,
    "week": lambda moment: moment.isocalendar()[1],
    "weekday": lambda moment: moment.weekday(),
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
}


@pytest.mark.parametrize("hour", [0, 12, 23])
@pytest.mark.parametrize("part", PARTS)
def test_no_part_of_a_date_stays_what_it_was(part, hour):
    read = PARTS[part]
    start = datetime(2024, 1, 1, hour, 55, 40)
    days = [start + timedelta(days=day) for day in range(9 * 366)]
    assert [day for day in days if read(day) == read(day + timedelta(seconds=LATER))] == []

"""The boards of a file of contributions, worked out without any of scorekeeper's code.

    python3 tests/boards.py FILE DAYS TODAY

reads user_id, date and points from the CSV file FILE, moves every date by DAYS, and prints as JSON what each period's
board is on the day TODAY under each ranking: {"all_time": {"dense_rank": [[user_id, score, position], ...], ...}, ...}.
"""

import calendar
import csv
import json
import sys
from collections import defaultdict
from datetime import date, timedelta

MONTHS = {"yearly": 12, "quarterly": 3, "monthly": 1}
DAYS = {"weekly": 7, "daily": 1}


def months_before(day, count):
    """The same day of the month, or the month's last if it has no such day."""
    months = day.year * 12 + day.month - 1 - count
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, calendar.monthrange(year, month)[1]))


def windows(today):
    yield "all_time", date.min
    for period, count in MONTHS.items():
        yield period, months_before(today, count)
    for period, count in DAYS.items():
        yield period, today - timedelta(days=count)


def board(events, first, last):
    sums = defaultdict(int)
    for user_id, day, points in events:
        if first <= day <= last:
            sums[user_id] += points
    ranked = sorted(sums.items(), key=lambda entry: (-entry[1], entry[0]))
    boards = {"dense_rank": [], "rank": [], "row_number": []}
    dense = rank = 0
    before = None
    for row, (user_id, score) in enumerate(ranked, start=1):
        if score != before:
            dense, rank, before = dense + 1, row, score
        for ranking, position in ("dense_rank", dense), ("rank", rank), ("row_number", row):
            boards[ranking].append([user_id, score, position])
    return boards


def main(file, days, today):
    moved, today = timedelta(days=int(days)), date.fromisoformat(today)
    with open(file, newline="", encoding="utf-8") as rows:
        events = [
            (int(row["user_id"]), date.fromisoformat(row["date"]) + moved, int(row["points"]))
            for row in csv.DictReader(rows)
        ]
    json.dump({period: board(events, first, today) for period, first in windows(today)}, sys.stdout)


main(*sys.argv[1:])

"""A client of scorekeeper in the Python standard library: copy this file into your project.

    URL=http://127.0.0.1:8000 KEY=… python3 scorekeeper_client.py

runs a short demonstration against a server. It leaves the history of a few deleted events behind, and has the scores recalculated once,
which may be asked for five times within 24 hours.
"""

import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

EVENTS = "/admin/plugins/gamification/score_events"
RECALCULATE = "/admin/plugins/gamification/recalculate-scores"


class ScorekeeperError(Exception):
    """The server refused a request; `error_type` is for programs, the text for people."""

    def __init__(self, status, error_type, sentence, extras):
        super().__init__(sentence)
        self.status = status
        self.error_type = error_type
        self.extras = extras


class InsufficientPoints(ScorekeeperError):
    """A redemption was refused; `score` is what the user may spend."""

    @property
    def score(self):
        return self.extras["score"]


class Scorekeeper:
    """One server, one key, one acting username.

    Reads, and writes that carry an Idempotency-Key, are tried again when the connection breaks or the server answers
    503. A new event gets such a key by itself, so it is stored once however often it is sent.
    """

    def __init__(self, url, key, username="system", timeout=30.0, attempts=5):
        self.url = url.rstrip("/")
        self.headers = {"Api-Key": key, "Api-Username": username, "Accept": "application/json"}
        self.timeout = timeout
        self.attempts = attempts

    def award(self, user_id, date, points, description=None, idempotency_key=None):
        """Stores an event and returns it. `date` is a datetime.date or "YYYY-MM-DD"; `points` may be negative."""
        return self._create(
            {"user_id": user_id, "date": str(date), "points": points, "description": description}, idempotency_key
        )

    def redeem(self, user_id, date, cost, description=None, minimum_score=0, idempotency_key=None):
        """Takes `cost` points if `minimum_score` stay, else raises InsufficientPoints and nothing is stored.

        Pass your order's number as `idempotency_key`: then even a restart of your program in between can't take the
        points twice. A refusal is remembered under its key as well: use a new key for a new attempt.
        """
        event = {"user_id": user_id, "date": str(date), "points": -cost, "description": description}
        return self._create({**event, "minimum_score": minimum_score}, idempotency_key)

    def list(self, **filters):
        """Yields events, page after page: id, user_id, date, from_date, to_date, order="desc"."""
        path = EVENTS
        query = urllib.parse.urlencode({name: str(value) for name, value in filters.items()})
        if query:
            path += "?" + query
        while path:
            page, headers = self._request("GET", path)
            yield from page["events"]
            path = _next_page(headers.get_all("Link", []))

    def event(self, event_id):
        """One event."""
        return self._request("GET", f"{EVENTS}/{event_id}")[0]

    def correct(self, event_id, points, description=None):
        """Sets the points of an event; a description of None stays as it is, "" clears it."""
        self._request("PUT", EVENTS, {"id": event_id, "points": points, "description": description})

    def delete(self, event_id):
        """Takes an event back; its history stays."""
        self._request("DELETE", f"{EVENTS}/{event_id}")

    def history(self, event_id):
        """What became of an event, oldest first, and who did it."""
        return self._request("GET", f"{EVENTS}/{event_id}/history")[0]["revisions"]

    def score(self, user_id, period="all_time"):
        """The score of a user: all_time, yearly, quarterly, monthly, weekly or daily."""
        return self._request("GET", f"/users/{user_id}/score?period={period}")[0]

    def days(self, user_id, from_date=None, to_date=None):
        """The scores of a user's days, oldest first."""
        window = {"from_date": from_date, "to_date": to_date}
        query = urllib.parse.urlencode({name: str(day) for name, day in window.items() if day is not None})
        return self._request("GET", f"/users/{user_id}/days?{query}")[0]["days"]

    def recalculate(self, from_date=None):
        """Rebuilds the scores from a date on, in the background."""
        self._request("PUT", RECALCULATE, {"from_date": from_date and str(from_date)})

    def recalculation(self):
        """How the recalculation stands, and how many may still be asked for today."""
        return self._request("GET", RECALCULATE)[0]

    def _create(self, event, idempotency_key):
        return self._request("POST", EVENTS, event, idempotency_key or str(uuid.uuid4()))[0]

    def _request(self, method, path, body=None, idempotency_key=None):
        headers = dict(self.headers)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        if idempotency_key is not None:
            headers["Idempotency-Key"] = idempotency_key
        attempts = self.attempts if method == "GET" or idempotency_key else 1
        for attempt in range(1, attempts + 1):
            request = urllib.request.Request(self.url + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(request, timeout=self.timeout) as reply:
                    return json.load(reply), reply.headers
            except urllib.error.HTTPError as refusal:
                with refusal:
                    if refusal.code != 503 or attempt == attempts:
                        raise _error_from(refusal) from None
                    pause = float(refusal.headers.get("Retry-After", attempt))
            except (OSError, http.client.HTTPException):
                if attempt == attempts:
                    raise
                pause = attempt
            time.sleep(pause)


def from_environment(username="system"):
    """The server that URL names, with the key in KEY. Without both, the program says how to call it and ends."""
    url, key = os.environ.get("URL"), os.environ.get("KEY")
    if not url or not key:
        print(f"usage: URL=http://127.0.0.1:8000 KEY=… python3 {sys.argv[0]}", file=sys.stderr)
        sys.exit(2)
    return Scorekeeper(url, key, username)


def _next_page(links):
    """The path in `<PATH>; rel="next"`, if there is one."""
    for link in links:
        target, _, relation = link.partition(";")
        if relation.strip() == 'rel="next"':
            return target.strip()[1:-1]
    return None


def _error_from(reply):
    """An error out of a refusal; a proxy in between may have answered with something else than JSON."""
    try:
        fault = json.load(reply)
        sentence, error_type, extras = fault["errors"][0], fault["error_type"], fault.get("extras", {})
    except (ValueError, LookupError, TypeError):
        sentence, error_type, extras = f"the server answered {reply.code}", "", {}
    kind = InsufficientPoints if error_type == "insufficient_points" else ScorekeeperError
    return kind(reply.code, error_type, sentence, extras)


def demonstrate(points, user_id):
    """The story of one user: awarded, corrected, redeemed and cleaned up again."""
    event = points.award(user_id, "2023-04-14", 15, "Karaoke night")
    print("awarded:", event)
    assert (event["user_id"], event["date"], event["points"]) == (user_id, "2023-04-14", 15)

    points.correct(event["id"], 25)
    print("corrected:", points.event(event["id"]))
    assert points.event(event["id"])["description"] == "Karaoke night"
    changes = [(change["action"], change["points"]) for change in points.history(event["id"])]
    print("history:", changes)
    assert changes == [("create", 15), ("update", 25)]

    order = f"order-{uuid.uuid4()}"
    redemption = points.redeem(user_id, "2023-05-02", 20, "A mug", idempotency_key=order)
    again = points.redeem(user_id, "2023-05-02", 20, "A mug", idempotency_key=order)
    print("redeemed once, sent twice:", redemption)
    assert redemption == again
    try:
        points.redeem(user_id, "2023-05-02", 20, "Another mug")
        raise AssertionError("20 points were spent of a balance of 5")
    except InsufficientPoints as refusal:
        print("refused:", refusal)
        assert refusal.score == 5

    for extra in range(3):
        points.award(user_id, "2023-05-03", extra)
    score = points.score(user_id)
    print("score:", score)
    assert score["total_score"] == 8
    days = points.days(user_id, from_date="2023-04-30")
    print("days:", days)
    assert days == [{"date": "2023-05-02", "score": -20}, {"date": "2023-05-03", "score": 3}]

    points.recalculate("2023-04-14")
    print("recalculation:", points.recalculation())

    events = list(points.list(user_id=user_id, order="desc", limit=2))
    print("events, newest first:", [event["id"] for event in events])
    assert len(events) == 5 and events == sorted(events, key=lambda event: -event["id"])
    for event in events:
        points.delete(event["id"])
    print("score in the end:", points.score(user_id)["total_score"])
    assert points.score(user_id)["total_score"] == 0


if __name__ == "__main__":
    demonstrate(from_environment(), random.randrange(10**9, 2 * 10**9))

"""Posts many events at once, all or none, and never twice. It needs nothing but the Python standard library.

    URL=http://127.0.0.1:8000 KEY=… python3 post_batch.py events.json

events.json is a list of events, each as in a POST: {"user_id": 13, "date": "2023-04-14", "points": 15}, or with a
"username" in place of the number; "description" and "minimum_score" are optional. A longer list goes in batches of 10,000.

Each batch carries an Idempotency-Key that is made of what it holds. So it is stored once, however often it is sent: after a
broken connection, after an error of the server, and also when this program is run again with the same file.
"""

import hashlib
import http.client
import json
import os
import random
import sys
import time
import urllib.error
import urllib.request

BATCH = "/admin/plugins/gamification/score_events/batch"
EVENTS_MAX = 10_000
ATTEMPTS = 8


class Refused(Exception):
    """The server refused a batch, and nothing of it is stored."""


def post(url, key, events):
    """Stores the events, or finds that they are stored already. Returns them with their ids, in the same order."""
    body = json.dumps({"events": events}).encode()
    headers = {
        "Api-Key": key,
        "Api-Username": os.environ.get("API_USERNAME", "system"),
        "Content-Type": "application/json",
        "Idempotency-Key": "batch-" + hashlib.sha256(body).hexdigest(),
    }
    for attempt in range(ATTEMPTS):
        request = urllib.request.Request(url.rstrip("/") + BATCH, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.load(reply)["events"]
        except urllib.error.HTTPError as error:
            if error.code not in (429, 500, 502, 503, 504):
                raise Refused(sentence(error, events)) from None
            reason, wait = f"the server answered {error.code}", error.headers.get("Retry-After")
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason, wait = f"the connection broke ({error})", None
        # As long as the server says, else twice as long each time; a bit of chance keeps many clients apart.
        seconds = float(wait) if wait and wait.isdigit() else min(30, 0.2 * 2**attempt)
        print(f"{reason}; once more", file=sys.stderr)
        time.sleep(seconds * random.uniform(1, 1.2))
    raise Refused(f"given up after {ATTEMPTS} attempts; run this again, and nothing is stored twice")


def sentence(error, events):
    """What the server says, with the event that it is about."""
    try:
        answer = json.load(error)
    except ValueError:
        return f"the server answered {error.code}"
    index = answer.get("extras", {}).get("index")
    about = f" (event {index} of the batch: {json.dumps(events[index])})" if index is not None else ""
    return answer["errors"][0] + about


def main():
    url, key = os.environ.get("URL"), os.environ.get("KEY")
    if len(sys.argv) != 2 or not url or not key:
        print(f"usage: URL=http://127.0.0.1:8000 KEY=… python3 {sys.argv[0]} events.json", file=sys.stderr)
        sys.exit(2)
    with open(sys.argv[1], encoding="utf-8") as file:
        events = json.load(file)
    stored = []
    for start in range(0, len(events), EVENTS_MAX):
        try:
            stored += post(url, key, events[start : start + EVENTS_MAX])
        except Refused as refusal:
            sys.exit(f"{len(stored)} of {len(events)} events are stored. The next batch is not: {refusal}")
    print(f"{len(stored)} events are stored, {stored[0]['id']} to {stored[-1]['id']}" if stored else "there are no events")


if __name__ == "__main__":
    main()

#!/bin/sh
# The same story as curl.sh, shorter, with JSON made by jo (https://github.com/jpmens/jo); curl 7.82 or newer.
#
#   URL=http://127.0.0.1:8000 KEY=… examples/jo.sh
#
# It leaves a few events of user 13 behind (or of USER_ID, if that is set), so try it on a throwaway database.
set -eu

: "${URL:?set URL, as in URL=http://127.0.0.1:8000}"
: "${KEY:?set KEY to an API key}"
USER_ID=${USER_ID:-13}
EVENTS="$URL/admin/plugins/gamification/score_events"

# Prints the reply and fails on an error status.
call() {
  curl -sS --fail-with-body "$@" -H "Api-Key: $KEY" -H 'Api-Username: system'
  echo
}

echo "Award 15 points:"
event=$(jo -p user_id="$USER_ID" date=2023-04-14 points=15 description='Karaoke night' | call --json @- -XPOST "$EVENTS")
echo "$event"
id=$(echo "$event" | sed 's/^{"id":\([0-9]*\),.*/\1/')

echo "Correct it to 25 points:"
jo -p id="$id" points=25 description='Keynote' | call --json @- -XPUT "$EVENTS"

echo "Redeem 20 points, but only if the score does not fall below 0:"
jo -p user_id="$USER_ID" date=2023-05-02 points=-20 minimum_score=0 description='A mug' |
  call --json @- -XPOST "$EVENTS" -H "Idempotency-Key: mug-$(date +%s)-$$"

echo "The score, day by day and in all:"
call "$URL/users/$USER_ID/days"
call "$URL/users/$USER_ID/score"

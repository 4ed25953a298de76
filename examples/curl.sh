#!/bin/sh
# A small story told with curl: points are awarded, listed, corrected, looked back on and redeemed.
#
#   URL=http://127.0.0.1:8000 KEY=… examples/curl.sh
#
# It leaves a few events of user 13 behind (or of USER_ID, if that is set), so try it on a throwaway database. In the end it has the
# scores recalculated, which is one of the five times that this may be asked for within 24 hours.
set -eu

: "${URL:?set URL, as in URL=http://127.0.0.1:8000}"
: "${KEY:?set KEY to an API key}"
USER_ID=${USER_ID:-13}
EVENTS="$URL/admin/plugins/gamification/score_events"

# Prints the reply and fails on an error status.
call() {
  curl -sS --fail-with-body "$@" -H "API-Key: $KEY" -H 'API-Username: system'
  echo
}

echo "Award 15 points:"
event=$(call -X POST "$EVENTS.json" -H 'Content-Type: application/json' \
  -d "{\"user_id\": $USER_ID, \"date\": \"2023-04-14\", \"points\": 15, \"description\": \"Karaoke night\"}")
echo "$event"
id=$(echo "$event" | sed 's/^{"id":\([0-9]*\),.*/\1/')

echo "List the user's events of that day:"
call "$EVENTS.json?user_id=$USER_ID&date=2023-04-14"

echo "Correct it to 25 points:"
call -L -X PUT "$EVENTS.json" -H 'Content-Type: application/json' \
  -d "{\"id\": $id, \"points\": 25, \"description\": \"Keynote\"}"

echo "Its history:"
call "$EVENTS/$id/history"

# The Idempotency-Key names this one redemption: send the same request again, and the answer comes again, but nothing is
# stored twice. A form body will do as well as JSON.
redemption="mug-$(date +%s)-$$"
redeem() {
  call -X POST "$EVENTS" -H "Idempotency-Key: $redemption" \
    -d user_id="$USER_ID" -d date=2023-05-02 -d points=-20 -d minimum_score=0 -d description='A mug'
}
echo "Redeem 20 points, but only if the score does not fall below 0:"
redeem
echo "The same again, as after a lost connection; nothing more is stored:"
redeem

echo "The score:"
call "$URL/users/$USER_ID/score"

echo "Rebuild the scores from that day on:"
call -X PUT "$URL/admin/plugins/gamification/recalculate-scores.json" -d from_date=2023-04-14
call "$URL/admin/plugins/gamification/recalculate-scores.json"

#!/usr/bin/env bash
# Keep at most one issue open about the weekly run: a failure opens the next and closes the one
# before it, a success closes it. NEWEST, COLAB and AUDIT hold the results of the jobs.
set -euo pipefail

label=weekly
run="$GITHUB_SERVER_URL/$GITHUB_REPOSITORY/actions/runs/$GITHUB_RUN_ID"
earlier=$(gh issue list --label "$label" --state open --limit 100 --json number --jq '.[].number')

if [ "$NEWEST $COLAB $AUDIT" = "success success success" ]; then
  comment="The weekly run passes again: $run"
else
  gh label create "$label" --force --description "The weekly run fails"
  body="With the newest versions: $NEWEST. With the versions in Colab's image: $COLAB."
  body="$body Search for known vulnerabilities: $AUDIT. See $run"
  issue=$(gh issue create --label "$label" --title "The weekly run fails" --body "$body")
  comment="The weekly run still fails: $issue"
fi
for number in $earlier; do
  gh issue close "$number" --comment "$comment"
done

head -c 3000000 /dev/zero > big
curl -sS -H "x-api-key: $ANTHROPIC_API_KEY" -H "Expect: 100-continue" -T big         "$ANTHROPIC_BASE_URL/v1/upload"; echo
curl -sS -H "x-api-key: $ANTHROPIC_API_KEY" -H "Transfer-Encoding: chunked" -T big         "$ANTHROPIC_BASE_URL/v1/chunked"; echo
curl -sSN -H "x-api-key: $ANTHROPIC_API_KEY" "$ANTHROPIC_BASE_URL/v1/slow" |
    while read -r line; do printf '%s ' "$line $(date +%s%N)"; done

# $api is the address of the server, $token a token or a key.
graphql() { curl -sS --fail-with-body "$api/graphql" -H "Authorization: Bearer $token" "$@"; echo; }

# An operation, and a query by GET.
graphql -H 'Content-Type: application/json' -d '{"query": "query($n: Int) { dashboards(first: $n) { nodes { name } } }", "variables": {"n": 3}}'
graphql -G --data-urlencode 'query={ me { email } }'

# A file; the job's id is in the answer.
job=$(graphql \
    -F operations='{"query": "mutation($file: Upload!) { importCsv(input: {name: \"sales\", file: $file}) { job { id } } }", "variables": {"file": null}}' \
    -F map='{"0": ["variables.file"]}' -F 0=@sales.csv | grep -o 'job_[0-9a-f]*')

# Events, until there are no more; -N shows each as it comes.
graphql -N -G -H 'Accept: text/event-stream' --data-urlencode "variables={\"id\": \"$job\"}" \
    --data-urlencode 'query=subscription($id: ID!) { importProgress(jobId: $id) { seq status progress } }'

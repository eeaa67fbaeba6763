package tabletest

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Operations passes requests on to a DynamoDB server and counts them by
// operation.
type Operations struct {
	Next http.RoundTripper // nil is http.DefaultTransport

	mu   sync.Mutex
	made map[string]int
}

// Operation is the DynamoDB operation that a request asks for.
func Operation(r *http.Request) string {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return op
}

// RoundTrip implements [http.RoundTripper].
func (o *Operations) RoundTrip(r *http.Request) (*http.Response, error) {
	o.mu.Lock()
	if o.made == nil {
		o.made = map[string]int{}
	}
	o.made[Operation(r)]++
	o.mu.Unlock()
	if o.Next == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	return o.Next.RoundTrip(r)
}

// Count is how often the operation was asked for.
func (o *Operations) Count(op string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.made[op]
}

// byKey are the operations that name the items or the one partition they touch,
// and those that look after tables.
var byKey = []string{
	"GetItem", "BatchGetItem", "Query", "PutItem", "DeleteItem", "TransactWriteItems",
	"CreateTable", "UpdateTable", "DescribeTable", "UpdateTimeToLive", "DescribeTimeToLive",
	"UpdateContinuousBackups", "DescribeContinuousBackups",
}

// WantNoScan fails where an operation may have read a whole table.
func (o *Operations) WantNoScan(t testing.TB) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.made) == 0 {
		t.Error("no call was recorded, so nothing is shown")
	}
	for op, n := range o.made {
		if !slices.Contains(byKey, op) {
			t.Errorf("%d calls of %s", n, op)
		}
	}
}

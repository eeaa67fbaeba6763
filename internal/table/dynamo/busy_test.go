package dynamo

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"github.com/karuta-bi/karuta/internal/table"
)

func card(t *testing.T, name string) table.Key {
	return table.Key{Table: table.Cards, PK: t.Name() + name, SK: "METADATA"}
}

// calls are one call of each operation on the key.
func calls(e *Engine, k table.Key) map[string]func(context.Context) error {
	put := table.Put(k, version2, table.Always())
	return map[string]func(context.Context) error{
		"GetItem":      func(ctx context.Context) error { _, err := e.Get(ctx, k); return err },
		"BatchGetItem": func(ctx context.Context) error { _, err := e.BatchGet(ctx, []table.Key{k}); return err },
		"Query": func(ctx context.Context) error {
			_, err := e.Query(ctx, table.Query{Table: k.Table, PK: k.PK})
			return err
		},
		"PutItem":     func(ctx context.Context) error { return e.Write(ctx, put) },
		"DeleteItem":  func(ctx context.Context) error { return e.Write(ctx, table.Delete(k, table.Always())) },
		inTransaction: func(ctx context.Context) error { return e.Transact(ctx, "", []table.Write{put}) },
	}
}

func TestBusyForAMomentIsWaitedFor(t *testing.T) {
	t.Parallel()
	f, e, plain := openFaulty(t)
	for _, c := range []struct {
		op   string
		busy fault
	}{
		{"GetItem", refusal("ThrottlingException", "")},
		{"BatchGetItem", refusal("ProvisionedThroughputExceededException", "")},
		{"Query", refusal("RequestLimitExceeded", "")},
		{"Query", answer(http.StatusServiceUnavailable, `{}`)},
		{"PutItem", refusal("TransactionConflictException", "")},
		{"DeleteItem", refusal("TransactionConflictException", "")},
		{"DeleteItem", answer(http.StatusInternalServerError, `{"__type":"com.amazonaws.dynamodb.v20120810#InternalServerError"}`)},
		{inTransaction, refusal("TransactionInProgressException", "")},
		{inTransaction, canceled("TransactionConflict")},
		{inTransaction, canceled("ThrottlingError")},
		{inTransaction, canceled("ProvisionedThroughputExceeded")},
	} {
		f.lay(c.op, c.busy, c.busy)
		k := card(t, c.op)
		if err := calls(e, k)[c.op](t.Context()); err != nil {
			t.Errorf("%s: %v", c.op, err)
		}
		f.wantAllHit(t)
		if c.op == inTransaction || c.op == "PutItem" {
			wantItem(t, plain, k, version2)
		}
	}
}

func TestBusyForeverIsThrottled(t *testing.T) {
	t.Parallel()
	f, e, plain := openFaulty(t)
	k := card(t, "")
	mustWrite(t, plain, table.Put(k, version1, table.Always()))
	for _, c := range []struct {
		op   string
		busy fault
	}{
		{"GetItem", refusal("ThrottlingException", "")},
		{"BatchGetItem", refusal("ThrottlingException", "")},
		{"BatchGetItem", partly(0)},
		{"Query", refusal("ProvisionedThroughputExceededException", "")},
		{"PutItem", refusal("RequestLimitExceeded", "")},
		{"PutItem", refusal("TransactionConflictException", "")},
		{"DeleteItem", refusal("ThrottlingException", "")},
		{inTransaction, refusal("ThrottlingException", "")},
		{inTransaction, refusal("TransactionInProgressException", "")},
		{inTransaction, canceled("TransactionConflict")},
	} {
		t.Run(c.op, func(t *testing.T) {
			f.layForever(c.op, c.busy)
			if err := calls(e, k)[c.op](t.Context()); !errors.Is(err, table.ErrThrottled) {
				t.Errorf("error is %v", err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			f.layForever(c.op, c.busy.then(cancel)) // the caller's time ends with the first refusal
			before := f.Count(c.op)
			if err := calls(e, k)[c.op](ctx); !errors.Is(err, context.Canceled) || f.Count(c.op) != before+1 {
				t.Errorf("%d calls and %v after the caller gave up", f.Count(c.op)-before, err)
			}
			f.layForever(c.op, nil)
			wantItem(t, plain, k, version1)
		})
	}
}

func TestUnprocessedKeysAreAskedForAgain(t *testing.T) {
	t.Parallel()
	f, e, plain := openFaulty(t)
	var keys []table.Key
	for i := range 12 {
		k := card(t, fmt.Sprint(i))
		if i%2 == 0 {
			k = table.Key{Table: table.AuditLogs, PK: k.PK}
		}
		keys = append(keys, k)
		if i < 9 {
			mustWrite(t, plain, table.Put(k, version1, table.Always()))
		}
	}
	f.lay("BatchGetItem", partly(5), partly(0), partly(1), partly(0), partly(4))
	got, err := e.BatchGet(t.Context(), keys)
	if err != nil || len(got) != 9 {
		t.Errorf("%d items of 9, %v", len(got), err)
	}
	for _, k := range keys[9:] {
		if got[k] != nil {
			t.Errorf("%v is %v", k, got[k])
		}
	}
	f.wantAllHit(t)
	if n := f.Count("BatchGetItem"); n != 6 {
		t.Errorf("%d calls", n)
	}
}

// TestConditionBeatsConflict: a transaction that can never happen is not tried again.
func TestConditionBeatsConflict(t *testing.T) {
	f, e, _ := openFaulty(t)
	f.lay(inTransaction, canceled("TransactionConflict", "ConditionalCheckFailed"))
	err := e.Transact(t.Context(), "", []table.Write{
		table.Put(card(t, "a"), nil, table.Always()), table.Put(card(t, "b"), nil, table.IfExists()),
	})
	if failed := table.ConditionFailed(err); failed == nil || failed.Index != 1 || f.Count(inTransaction) != 1 {
		t.Errorf("%d calls, %v", f.Count(inTransaction), err)
	}
}

func TestRefusalsHaveThePortsNames(t *testing.T) {
	f, e, _ := openFaulty(t)
	for code, want := range map[string]error{
		"ResourceNotFoundException": table.ErrNoTable, "IdempotentParameterMismatchException": table.ErrToken, "ValidationException": table.ErrLimit,
	} {
		for op, call := range calls(e, card(t, "")) {
			f.lay(op, refusal(code, ""))
			if err := call(t.Context()); !errors.Is(err, want) {
				t.Errorf("%s of %s is %v", code, op, err)
			}
		}
	}
	f.lay(inTransaction, canceled("None", "ValidationError"))
	if err := calls(e, card(t, ""))[inTransaction](t.Context()); !errors.Is(err, table.ErrLimit) {
		t.Errorf("a canceled transaction is %v", err)
	}
}

// TestEveryTryHasItsTime: a connection that says nothing must not eat the whole
// time of a call, nor hang a call without a deadline.
func TestEveryTryHasItsTime(t *testing.T) {
	f, e, plain := openFaulty(t)
	if c, ok := plain.client.Options().HTTPClient.(*awshttp.BuildableClient); !ok || c.GetTimeout() != answerWait {
		t.Errorf("the SDK's own client has no limit of time: %T", plain.client.Options().HTTPClient)
	}
	for op, call := range calls(e, card(t, "")) {
		f.lay(op, func(r *http.Request) (*http.Response, error) {
			if until, ok := r.Context().Deadline(); !ok || time.Until(until) > answerWait {
				t.Errorf("%s waits until %v, %v", op, until, ok)
			}
			return http.DefaultTransport.RoundTrip(r)
		})
		if err := call(context.Background()); err != nil {
			t.Error(err)
		}
	}
	f.wantAllHit(t)
}

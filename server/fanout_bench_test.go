package server_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/server"
)

// counter is a sink that counts what it is told.
type counter struct{ told *atomic.Int64 }

func (c counter) Next(payload []byte) bool {
	if bytes.Contains(payload, []byte(`"errors"`)) {
		panic(string(payload))
	}
	c.told.Add(1)
	return true
}
func (counter) Fail(p []byte) { panic(string(p)) }
func (counter) Complete()     {}

// BenchmarkHub shows what it costs to run an event for 5,000 who watch a dashboard:
// one execution, and one question for each of the people who watch. What the sockets
// cost beside it is in server/socket.
func BenchmarkHub(b *testing.B) {
	const audience = 5_000
	for _, people := range []int{1, 50, 500} {
		b.Run(fmt.Sprintf("people=%d", people), func(b *testing.B) {
			h := newHouse(b)
			owner, _ := h.person()
			d := h.Dashboard(owner, nil)
			ctx, end := context.WithCancel(context.Background())
			defer end()
			told := &atomic.Int64{}
			var viewers []*core.User
			for range people {
				viewer, _ := h.person()
				h.Share(d, viewer, core.PermissionViewer)
				viewers = append(viewers, viewer)
			}
			for _, viewer := range viewers {
				actor := core.WithActor(ctx, &core.Actor{User: viewer, SessionID: h.session(viewer.ID)})
				for range audience / people {
					h.handler.(*server.Handler).Subscribe(actor, fmt.Sprintf(watchDashboard, d.ID, ""), counter{told})
				}
			}
			await := func(n int64) {
				for end := time.Now().Add(10 * time.Second); told.Load() < n; time.Sleep(100 * time.Microsecond) {
					if time.Now().After(end) {
						b.Fatalf("%d messages of %d", told.Load(), n)
					}
				}
			}
			await(audience)
			before := processor(b)
			b.ResetTimer()
			for i := range int64(b.N) {
				_, err := h.events.Publish(ctx, core.DashboardTopic(d.ID), []byte(`{"kind":"UPDATED","version":17}`))
				must(b, err)
				await((i + 2) * audience)
			}
			b.ReportMetric(float64(b.N)*audience/(processor(b)-before).Seconds(), "messages/cpu-s")
		})
	}
}

// processor is the processor time of this process.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	must(b, unix.Getrusage(unix.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

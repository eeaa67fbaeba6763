package executor

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/karuta-bi/karuta/internal/drain"
)

// Options are what an executor works with. Serve does not close Engine, Runner
// and Transforms.
type Options struct {
	Listener   net.Listener // where the API calls
	Health     net.Listener // a further address that answers GET /health alone; may be nil
	Secret     string       // signs the API's calls
	Engine     Engine
	Runner     Runner
	Transforms Transformer
	Release    string // version of the program, kept with each run of a transform
	Log        *slog.Logger
	Grace      time.Duration // for the running calls to finish once the context ended
}

// Serve answers calls until the context ends, then takes no more and lets the
// running ones finish. It closes the listeners. The error is nil after a clean
// end.
func Serve(ctx context.Context, o Options) error {
	s := newServer(o)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return serve(ctx, o, o.Listener, s.routes()) })
	if o.Health != nil {
		group.Go(func() error { return serve(ctx, o, o.Health, s.healthOnly()) })
	}
	return group.Wait()
}

func serve(ctx context.Context, o Options, l net.Listener, h http.Handler) error {
	srv := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute, // of a whole call; answers may take longer
		MaxHeaderBytes:    16 << 10,
	}
	return drain.Serve(ctx, srv, l, o.Grace, o.Log)
}

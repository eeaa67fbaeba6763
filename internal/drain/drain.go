// Package drain ends what runs without cutting anybody off: HTTP servers (the API,
// the executor and the control socket all end this way) and the goroutines that a
// service owns.
package drain

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Serve answers on the listener until the context ends, then takes no more and
// lets the running requests finish within the grace; what is still running
// after that is cut off and logged. It closes the listener. The error is nil
// after an end that was asked for.
func Serve(ctx context.Context, srv *http.Server, l net.Listener, grace time.Duration, log *slog.Logger) error {
	srv.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelWarn)
	ended := make(chan error, 1)
	go func() { ended <- srv.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := srv.Shutdown(last)
	if errors.Is(err, context.DeadlineExceeded) {
		log.Warn("requests were cut off at the end", "address", l.Addr().String(), "grace", grace.String())
		err = srv.Close()
	}
	<-ended // the listener is closed by then, even where serving had not begun
	return err
}

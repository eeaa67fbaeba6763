package audit

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Run brings spooled events to the store until the context ends, waiting longer
// after each failure (250 ms to 30 s).
func (l *Log) Run(ctx context.Context) {
	l.signal() // what an earlier run left behind
	wait := l.retry
	for {
		select {
		case <-ctx.Done():
			return
		case <-l.wake:
		}
		if err := l.Flush(ctx); err == nil {
			wait = l.retry
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			l.signal()
		}
		wait = min(2*wait, lastRetry)
	}
}

// Close tries once more to empty the spool. What remains is brought to the
// store by the next process.
func (l *Log) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	return l.Flush(ctx)
}

// Flush brings everything in the spool to the store, or fails at the first
// event the store does not take. Nil when another process is at it already.
func (l *Log) Flush(ctx context.Context) error {
	lock, err := l.spool.lock("send", false)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	defer l.countSpool()
	for {
		if err := l.spool.rotate(); err != nil {
			return err
		}
		if err := l.send(ctx); errors.Is(err, fs.ErrNotExist) {
			l.down.Store(false)
			return nil
		} else if err != nil {
			return err
		}
	}
}

// send brings the file "sending" to the store and removes it. A second attempt
// starts from its beginning: events already stored are not stored again, and
// lines that can never be stored are set aside only when the others are through.
func (l *Log) send(ctx context.Context) error {
	f, err := os.Open(l.spool.path("sending"))
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	var unfit [][]byte
	lines := bufio.NewReader(f)
	for {
		line, readErr := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			fit, err := l.sendLine(ctx, line)
			if err != nil {
				return err
			}
			if !fit {
				unfit = append(unfit, line)
			}
		}
		if errors.Is(readErr, io.EOF) {
			if err := l.setAside(ctx, unfit); err != nil {
				return err
			}
			return os.Remove(f.Name())
		}
		if readErr != nil {
			return readErr
		}
	}
}

// sendLine stores one event; fit is false where it can never be stored.
func (l *Log) sendLine(ctx context.Context, line []byte) (fit bool, err error) {
	var ev core.AuditEvent
	if json.Unmarshal(line, &ev) != nil || ev.ID == "" {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	if err = l.repo.Put(ctx, &ev); errors.Is(err, table.ErrLimit) {
		return false, nil
	}
	return true, err
}

// setAside keeps lines for somebody to look at, so that they do not hold up the
// others. What does not even fit there any more is lost.
func (l *Log) setAside(ctx context.Context, lines [][]byte) error {
	for _, line := range lines {
		err := l.spool.appendLine("damaged", line)
		if errors.Is(err, errSpoolFull) {
			l.lost.Add(1)
		} else if err != nil {
			return err
		}
		l.log.ErrorContext(ctx, "audit event cannot be stored", "line", cut(string(line), maxText), "error", err)
	}
	return nil
}

func (l *Log) countSpool() { l.depth.Set(l.spool.count()) }

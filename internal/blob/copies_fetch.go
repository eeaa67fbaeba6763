package blob

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"os"
)

const (
	unfinished = "new-" // begins the names of files on their way
	sumChars   = 32
)

// fetcher writes an object's bytes; [errDamaged] lets it be called again.
type fetcher func(ctx context.Context, w io.Writer) error

// begin lets the copy come on its own: the first who asks for it may not be the
// last who waits for it.
func (c *copies) begin(ctx context.Context, lc *localCopy, fetch fetcher) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(c.ctx, cancel)
	a := &arrival{done: make(chan struct{}), cancel: cancel}
	lc.coming, lc.sound = a, false
	left := lc.file()
	if lc.sum == "" {
		left = ""
	}
	c.arrivals.Go(func() {
		defer close(a.done)
		defer cancel()
		defer stop()
		a.err = c.bring(ctx, lc, left, fetch)
	})
}

// bring checks the file that an earlier process left, or fetches the bytes.
func (c *copies) bring(ctx context.Context, lc *localCopy, left string, fetch fetcher) error {
	if left != "" && c.sumOf(ctx, left) == lc.sum {
		return c.arrived(lc, "", lc.sum, ctx.Err())
	}
	name := unfinished + rand.Text()
	defer func() { _ = c.root.Remove(name) }() // gone already when it arrived
	sum, err := c.fetch(ctx, name, fetch)
	return c.arrived(lc, name, sum, err)
}

// arrived makes what came the copy's file, unless it was given up meanwhile.
// Without a name the file is there already.
func (c *copies) arrived(lc *localCopy, name, sum string, err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	lc.coming = nil
	if c.byName[lc.name] != lc {
		return context.Canceled
	}
	if err == nil && name != "" {
		if lc.sum != "" {
			_ = c.root.Remove(lc.file())
		}
		lc.sum = sum
		err = c.root.Rename(name, lc.file())
	}
	if c.ctx.Err() != nil {
		err = os.ErrClosed
	}
	if lc.sound = err == nil; !lc.sound {
		c.drop(lc)
	}
	return err
}

// fetch writes the bytes to a file and gives their sum.
func (c *copies) fetch(ctx context.Context, name string, fetch fetcher) (sum string, err error) {
	for range attempts {
		if sum, err = c.fetchOnce(ctx, name, fetch); !errors.Is(err, errDamaged) || ctx.Err() != nil {
			break
		}
	}
	return sum, err
}

func (c *copies) fetchOnce(ctx context.Context, name string, fetch fetcher) (string, error) {
	file, err := c.root.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, fileMode)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	err = fetch(ctx, io.MultiWriter(file, sum))
	return text(sum), errors.Join(err, file.Close())
}

// sumOf is the sum of a file's bytes, "" when it cannot be read.
func (c *copies) sumOf(ctx context.Context, name string) string {
	file, err := c.root.Open(name)
	if err != nil {
		return ""
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, contextReader{ctx, file}); err != nil {
		return ""
	}
	return text(sum)
}

func text(sum hash.Hash) string { return hex.EncodeToString(sum.Sum(nil))[:sumChars] }

package blob

import (
	"context"
	"errors"
)

// Sweep removes the objects below the prefix that are old: all are listed before
// the first goes. One that cannot be removed keeps none of the others.
func Sweep(ctx context.Context, s Store, prefix string, old func(Info) bool) error {
	var keys []string
	err := s.List(ctx, prefix, func(info Info) error {
		if old(info) {
			keys = append(keys, info.Key)
		}
		return nil
	})
	for _, key := range keys {
		err = errors.Join(err, s.Delete(ctx, key))
	}
	return err
}

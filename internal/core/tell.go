package core

import "context"

// Tell publishes the value on the topic for whoever watches. It waits for nobody
// and never fails; nil tells nobody. A value of nil says no more than that things have
// changed: who watches looks how they stand.
type Tell func(ctx context.Context, topic string, value any)

// Say tells, where there is somebody to tell.
func (t Tell) Say(ctx context.Context, topic string, value any) {
	if t != nil {
		t(ctx, topic, value)
	}
}

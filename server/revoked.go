package server

import (
	"context"

	"github.com/karuta-bi/karuta/internal/bus"
	"github.com/karuta-bi/karuta/internal/core"
)

// listen looks again whether the caller is still let in whenever their session, key
// or account is changed, on whichever process, for as long as the context lasts.
func (c *caller) listen(ctx context.Context) error {
	in := core.ActorFrom(c.from).SignIn()
	if in.UserID == "" {
		return nil
	}
	heard := func(bus.Event) { c.s.engine.hub.Do(func() { c.look(ctx) }) }
	for _, topic := range []string{core.UserTopic(in.UserID), core.SignInTopic(in.SessionID + in.KeyID)} { // one of them is ""
		sub, err := c.s.Bus.Subscribe(topic, 0, heard)
		if err != nil {
			return core.Internal("listen for the end of a session", err)
		}
		context.AfterFunc(ctx, sub.Close)
	}
	c.look(ctx) // it may have ended before anybody listened
	return nil
}

// look closes the socket of who is not let in any more.
func (c *caller) look(ctx context.Context) {
	if ctx.Err() == nil {
		_, _ = c.actor(ctx) // closes it
	}
}

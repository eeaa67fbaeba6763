package server

import (
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
)

// Streams are counted for each person, and of who has not signed in for each client.
func TestStreamsAreCounted(t *testing.T) {
	s := &streams{}
	enter := func(a *core.Actor) (leave func(), retryAfter any) {
		leave, refused := s.enter(a, 2, 1, 10)
		if refused != nil {
			return nil, refused.Details["retryAfter"]
		}
		return leave, nil
	}
	person, visitor := &core.Actor{User: &core.User{ID: "user_1"}, IP: "2001:db8::1"}, &core.Actor{IP: "2001:db8::1"}
	_, _ = enter(person)
	leave, _ := enter(visitor)
	if _, again := enter(&core.Actor{IP: "2001:db8::2"}); again != 10 {
		t.Error("a visitor's network has two streams")
	}
	if _, again := enter(person); again != nil {
		t.Error("a person has one stream")
	}
	if _, again := enter(person); again != 10 {
		t.Error("a person has three streams")
	}
	leave()
	if _, again := enter(visitor); again != nil {
		t.Error("what has ended is counted")
	}
}

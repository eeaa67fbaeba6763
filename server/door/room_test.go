package door_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/server/door"
)

// One client's requests have so much room, all have so much, and what ends gives it back.
func TestRoom(t *testing.T) {
	room := door.NewRoom(100<<10, 150<<10)
	ask := func(client string, bytes int) (*door.Held, bool) {
		held := room.Hold(client)
		_, err := io.Copy(io.Discard, held.Reader(strings.NewReader(strings.Repeat("x", bytes))))
		if err != nil && !errors.Is(err, door.ErrFull) {
			t.Fatal(err)
		}
		return held, err == nil
	}
	for range 100 { // what most send is not counted
		if _, ok := ask("a", 16<<10); !ok {
			t.Fatal("short requests take room")
		}
	}
	first, ok := ask("a", 100<<10)
	if !ok {
		t.Fatal("there is no room for one")
	}
	second, ok := ask("a", 100<<10)
	if ok {
		t.Error("a client has room for two")
	}
	third, ok := ask("b", 100<<10)
	if ok {
		t.Error("another client has room beyond that of all")
	}
	second.Leave()
	third.Leave()
	if _, ok := ask("b", 60<<10); !ok {
		t.Error("another client has no room")
	}
	first.Leave()
	first.Leave()
	if _, ok := ask("a", 100<<10); !ok {
		t.Error("what has ended holds its room")
	}
}

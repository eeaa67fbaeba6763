package door

import (
	"errors"
	"io"
	"sync"
)

// spare is how much of a request is not counted, in bytes: more than most have.
const spare = 16 << 10

// ErrFull tells that no more of a request is read, because of all that others, or the
// same client's, hold in memory.
var ErrFull = errors.New("door: there is no room for this request now")

// Room is memory for what clients send. Who sends a long request slowly holds it for
// as long as a request may take, and a thousand such would be gigabytes.
type Room struct {
	perClient, total int

	mu      sync.Mutex
	taken   int
	clients map[string]int
}

// NewRoom makes room for so many bytes of one client's requests, and of all.
func NewRoom(perClient, total int) *Room {
	return &Room{perClient: perClient, total: total, clients: map[string]int{}}
}

// Hold is the room of one request; its Leave must be called. A nil room is without end.
func (r *Room) Hold(client string) *Held { return &Held{room: r, client: client} }

func (r *Room) take(client string, n int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.taken+n > r.total || r.clients[client]+n > r.perClient {
		return false
	}
	r.taken += n
	r.clients[client] += n
	return true
}

func (r *Room) leave(client string, n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken -= n
	if r.clients[client] -= n; r.clients[client] == 0 {
		delete(r.clients, client)
	}
}

// Held is what one request holds. It is for one goroutine.
type Held struct {
	room        *Room
	client      string
	read, taken int
}

// Reader reads the request, or a part of it, and counts. Its error is [ErrFull] where
// there is no room for more.
func (h *Held) Reader(from io.Reader) io.Reader { return &heldReader{h, from} }

// Leave gives the room back.
func (h *Held) Leave() {
	if h.taken > 0 {
		h.room.leave(h.client, h.taken)
		h.taken = 0
	}
}

type heldReader struct {
	h    *Held
	from io.Reader
}

// Read reads.
func (r *heldReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	h := r.h
	h.read += n
	if more := h.read - spare - h.taken; h.room != nil && more > 0 {
		if !h.room.take(h.client, more) {
			return n, ErrFull
		}
		h.taken += more
	}
	return n, err
}

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	drawEvery  = 200 * time.Millisecond
	eraseLine  = "\r\x1b[K"
	leastWidth = 10 // of a bar that is worth drawing
	mostWidth  = 40
)

// bar shows how far something has come: drawn on a terminal, else told as lines. It
// is safe for concurrent use.
type bar struct {
	out   io.Writer
	width func() int // of the terminal in columns; nil where there is none

	mu     sync.Mutex     // guards what whole and text read, too
	whole  func() float64 // how much is done, from 0 to 1
	text   func() string  // the same in words
	tenth  int            // that was told
	raised bool           // it is drawn
}

// terminal tells the width of a terminal; nil for anything else.
func terminal(out io.Writer) func() int {
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return func() int {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil || width <= 0 {
			return 80
		}
		return width
	}
}

// during shows the bar until stop is called, which erases it.
func (b *bar) during() (stop func()) {
	if b.width == nil {
		return func() {}
	}
	ended := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		tick := time.NewTicker(drawEvery)
		defer tick.Stop()
		for {
			b.show()
			select {
			case <-ended:
				b.mu.Lock()
				defer b.mu.Unlock()
				b.raised = false
				fmt.Fprint(b.out, eraseLine)
				return
			case <-tick.C:
			}
		}
	})
	return func() { close(ended); drawing.Wait() }
}

// tell writes a line where another tenth is done and there is no terminal.
func (b *bar) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if tenth := int(b.whole() * 10); b.width == nil && tenth > b.tenth {
		b.tenth = tenth
		fmt.Fprintln(b.out, b.text())
	}
}

// say writes a line of its own, above the bar where one is drawn.
func (b *bar) say(line string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.raised {
		fmt.Fprint(b.out, eraseLine)
	}
	fmt.Fprintln(b.out, line)
	if b.raised {
		b.draw()
	}
}

func (b *bar) show() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.raised = true
	b.draw()
}

// draw draws the bar. The caller holds the lock.
func (b *bar) draw() {
	text := b.text()
	room := min(b.width()-columns(text)-4, mostWidth)
	if room >= leastWidth {
		full := int(b.whole() * float64(room))
		text = "[" + strings.Repeat("#", full) + strings.Repeat(".", room-full) + "] " + text
	}
	fmt.Fprint(b.out, eraseLine, fitting(text, b.width()-1))
}

// columns is how wide a text is on a terminal, where Japanese takes two columns.
func columns(text string) (n int) {
	for _, r := range text {
		n += wide(r)
	}
	return n
}

// fitting is as much of the text as fits into so many columns.
func fitting(text string, width int) string {
	for i, r := range text {
		if width -= wide(r); width < 0 {
			return text[:i]
		}
	}
	return text
}

func wide(r rune) int {
	if r > 0x7f {
		return 2
	}
	return 1
}

// plain is text of somebody else's for a terminal: what moves its cursor or changes
// its colours is left out.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < 0x20 || r >= 0x7f && r < 0xa0) {
			return -1
		}
		return r
	}, text)
}

package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	sentShare  = 0.1 // of the whole, for sending the file
	drawEvery  = 200 * time.Millisecond
	settled    = time.Second // after which a speed tells something
	eraseLine  = "\r\x1b[K"
	leastWidth = 10 // of a bar that is worth drawing
	mostWidth  = 40
)

// progress shows how far an import has come: as a bar on a terminal, else as a
// line for each tenth. It is safe for concurrent use.
type progress struct {
	out   io.Writer
	width func() int // of the terminal in columns; nil where there is none
	lang  core.Locale
	size  int64 // of the file
	began time.Time

	mu    sync.Mutex
	sent  int64
	last  core.ImportEvent
	tenth int // that was told
}

// watch begins to show the import of a file.
func (sh *shell) watch(size int64) *progress {
	return &progress{out: sh.err, width: terminal(sh.err), lang: language(sh.environ), size: size, began: time.Now()}
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

// during shows the progress until stop is called, which erases the bar.
func (p *progress) during() (stop func()) {
	if p.width == nil {
		return func() {}
	}
	ended := make(chan struct{})
	var drawing sync.WaitGroup
	drawing.Go(func() {
		tick := time.NewTicker(drawEvery)
		defer tick.Stop()
		for {
			p.show()
			select {
			case <-ended:
				fmt.Fprint(p.out, eraseLine)
				return
			case <-tick.C:
			}
		}
	})
	return func() { close(ended); drawing.Wait() }
}

// file is the reader as it is sent.
func (p *progress) file(r io.Reader) io.Reader { return &sending{r, p} }

type sending struct {
	io.Reader
	p *progress
}

func (s *sending) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	s.p.mu.Lock()
	s.p.sent += int64(n)
	s.p.mu.Unlock()
	s.p.tell()
	return n, err
}

// hear takes in what the import tells.
func (p *progress) hear(events []core.ImportEvent) {
	p.mu.Lock()
	p.last = events[len(events)-1]
	p.mu.Unlock()
	p.tell()
}

// whole is how much is done of everything, from 0 to 1.
func (p *progress) whole() float64 {
	sent := 1.0
	if p.last.Seq == 0 { // it is not taken until there is a job
		sent = min(.99, float64(p.sent)/float64(max(1, p.size)))
	}
	return sent*sentShare + p.last.Progress*(1-sentShare)
}

// tell writes a line where another tenth is done and there is no terminal.
func (p *progress) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if tenth := int(p.whole() * 10); p.width == nil && tenth > p.tenth {
		p.tenth = tenth
		fmt.Fprintln(p.out, p.text())
	}
}

// show draws the bar.
func (p *progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	text := p.text()
	room := min(p.width()-columns(text)-4, mostWidth)
	if room >= leastWidth {
		full := int(p.whole() * float64(room))
		text = "[" + strings.Repeat("#", full) + strings.Repeat(".", room-full) + "] " + text
	}
	fmt.Fprint(p.out, eraseLine, fitting(text, p.width()-1))
}

// text is percent, stage, rows, speed and the time that is left, as far as they are known.
func (p *progress) text() string {
	done, words := p.whole(), barWords[p.lang]
	parts := []string{fmt.Sprintf("%3d %%", int(done*100)), words[string(p.last.Stage)]}
	if p.last.Rows > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", p.last.Rows, words["rows"]))
	}
	if took := time.Since(p.began); took > settled && done > 0 {
		left := time.Duration(float64(took) * (1 - done) / done).Round(time.Second)
		parts = append(parts, fmt.Sprintf("%.1f MB/s", done*float64(p.size)/1e6/took.Seconds()),
			fmt.Sprintf(words["left"], int(left.Minutes()), int(left.Seconds())%60))
	}
	return strings.Join(parts, "  ")
}

var barWords = map[core.Locale]map[string]string{
	core.English: {
		"": "sending", string(core.StageReceiving): "receiving", string(core.StageReading): "reading", string(core.StageWriting): "writing",
		string(core.StageSummarising): "summarising", "rows": "rows", "left": "%d:%02d left",
	},
	core.Japanese: {
		"": "送信中", string(core.StageReceiving): "受信中", string(core.StageReading): "読み取り中", string(core.StageWriting): "書き込み中",
		string(core.StageSummarising): "集計中", "rows": "行", "left": "残り %d:%02d",
	},
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

package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
)

const (
	sentShare = 0.1         // of the whole, for sending the file
	settled   = time.Second // after which a speed tells something
)

// progress shows how far an import has come: as a bar on a terminal, else as a
// line for each tenth. It is safe for concurrent use.
type progress struct {
	bar
	lang  core.Locale
	size  int64 // of the file, 0 where it was sent before
	began time.Time
	sent  int64
	last  core.ImportEvent
}

// watch begins to show the import of a file.
func (sh *shell) watch(size int64) *progress {
	p := &progress{bar: bar{out: sh.err, width: terminal(sh.err)}, lang: language(sh.environ), size: size, began: time.Now()}
	p.whole, p.text = p.done, p.words
	return p
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
	if len(events) == 0 {
		return
	}
	p.mu.Lock()
	p.last = events[len(events)-1]
	p.mu.Unlock()
	p.tell()
}

// done is how much is done of everything, from 0 to 1.
func (p *progress) done() float64 {
	sent := 1.0
	if p.last.Seq == 0 && p.size > 0 { // it is not taken until there is a job
		sent = min(.99, float64(p.sent)/float64(p.size))
	}
	return sent*sentShare + p.last.Progress*(1-sentShare)
}

// words are percent, stage, rows, speed and the time that is left, as far as they are known.
func (p *progress) words() string {
	done, words := p.done(), barWords[p.lang]
	parts := []string{fmt.Sprintf("%3d %%", int(done*100)), words[string(p.last.Stage)]}
	if p.last.Rows > 0 {
		parts = append(parts, fmt.Sprintf("%d %s", p.last.Rows, words["rows"]))
	}
	if took := time.Since(p.began); took > settled && done > 0 && p.size > 0 {
		left := time.Duration(float64(took) * (1 - done) / done)
		parts = append(parts, fmt.Sprintf("%.1f MB/s", done*float64(p.size)/1e6/took.Seconds()), fmt.Sprintf(words["left"], clock(left)))
	}
	return strings.Join(parts, "  ")
}

var barWords = map[core.Locale]map[string]string{
	core.English: {
		"": "sending", string(core.StageReceiving): "receiving", string(core.StageReading): "reading", string(core.StageWriting): "writing",
		string(core.StageSummarising): "summarising", "rows": "rows", "left": "%s left",
	},
	core.Japanese: {
		"": "送信中", string(core.StageReceiving): "受信中", string(core.StageReading): "読み取り中", string(core.StageWriting): "書き込み中",
		string(core.StageSummarising): "集計中", "rows": "行", "left": "残り %s",
	},
}

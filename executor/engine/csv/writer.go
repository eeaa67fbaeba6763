package csv

import "os"

const writerBuffer = 256 << 10

// writer writes a stretch of text with a few replacements. What is unchanged goes
// from the mapped source to the file in large pieces.
type writer struct {
	file  *os.File
	text  []byte
	done  int // text[:done] is written or in buf
	added int // bytes that the replacements have made it longer
	buf   []byte
	err   error
}

func newWriter(file *os.File, text []byte, from int) *writer {
	return &writer{file: file, text: text, done: from, buf: make([]byte, 0, writerBuffer)}
}

// replace puts other bytes in the place of text[from:to].
func (w *writer) replace(from, to int, with []byte) {
	if from > w.done {
		w.copy(from)
	}
	w.add(with)
	w.added += len(with) - (to - from)
	w.done = max(w.done, to)
}

// insert adds a byte at an offset.
func (w *writer) insert(at int, c byte) { w.replace(at, at, []byte{c}) }

// flush writes everything before the offset.
func (w *writer) flush(to int) error {
	if to > w.done {
		w.copy(to)
	}
	w.drain()
	return w.err
}

func (w *writer) copy(to int) {
	piece := w.text[w.done:to]
	w.done = to
	if len(piece) < writerBuffer/4 {
		w.add(piece)
		return
	}
	w.drain()
	w.write(piece)
}

func (w *writer) add(piece []byte) {
	if len(w.buf)+len(piece) > cap(w.buf) {
		w.drain()
	}
	if len(piece) > cap(w.buf) {
		w.write(piece)
		return
	}
	w.buf = append(w.buf, piece...)
}

func (w *writer) drain() {
	w.write(w.buf)
	w.buf = w.buf[:0]
}

func (w *writer) write(piece []byte) {
	if w.err == nil && len(piece) > 0 {
		_, w.err = w.file.Write(piece)
	}
}

package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/karuta-bi/karuta/internal/core"
)

// pair is a pseudo terminal of so many columns, and what is shown on it.
func pair(t *testing.T, columns uint16) (terminal *os.File, shown *safeBuffer) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo terminals here: %v", err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	terminal, err = os.OpenFile("/dev/pts/"+strconv.Itoa(number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: columns}); err != nil {
		t.Fatal(err)
	}
	shown = &safeBuffer{}
	go func() {
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			_, _ = shown.Write(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { _, _ = terminal.Close(), master.Close() })
	return terminal, shown
}

// manyRows is a file that takes some time to import.
func manyRows(t *testing.T, rows int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "many.csv")
	var b strings.Builder
	b.WriteString("番号,店,店\n")
	for i := range rows {
		fmt.Fprintf(&b, "%d,%08d,%d\n", i, i*7919%99991, i%97)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestImportShowsItsProgress(t *testing.T) { // DS-1
	dir := serve(t, t.TempDir()).dir
	ok(t, "Kirei-na-hana-1\n", "user", "create", "--email", "hanako@example.com", "--role", "user", "--password-stdin", "--data-dir", dir)
	file := manyRows(t, 300_000)
	args := []string{"import", file, "--owner", "hanako@example.com", "--data-dir", dir}

	s := karuta(t, "", args...)
	lines := strings.Split(strings.TrimSpace(s.err), "\n")
	line := regexp.MustCompile(`^ *\d+ %  (sending|receiving|reading|writing|summarising)`)
	for _, l := range lines {
		if !line.MatchString(l) {
			t.Errorf("a line is %q", l)
		}
	}
	if s.code != 0 || len(lines) > 10 || !strings.HasPrefix(lines[len(lines)-1], "100 %") || !strings.Contains(s.out, "many: 300000 rows, 3 columns\n") ||
		!strings.Contains(s.out, "note: Columns without a name, or with one that came twice, were renamed: 店 → 店_2") {
		t.Errorf("on a pipe: %+v", s)
	}
	if s := karuta(t, "", append(args, "-q", "--skip-rows", "1", "--no-header")...); s.code != 0 || s.err != "" || !strings.Contains(s.out, "300000 rows, 3 columns, lines skipped: 1") {
		t.Errorf("quiet: %+v", s)
	}

	terminal, shown := pair(t, 60)
	sh := shell{ctx: context.Background(), in: strings.NewReader(""), out: &safeBuffer{}, err: terminal, environ: append(environment(), "LANG=ja_JP.UTF-8")}
	if code := run(sh, args); code != 0 {
		t.Errorf("on a terminal: exit %d, %s", code, shown)
	}
	until(t, func() bool { return strings.HasSuffix(shown.String(), eraseLine) })
	bars := strings.Split(shown.String(), eraseLine)
	bar := regexp.MustCompile(`^\[#*\.*\] +\d+ %  (送信中|受信中|読み取り中|書き込み中|集計中)`)
	for _, b := range bars[1 : len(bars)-1] {
		if !bar.MatchString(b) || columns(b) >= 60 || strings.Contains(b, "\n") {
			t.Errorf("a bar is %q", b)
		}
	}
	if len(bars) < 3 || bars[0] != "" || bars[len(bars)-1] != "" {
		t.Errorf("shown %q", shown)
	}
}

// Ctrl-C ends the import where it is done: in the Karuta that runs or, in the long
// form, here.
func TestAnInterruptedImportIsCancelled(t *testing.T) { // DS-1
	dirs := map[string]string{"running": serve(t, t.TempDir()).dir}
	if os.Getenv("KARUTA_LONG") != "" {
		dirs["alone"] = t.TempDir()
	}
	file := manyRows(t, 1_000_000)
	for name, dir := range dirs {
		ok(t, "Kirei-na-hana-1\n", "user", "create", "--email", "hanako@example.com", "--role", "user", "--password-stdin", "--data-dir", dir)
		ctx, interrupt := context.WithCancel(t.Context())
		sh := shell{ctx: ctx, in: strings.NewReader(""), out: &safeBuffer{}, err: &tripwire{word: " %  受信中", trip: interrupt}, environ: append(environment(), "LANG=ja_JP.UTF-8")}
		code := run(sh, []string{"import", file, "--owner", "hanako@example.com", "--data-dir", dir})
		interrupt()
		said := sh.err.(*tripwire).String()
		want := "karuta: " + core.Sentence(core.Japanese, &core.Error{Code: core.CodeExecution, Reason: "import_cancelled"}) + "\n"
		if code != exitCancelled || !strings.HasSuffix(said, want) || sh.out.(*safeBuffer).String() != "" {
			t.Errorf("%s: exit %d, %q, %q", name, code, said, sh.out)
		}
		until(t, func() bool { // nothing is left of it
			left, err := filepath.Glob(filepath.Join(dir, "blobs", "[a-z]*", "*", "*"))
			return err == nil && len(left) == 0
		})
	}
}

// tripwire does something when a word is written to it.
type tripwire struct {
	safeBuffer
	word string
	trip func()
}

func (w *tripwire) Write(p []byte) (int, error) {
	n, err := w.safeBuffer.Write(p)
	if strings.Contains(w.String(), w.word) {
		w.trip()
	}
	return n, err
}

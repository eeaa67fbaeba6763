package socket_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

// node is the program, and the folder of the tools with what npm installed; the
// test is skipped where there is none.
func node(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("node")
	if err != nil {
		t.Skip("not run here: node is not installed")
	}
	if _, err := os.Stat(toolFolder + "/node_modules/graphql-ws"); err != nil {
		t.Skip("not run here: graphql-ws is not installed; run tools/install.sh")
	}
	return path
}

// reference starts the reference server of the protocol until the test ends and
// gives its address.
func reference(t testing.TB) string {
	t.Helper()
	cmd := exec.Command(node(t), toolFolder+"/reference.mjs")
	cmd.Stderr = os.Stderr
	hold, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = hold.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	})
	port, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the reference server does not start: %v", err)
	}
	return "127.0.0.1:" + strings.TrimSpace(port)
}

// step is something that a client does.
type step func(r *raw, heard *[]string) error

func text(messages ...string) step {
	return func(r *raw, _ *[]string) error {
		for _, m := range messages {
			if err := r.say(m); err != nil {
				return err
			}
		}
		return nil
	}
}

// bytes are sent as they are.
func bytes(frames ...[]byte) step {
	return func(r *raw, _ *[]string) error {
		_, err := r.Write(slices.Concat(frames...))
		return err
	}
}

// hear waits for so many messages before the next step.
func hear(n int) step {
	return func(r *raw, heard *[]string) error {
		for range n {
			line, err := r.hear(hang)
			if err != nil {
				return fmt.Errorf("waits for message %d: %w", len(*heard)+1, err)
			}
			*heard = append(*heard, line)
		}
		return nil
	}
}

// perform does the steps and tells all that is heard until it is quiet, for so many
// times as long as usual.
func perform(address string, r rule, patience int) []string {
	h := usual()
	if r.shake != nil {
		r.shake(&h)
	}
	client, err := dialRaw(address, h)
	if err != nil {
		return []string{err.Error()}
	}
	defer func() { _ = client.Close() }()
	heard := []string{client.status}
	if !strings.HasPrefix(client.status, "101") {
		return heard
	}
	for _, s := range r.steps {
		if err := s(client, &heard); err != nil {
			return append(heard, err.Error())
		}
	}
	return slices.Concat(heard, client.all(time.Duration(patience)*max(r.quiet, time.Second)))
}

// Every rule of the protocol, told by its reference server: the same bytes to
// both, and the same answers from both, but for what is ours on purpose.
func TestTheReferenceServerAnswersTheSame(t *testing.T) {
	their, our := reference(t), play(t).address()
	theirs, ours := performAll(their), performAll(our)
	same := 0
	for i, r := range rules {
		if r.ours == nil {
			same++
		}
		problem := r.problem(<-theirs[i], <-ours[i])
		for patience := 5; problem != "" && patience <= 25; patience *= 5 { // a busy machine is quiet while it thinks
			problem = r.problem(perform(their, r, patience), perform(our, r, patience))
		}
		if problem != "" {
			t.Errorf("%s%s", r.name, problem)
		}
	}
	if same < 40 {
		t.Errorf("only %d rules are compared", same)
	}
	t.Logf("%d rules as the reference server, %d ours on purpose", same, len(rules)-same)
}

// problem is what is wrong with what was heard from both, if anything.
func (r rule) problem(theirs, ours []string) string {
	want := theirs
	if r.ours != nil {
		want = r.ours
	}
	switch {
	case r.ours != nil && slices.Equal(ours, theirs):
		return fmt.Sprintf(" is ours on purpose (%s), yet the reference does the same:\n%q", r.why, ours)
	case !slices.Equal(ours, want):
		return fmt.Sprintf(":\n got %q\nwant %q", ours, want)
	}
	return ""
}

// performAll follows all rules at the same time; each channel gets what was heard.
func performAll(address string) []chan []string {
	all := make([]chan []string, len(rules))
	for i, r := range rules {
		all[i] = make(chan []string, 1)
		go func() { all[i] <- perform(address, r, 1) }()
	}
	return all
}

package main

import (
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/remote"
)

// TR-6: a run that waits says where it stands, until it has its turn.
func TestPlaceInTheQueue(t *testing.T) {
	for lang, want := range map[string]string{
		"en_US.UTF-8": "  0 %  queued, number 3 in the queue, about 1:13  0:00\n  0 %  running  0:00\n",
		"ja_JP.UTF-8": "  0 %  待機中（3番目、約1:13）  0:00\n  0 %  実行中  0:00\n",
	} {
		var told strings.Builder
		p := newRunProgress(&shell{err: &told, environ: []string{"LANG=" + lang}})
		p.hear(&remote.RunStep{Status: core.StatusQueued, Events: []core.RunEvent{{Kind: core.RunEventStatus, Status: core.StatusQueued, Position: 3, WaitSeconds: 72.6}}})
		p.hear(&remote.RunStep{Status: core.StatusRunning, Events: []core.RunEvent{{Kind: core.RunEventStatus, Status: core.StatusRunning}}})
		if told.String() != want {
			t.Errorf("%s: told %q", lang, told.String())
		}
	}
}

package apptest_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// edition is a file of which every row, and the number of rows, says which it is.
func edition(n int) string { return "版\n" + strings.Repeat(fmt.Sprintln(n), 900+n) }

// Who reads while versions take each other's place reads one of them wholly.
func TestReadersNeverSeeAMixOfVersions(t *testing.T) { // DS-7
	k := apptest.Start(t)
	owner, _ := k.Somebody(t, core.RoleUser)
	id := owner.ImportCSV(t, "版", "edition.csv", strings.NewReader(edition(1)))
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	seen := make([]map[int]bool, 3)
	for i := range seen {
		seen[i] = map[int]bool{}
		readers.Go(func() {
			for ctx.Err() == nil {
				a, err := owner.Try(t.Context(), `query($id:ID!){dataset(id:$id){preview(limit:1000){rows totalRows}}}`, map[string]any{"id": id})
				if err != nil || len(a.Errors) > 0 {
					t.Errorf("%v: %.300s", err, a.Raw)
					return
				}
				rows, _ := a.Get("dataset.preview.rows").([]any)
				n := len(rows) - 900
				seen[i][n] = true
				for _, row := range rows {
					if fmt.Sprint(row) != fmt.Sprintf("[%d]", n) || fmt.Sprint(a.Get("dataset.preview.totalRows")) != fmt.Sprint(len(rows)) {
						t.Errorf("of %d rows one is %v, in all %v", len(rows), row, a.Get("dataset.preview.totalRows"))
						return
					}
				}
			}
		})
	}
	for n := 2; n <= 6; n++ {
		a := owner.Upload(t, `mutation($id:ID!,$file:Upload!){reuploadDataset(input:{id:$id,file:$file}){__typename}}`,
			map[string]any{"id": id, "file": nil}, "variables.file", "edition.csv", strings.NewReader(edition(n)))
		if a.Str("reuploadDataset.__typename") != "ReimportCompleted" {
			t.Errorf("edition %d: %s", n, a.Raw)
		}
	}
	stop()
	readers.Wait()
	for i, editions := range seen {
		if len(editions) < 2 {
			t.Errorf("reader %d saw %v", i, editions)
		}
	}
}

package apptest_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/app/apptest"
	"github.com/karuta-bi/karuta/internal/core"
)

// While an import waits for a decision on a confidential column nobody reads what
// it wrote by any door, and what is left out then is in no file.
func TestNobodyReadsABlockedImport(t *testing.T) { // PII-4
	k := apptest.Start(t)
	owner, _ := k.Somebody(t, core.RoleUser)
	other, _ := k.Somebody(t, core.RoleUser)
	admin, _ := k.Somebody(t, core.RoleAdmin)
	a := owner.Upload(t, `mutation($file:Upload!){importCsv(input:{name:"社員",file:$file}){job{id}}}`,
		map[string]any{"file": nil}, "variables.file", "staff.csv", strings.NewReader(staff))
	id := a.Str("importCsv.job.id")
	owner.AwaitJob(t, id)
	waiting := owner.Must(t, `query($id:ID!){importJob(id:$id){status dataset{id} blocked{columns{name proposed{class kind}}}}}`, map[string]any{"id": id})
	if waiting.Get("importJob.dataset") != nil || waiting.Str("importJob.blocked.columns.0.name") != "給与" {
		t.Fatalf("waits as %s", waiting.Raw)
	}
	job, err := k.App.Store.Jobs.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	for who, c := range map[string]apptest.Client{"owner": owner, "other": other, "admin": admin} {
		for door, document := range map[string]string{
			"dataset":    `query($id:ID!){dataset(id:$id){id}}`,
			"values":     `query($id:ID!){dataset(id:$id){columnValues(column:"給与"){values}}}`,
			"preview":    `query($id:ID!){dataset(id:$id){preview(limit:5){rows}}}`,
			"statistics": `query($id:ID!){dataset(id:$id){statistics{rowCount}}}`,
			"versions":   `query($id:ID!){dataset(id:$id){versions{nodes{number}}}}`,
			"node":       `query($id:ID!){node(id:$id){id}}`,
			"list":       `query{datasets{nodes{id columns{name}}}}`,
			"card":       `mutation($id:ID!){createCard(input:{name:"x",datasetId:$id,code:"def render(dataset, filters, params):\n    return dataset.to_html()\n"}){card{id}}}`,
			"export":     `mutation($id:ID!){exportDataset(input:{id:$id,format:CSV}){url}}`,
			"delete":     `mutation($id:ID!){deleteDataset(input:{id:$id}){deletedId}}`,
		} {
			vars := map[string]any{"id": job.DatasetID}
			if door == "list" {
				vars = nil
			}
			got := c.Do(t, document, vars)
			if door == "export" && got.Code() != "NOT_FOUND" || strings.Contains(got.Raw, "7001001") || strings.Contains(got.Raw, "給与") && door != "card" || got.Code() == "" && strings.Contains(got.Raw, job.DatasetID) {
				t.Errorf("%s: %s: %s", who, door, got.Raw)
			}
		}
	}
	owner.Must(t, `mutation($id:ID!){confirmImport(input:{jobId:$id,drop:["給与"]}){job{id}}}`, map[string]any{"id": id})
	ended := owner.AwaitJob(t, id)
	if ended.Str("importJob.dataset.id") != job.DatasetID || strings.Contains(fmt.Sprint(ended.Get("importJob.dataset.columns")), "給与") {
		t.Fatalf("ended as %s", ended.Raw)
	}
	rows := owner.Must(t, `query($id:ID!){dataset(id:$id){preview(limit:100){rows}}}`, map[string]any{"id": job.DatasetID})
	if strings.Contains(rows.Raw, "7001001") {
		t.Errorf("still there: %s", rows.Raw)
	}
	blockedAgain(t, owner, job.DatasetID)
	k.App.Datasets.Close(t.Context()) // the upload is removed after the job has ended
	err = filepath.WalkDir(k.App.Config.DataDir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), "7001001") {
			t.Errorf("%s holds it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// blockedAgain: while another upload waits, a file holds what was there before it.
func blockedAgain(t *testing.T, owner apptest.Client, id string) {
	t.Helper()
	other := strings.ReplaceAll(staff, "給与", "年収")
	waits := owner.Upload(t, `mutation($id:ID!,$file:Upload!){reuploadDataset(input:{id:$id,file:$file}){... on ReimportPendingConfirmation{job{id blocked{columns{name}}}}}}`,
		map[string]any{"id": id, "file": nil}, "variables.file", "staff.csv", strings.NewReader(other))
	if waits.Str("reuploadDataset.job.blocked.columns.0.name") != "年収" {
		t.Fatalf("waits as %s", waits.Raw)
	}
	offer := owner.Must(t, `mutation($id:ID!){exportDataset(input:{id:$id,format:CSV}){url}}`, map[string]any{"id": id})
	status, text := bytesOf(t, owner.URL+offer.Str("exportDataset.url"))
	if status != 200 || strings.Contains(text, "年収") || strings.Contains(text, "7001001") || strings.Count(text, "\n") != strings.Count(staff, "\n") {
		t.Errorf("%d: %s", status, text)
	}
	owner.Must(t, `mutation($id:ID!){confirmImport(input:{jobId:$id,drop:["年収"]}){job{id}}}`, map[string]any{"id": waits.Str("reuploadDataset.job.id")})
	owner.AwaitJob(t, waits.Str("reuploadDataset.job.id"))
}

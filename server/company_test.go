package server_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/karuta-bi/karuta/executor/client"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/store/storetest"
	"github.com/karuta-bi/karuta/internal/table"
)

// actors are everybody who may come to the door of the owner's dashboard. The
// last two are administrators whose account was locked and whose session was
// ended: if that went unnoticed, every door would open to them.
var actors = strings.Fields("anonymous stranger viewer editor coowner owner member admin locked ended")

// Marks in the texts of the owner's things: who may not see the dashboard reads
// neither, and what is private is read by the owner and administrators alone.
const (
	inside  = "Inside-7Q"
	private = "Private-7Q"
)

// company is a small world in a file, of which every attempt gets a fresh copy.
type company struct {
	file     string
	executor *client.Client
	ids      map[string]string // by the names that documents use
	tokens   map[string]string // by actor
	keys     []table.Key       // of every item
}

func newCompany(t testing.TB) *company {
	t.Helper()
	c := &company{
		file: filepath.Join(t.TempDir(), "company.db"), executor: obliging(t).Client(),
		ids: map[string]string{"soon": time.Now().AddDate(0, 0, 7).Format(time.DateOnly)}, tokens: map[string]string{"anonymous": ""},
	}
	var ledger *storetest.Ledger
	h := openHouse(t, site{file: c.file, blobs: accesstest.NewBlobs(), executor: c.executor, engine: func(e table.Engine) table.Engine {
		ledger = storetest.NewLedger(e)
		return ledger
	}})
	c.hire(h)
	c.furnish(h)
	c.furnishStranger(h)
	c.registerOperations(h)
	c.dismiss(h)
	c.keys = ledger.Keys()
	h.close()
	c.shrink(t)
	return c
}

// shrink makes the file as small as what is in it, for it is copied often.
func (c *company) shrink(t testing.TB) {
	t.Helper()
	from, err := bbolt.Open(c.file, 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	c.file += ".small"
	to, err := bbolt.Open(c.file, 0o600, nil)
	must(t, err)
	must(t, bbolt.Compact(to, from, 0))
	must(t, errors.Join(from.Close(), to.Close()))
}

// obliging is an executor that does whatever it is asked. A transform runs until
// the house is closed.
func obliging(t testing.TB) *accesstest.Executor {
	e := accesstest.NewExecutor(t)
	e.Card = func(client.CardRequest) client.CardReply {
		return client.CardReply{HTML: "<p>" + inside, Log: private, UsedColumns: []string{"地域"}, FilterApplicable: true, RowsIn: 3}
	}
	e.Rows = func(client.RowsRequest) client.RowsReply {
		row := inside
		return client.RowsReply{Rows: [][]*string{{&row, nil}}, TotalRows: 3}
	}
	e.Export = func(client.ExportRequest) (int64, string, *client.Problem) { return 3, inside, nil }
	e.Values = func(client.ValuesRequest) client.ValuesReply { return client.ValuesReply{Values: []string{inside}} }
	e.Import = func(req client.ImportRequest, _ func(client.ImportEvent)) client.ImportEvent {
		return client.ImportEvent{Done: &client.ImportDone{Columns: columns(), RowCount: 1, Parts: []string{req.Target + "part-0000.parquet"}}}
	}
	e.Transform = func(req client.TransformRequest, _ func(client.TransformEvent), gone <-chan struct{}) client.TransformEvent {
		if req.Target != "" { // so that nothing happens while a test looks
			<-gone
		}
		row := inside
		return client.TransformEvent{Done: &client.TransformDone{Columns: columns(), RowCount: 1, Rows: [][]*string{{&row, nil, nil}}}}
	}
	return e
}

func columns() []core.Column {
	return []core.Column{{Name: "地域", Type: core.TypeString}, {Name: "額", Type: core.TypeInt64}, {Name: "日付", Type: core.TypeDate}}
}

// hire makes the people, and one more who is only talked about.
func (c *company) hire(h *house) {
	for _, name := range append(actors[1:], "guest") {
		role := core.RoleUser
		if name == "admin" || name == "locked" || name == "ended" {
			role = core.RoleAdmin
		}
		c.ids[name], c.tokens[name] = h.user(role)
		switch name {
		case "owner":
			c.ids["session"] = h.session(c.ids[name])
			c.ids["key"] = h.key(c.ids[name], inside)
		case "stranger":
			c.ids["foreign session"] = h.session(c.ids[name])
			c.ids["foreign key"] = h.key(c.ids[name], "帳票")
		}
	}
	for _, name := range []string{"owner", "coowner", "member", "locked"} {
		u, err := h.store.Users.Edit(h.t.Context(), c.ids[name], func(u *core.User) error {
			switch name {
			case "coowner":
				u.Locale = core.Japanese
			case "owner":
				u.Attributes = map[string][]string{"department": {"営業"}}
			}
			return nil
		})
		must(h.t, err)
		c.ids[name+" mail"] = u.Email
	}
	group := h.Group("営業 " + inside)
	c.ids["group"] = group.ID
	_, err := h.store.Groups.AddMember(h.t.Context(), group.ID, c.ids["member"])
	must(h.t, err)
}

// furnish makes the owner's things: a dashboard with a card over a dataset,
// shared with the others, a card and a dataset that lie on no dashboard, and
// the job of an import.
func (c *company) furnish(h *house) {
	ctx := h.t.Context()
	owner := &core.User{ID: c.ids["owner"]}
	data, unused, deleted := c.dataset(h, owner), c.renewed(h, c.dataset(h, owner)), c.dataset(h, owner)
	must(h.t, h.store.Datasets.Delete(ctx, deleted, store.Now()))
	placed, spare := c.card(h, owner, data), c.card(h, owner, data)
	filters := []core.Filter{{ID: core.NewID(core.NounFilter), Type: core.FilterCategory, Column: "地域", Label: inside, MultiSelect: true}}
	d := h.Dashboard(owner, filters, placed)
	d, err := h.store.Dashboards.Edit(ctx, d.ID, owner.ID, 0, nil, func(d *core.Dashboard) error {
		d.Name, d.Description = "売上 "+inside, inside
		return nil
	})
	must(h.t, err)
	for name, level := range map[string]core.Permission{
		"viewer": core.PermissionViewer, "editor": core.PermissionEditor, "coowner": core.PermissionOwner, "locked": core.PermissionOwner, "ended": core.PermissionOwner,
	} {
		h.Share(d, &core.User{ID: c.ids[name]}, level)
	}
	h.ShareGroup(d, &core.Group{ID: c.ids["group"]}, core.PermissionViewer)
	copied := c.copied(h, d)
	job := &core.ImportJob{
		ID: core.NewID(core.NounJob), Status: core.StatusSucceeded, Name: inside, DatasetID: data.ID, OwnerID: owner.ID, CreatedAt: store.Now(), FinishedAt: store.Now(),
		Events: []core.ImportEvent{{Seq: 1, At: store.Now(), Kind: core.ImportEventNote, Status: core.StatusRunning, Note: core.NoteColumnsRenamed, Args: map[string]any{"columns": private}}},
	}
	must(h.t, h.store.Jobs.Create(ctx, job))
	must(h.t, h.store.Limits.AddUsage(ctx, core.RateUsage{Class: core.RateAPI, Subject: owner.ID, Limit: 100, Peak: 120, Near: 1, Over: 1, Last: store.Now()}))
	must(h.t, h.store.Limits.Block(ctx, &core.BlockedAddress{Network: "203.0.113.128/25", Until: store.Now().Add(time.Hour), Reason: inside, SetBy: c.ids["admin"], SetAt: store.Now()}))
	announcement := &core.Announcement{ID: core.NewID(core.NounAnnouncement), Ja: "止まります", En: "It stops", Severity: core.SeverityInfo, Until: store.Now().Add(time.Hour), CreatedBy: c.ids["admin"], CreatedAt: store.Now()}
	must(h.t, h.store.Outbox.Announce(ctx, announcement))
	c.ids["announcement"], c.ids["later"] = announcement.ID, store.Now().AddDate(0, 0, 7).Format(time.RFC3339)
	must(h.t, h.store.Cards.KeepRuns(ctx, []*core.CardRun{{ID: core.NewID("run"), CardID: placed.ID, At: store.Now(), Code: core.CodeExecution, UserID: owner.ID}}))
	request := c.request(h, d)
	notice := core.Notice{
		RequestID: request.ID(), ID: core.NewID(core.NounNotice), UserID: owner.ID, Kind: core.NoticeAccessRequested, ActorID: c.ids["guest"], TargetID: d.ID, Message: private,
	}
	must(h.t, h.store.Outbox.Add(ctx, notice))
	c.ids["notice"], c.ids["request"] = notice.ID, request.ID()
	c.ids["policy"] = data.Policies[0].ID
	for name, id := range map[string]string{
		"dashboard": d.ID, "copy": copied.ID, "card": placed.ID, "spare": spare.ID, "dataset": data.ID, "unused": unused.ID, "deleted": deleted.ID, "job": job.ID, "filter": filters[0].ID,
		"share": core.ShareID(d.ID, core.TargetGroup, c.ids["group"]), "place": core.DashboardCardID(d.ID, placed.ID),
	} {
		c.ids[name] = id
	}
	c.keepViews(h, d)
	c.transform(h, owner, data)
}

// transform makes two transforms of the owner's over the dataset: one with a run
// that failed and one with a run that goes on.
func (c *company) transform(h *house, owner *core.User, data *core.Dataset) {
	ctx := h.t.Context()
	for name, runs := range map[string]string{"transform": "execution", "busy transform": "running"} {
		t := &core.Transform{
			ID: core.NewID(core.NounTransform), Name: inside, Description: inside, Code: "# " + private, Params: `{"key":"` + private + `"}`, OwnerID: owner.ID,
			Inputs: []core.TransformInput{{DatasetID: data.ID}}, OutputID: core.NewID(core.NounDataset), OutputName: inside, CreatedAt: store.Now(), UpdatedAt: store.Now(),
		}
		must(h.t, h.store.Transforms.Create(ctx, t, time.Time{}))
		x := &core.Execution{
			ID: core.NewExecutionID(t.ID), TransformID: t.ID, Status: core.StatusQueued, Trigger: core.TriggerManual, RequestedBy: owner.ID, Attempt: 1,
			Inputs: []core.ExecutionInput{{DatasetID: data.ID, Version: 1, Rows: 3}}, OutputID: t.OutputID, CreatedAt: store.Now().Add(time.Hour),
		}
		err := h.store.Executions.Start(ctx, x)
		must(h.t, err)
		c.ids[name], c.ids[runs] = t.ID, x.ID
	}
	must(h.t, h.store.Executions.PutEvents(ctx, c.ids["execution"], []core.RunEvent{{Seq: 1, At: store.Now(), Kind: core.RunEventLog, Text: private}}))
	_, err := h.store.Executions.Finish(ctx, c.ids["execution"], nil, func(x *core.Execution) error {
		x.Status, x.FinishedAt = core.StatusFailed, store.Now()
		x.Problem = &core.RunProblem{Code: core.CodeExecution, Reason: "raised", Traceback: &core.Traceback{Message: private, Frames: []core.TracebackFrame{}}}
		return nil
	})
	must(h.t, err)
}

// keepViews makes filter views of the dashboard: one that the owner shares, and
// the owner's and the viewer's own.
func (c *company) keepViews(h *house, d *core.Dashboard) {
	for name, of := range map[string]struct {
		owner, value string
		shared       bool
	}{"view": {"owner", inside, true}, "own view": {"owner", private, false}, "viewer's view": {"viewer", "東京", false}} {
		v := &core.FilterView{
			ID: core.NewFilterViewID(d.ID), DashboardID: d.ID, Name: of.value, OwnerID: c.ids[of.owner], Shared: of.shared, CreatedAt: store.Now(), UpdatedAt: store.Now(),
			Filters: []core.FilterValue{{Column: "地域", Values: []string{of.value}}},
		}
		must(h.t, h.store.FilterViews.Create(h.t.Context(), v))
		c.ids[name] = v.ID
	}
	c.ids["view of none"] = core.NewFilterViewID(d.ID)
}

// copied is the viewer's copy of a page, which the stranger may look at.
func (c *company) copied(h *house, d *core.Dashboard) *core.Dashboard {
	copied := h.Clone(&core.User{ID: c.ids["viewer"]}, d)
	copied, err := h.store.Dashboards.Edit(h.t.Context(), copied.ID, copied.OwnerID, 0, nil, func(d *core.Dashboard) error {
		d.Filters = nil
		return nil
	})
	must(h.t, err)
	h.Share(copied, &core.User{ID: c.ids["stranger"]}, core.PermissionEditor)
	return copied
}

// furnishStranger makes things that the owner may not see.
func (c *company) furnishStranger(h *house) {
	stranger := &core.User{ID: c.ids["stranger"]}
	data := h.Dataset(stranger, columns()...)
	card := h.Card(stranger, data)
	board := h.Dashboard(stranger, nil, card)
	own := &core.Transform{ID: core.NewID(core.NounTransform), Name: "集計", CreatedAt: store.Now(), UpdatedAt: store.Now(), OwnerID: stranger.ID, Inputs: []core.TransformInput{{DatasetID: data.ID}}, OutputID: core.NewID(core.NounDataset)}
	must(h.t, h.store.Transforms.Create(h.t.Context(), own, time.Time{}))
	c.ids["foreign transform"], c.ids["foreign execution"] = own.ID, core.NewExecutionID(own.ID)
	job := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusFailed, OwnerID: stranger.ID, CreatedAt: store.Now(), FinishedAt: store.Now()}
	must(h.t, h.store.Jobs.Create(h.t.Context(), job))
	notice := core.Notice{ID: core.NewID(core.NounNotice), UserID: stranger.ID, Kind: core.NoticeShared}
	must(h.t, h.store.Outbox.Add(h.t.Context(), notice))
	c.ids["foreign notice"], c.ids["foreign request"] = notice.ID, c.request(h, board).ID()
	for name, id := range map[string]string{
		"dataset": data.ID, "card": card.ID, "dashboard": board.ID, "job": job.ID, "group": h.Group("総務").ID,
		"share": core.ShareID(board.ID, core.TargetUser, c.ids["guest"]),
	} {
		c.ids["foreign "+name] = id
	}
}

// registerOperations registers an operation of the owner's and one of the stranger's.
func (c *company) registerOperations(h *house) {
	documents := map[string]string{}
	var all []*core.Operation
	for name, said := range map[string]string{"owner": private, "stranger": ""} {
		text := "query Of" + name + " { me { id } }"
		documents[core.Hash(text)] = text
		all = append(all, &core.Operation{
			ID: "of/" + name, Name: "Of" + name, Type: "query", Hash: core.Hash(text), Version: 1, OwnerID: c.ids[name], Class: core.RateAPI,
			Description: said, CreatedAt: store.Now(), UpdatedAt: store.Now(), UpdatedBy: c.ids["admin"],
		})
	}
	must(h.t, h.store.Operations.Change(h.t.Context(), &core.Registry{Operations: map[string]*core.Operation{}}, all, documents))
	c.ids["operation"], c.ids["foreign operation"] = "of/owner", "of/stranger"
}

// request is the guest's wish to see the dashboard.
func (c *company) request(h *house, d *core.Dashboard) *core.AccessRequest {
	q := &core.AccessRequest{
		DashboardID: d.ID, UserID: c.ids["guest"], Permission: core.PermissionViewer, Message: inside, Status: core.RequestOpen, CreatedAt: store.Now(),
	}
	must(h.t, h.store.Requests.Ask(h.t.Context(), q, nil))
	return q
}

// dataset is one of the owner's, with a policy that opens all of it to everybody.
func (c *company) dataset(h *house, owner *core.User) *core.Dataset {
	d, err := h.store.Datasets.Edit(h.t.Context(), h.Dataset(owner, columns()...).ID, 0, func(d *core.Dataset) error {
		d.Name, d.Description, d.Path = inside, inside, private
		d.Policies = []core.Policy{{ID: core.NewID(core.NounPolicy), Name: private, CreatedBy: owner.ID, CreatedAt: store.Now(), UpdatedAt: store.Now()}}
		return nil
	})
	must(h.t, err)
	return d
}

// renewed gives a dataset a second version, and an object that it comes from.
func (c *company) renewed(h *house, d *core.Dataset) *core.Dataset {
	ctx := h.t.Context()
	job := &core.ImportJob{ID: core.NewID(core.NounJob), Kind: core.ImportAgain, Status: core.StatusSucceeded, DatasetID: d.ID, OwnerID: d.OwnerID, CreatedAt: store.Now(), FinishedAt: store.Now()}
	must(h.t, h.store.Jobs.Create(ctx, job))
	d.SourceType, d.S3, d.DataVersion = core.SourceS3, &core.S3Object{Bucket: "company-data", Key: "sales.csv"}, 2
	v := &core.DatasetVersion{DatasetID: d.ID, Number: 2, Columns: d.Columns, Parts: d.Parts, Path: d.Path, JobID: job.ID, CreatedAt: store.Now(), CreatedBy: d.OwnerID}
	must(h.t, h.store.Datasets.Publish(ctx, d, v, job))
	return d
}

func (c *company) card(h *house, owner *core.User, data *core.Dataset) *core.Card {
	made, err := h.store.Cards.Edit(h.t.Context(), h.Card(owner, data).ID, 0, func(d *core.Card) error {
		d.Name, d.Description, d.Code, d.Params = inside, inside, "# "+private, `{"key":"`+private+`"}`
		return nil
	})
	must(h.t, err)
	return made
}

// dismiss locks one account and ends another's session.
func (c *company) dismiss(h *house) {
	system := core.AsSystem(h.t.Context(), "test")
	_, err := h.identity.Deactivate(system, c.ids["locked"])
	must(h.t, err)
	_, err = h.identity.RevokeSessions(system, identity.Revocation{UserID: new(c.ids["ended"])})
	must(h.t, err)
}

// open is a house on a fresh copy of the world.
func (c *company) open(t testing.TB, engine ...func(table.Engine) table.Engine) (h *house, file string) {
	t.Helper()
	world, err := os.ReadFile(c.file)
	must(t, err)
	file = filepath.Join(t.TempDir(), "copy.db")
	must(t, os.WriteFile(file, world, 0o600))
	on := site{file: file, blobs: accesstest.NewBlobs(), executor: c.executor}
	if len(engine) > 0 {
		on.engine = engine[0]
	}
	return openHouse(t, on), file
}

// fill puts the world's ids into a text in the places of their names: <dashboard>.
func (c *company) fill(text string) string {
	for name, id := range c.ids {
		text = strings.ReplaceAll(text, "<"+name+">", id)
	}
	return text
}

// contents is every item and every index entry of a store's file but those of
// the audit log and of sessions, by place. Nobody may have the file open.
func contents(t testing.TB, file string) map[string]string {
	t.Helper()
	db, err := bbolt.Open(file, 0o600, &bbolt.Options{ReadOnly: true})
	must(t, err)
	defer func() { must(t, db.Close()) }()
	found := map[string]string{}
	must(t, db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(name []byte, b *bbolt.Bucket) error {
			if ofItems(string(name)) {
				return b.ForEach(func(k, v []byte) error {
					if bytes.Contains(k, []byte("RUN#")) {
						return nil // runs of cards are logged like looks
					}
					found[string(name)+" "+string(k)] = string(v)
					return nil
				})
			}
			return nil
		})
	}))
	return found
}

func ofItems(bucket string) bool {
	kind, name, _ := strings.Cut(bucket, "/")
	name, _, _ = strings.Cut(name, "/")
	return (kind == "t" || kind == "i") && name != table.AuditLogs && name != table.Sessions
}

// same fails the test where the file holds something else than before.
func same(t testing.TB, file string, before map[string]string) {
	t.Helper()
	after := contents(t, file)
	for place, was := range before {
		if is, there := after[place]; !there || is != was {
			t.Errorf("the store has changed at %q: %q, was %q", place, is, was)
		}
	}
	for place, is := range after {
		if _, there := before[place]; !there {
			t.Errorf("the store has grown at %q: %q", place, is)
		}
	}
}

package identity

import (
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
)

func (e *estate) transform() *core.Transform {
	e.t.Helper()
	tf := &core.Transform{
		ID: core.NewID(core.NounTransform), Name: "集計", Code: "c", OwnerID: e.owner.ID, OutputID: core.NewID(core.NounDataset),
		Inputs: []core.TransformInput{{DatasetID: e.data.ID}}, Schedule: core.Schedule{Cron: "@daily", Zone: "Asia/Tokyo", Enabled: true},
	}
	e.must(e.Store.Transforms.Create(e.t.Context(), tf, time.Now().Add(time.Hour)))
	return tf
}

// runsBy asks the door at which a transform is run.
func (e *estate) runsBy(tf *core.Transform, u *core.User, want core.Code) {
	e.t.Helper()
	_, err := e.Gate.RequireTransform(e.As(u), "id", tf.ID, access.Run)
	accesstest.Code(e.t, u.Name+" runs it", err, want)
}

// A transform gets another owner, who runs it from then on; its schedule stays.
func TestATransformGetsAnotherOwner(t *testing.T) {
	e := newEstate(t)
	tf := e.transform()
	e.must(e.TransferOwnership(e.As(e.owner), Transfer{ID: tf.ID, ToUserID: e.heir.ID, Version: tf.Version}))
	e.runsBy(tf, e.heir, "")
	e.runsBy(tf, e.owner, core.CodeForbidden)
	if evs := e.Events(core.EventOwnerChanged); len(evs) != 1 || evs[0].TargetType != "transform" || evs[0].TargetID != tf.ID || evs[0].Details["to"] != e.heir.ID {
		t.Errorf("audited %+v", evs)
	}
	state, err := e.Store.Transforms.State(t.Context(), tf.ID)
	if err != nil || state.NextRunAt.IsZero() {
		t.Errorf("its state is %+v, %v", state, err)
	}
	err = e.TransferOwnership(e.As(e.heir), Transfer{ID: tf.ID, ToUserID: e.owner.ID, Version: tf.Version})
	accesstest.Code(t, "an old version", err, core.CodeConflict)
}

// Who leaves hands transforms over with the rest.
func TestTransformsAreHandedOver(t *testing.T) {
	e := newEstate(t)
	tf := e.transform()
	admin := e.admin
	owned, err := e.Owned(e.As(admin), e.owner.ID)
	if err != nil || owned.TransformCount != 1 || len(owned.Transforms) != 1 {
		t.Fatalf("owned are %+v, %v", owned, err)
	}
	_, err = e.Depart(e.As(admin), Departure{UserID: e.owner.ID, HandOverTo: e.heir.ID})
	e.must(err)
	e.runsBy(tf, e.heir, "")
	if owned, err := e.Owned(e.As(admin), e.owner.ID); err != nil || owned.Count() != 0 {
		t.Errorf("left behind are %+v, %v", owned, err)
	}
}

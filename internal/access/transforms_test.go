package access_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/access"
	"github.com/karuta-bi/karuta/internal/core"
)

// TR-8: the owner of a transform does everything, administrators look and manage,
// nobody else sees it; who runs what is not theirs hears 403, whether they see it or not.
func TestTransformsAgreeWithNaiveModel(t *testing.T) {
	w := newWorld(t, rand.New(rand.NewPCG(5, 5)))
	var denied []access.Denial
	gate := access.New(w.st, func(_ context.Context, d access.Denial) { denied = append(denied, d) })
	var ids []string
	for _, owner := range w.users {
		tf := &core.Transform{ID: core.NewID(core.NounTransform), Name: "t", Code: "secret", OwnerID: owner.ID, OutputID: core.NewID(core.NounDataset)}
		w.must(w.st.Transforms.Create(t.Context(), tf, time.Time{}))
		ids = append(ids, tf.ID)
	}
	for _, u := range w.users {
		ctx := core.WithActor(t.Context(), &core.Actor{User: u})
		seen, err := gate.FilterTransforms(ctx, append([]string{core.NewID(core.NounTransform)}, ids...))
		w.must(err)
		for i, owner := range w.users {
			for _, want := range []access.Right{access.View, access.Edit, access.Manage, access.Run} {
				before := len(denied)
				_, err := gate.RequireTransform(ctx, "id", ids[i], want)
				code := transformCode(u, owner, want)
				w.same("transform", err, code)
				if told := len(denied) - before; (told == 1) != (code != "") {
					t.Errorf("%d denials were told of %q", told, code)
				}
			}
			if sees := transformCode(u, owner, access.View) == ""; (seen[ids[i]] != nil) != sees {
				t.Errorf("a list shows it: %t, the door opens: %t", !sees, sees)
			}
		}
		_, err = gate.RequireTransform(ctx, "id", core.NewID(core.NounTransform), access.Run)
		w.same("no transform", err, core.CodeNotFound)
	}
	_, err := gate.RequireTransform(t.Context(), "id", ids[0], access.View)
	w.same("nobody", err, core.CodeUnauthorized)
	if seen, err := gate.FilterTransforms(t.Context(), ids); err != nil || len(seen) != 0 {
		t.Errorf("nobody is shown %v, %v", seen, err)
	}
}

func transformCode(u, owner *core.User, want access.Right) core.Code {
	admin := u.Role == core.RoleAdmin
	switch {
	case u.ID == owner.ID, admin && (want == access.View || want == access.Manage):
		return ""
	case admin, want == access.Run:
		return core.CodeForbidden
	}
	return core.CodeNotFound
}

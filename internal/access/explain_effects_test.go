package access_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/karuta-bi/karuta/internal/access/accesstest"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
)

// shop is a dashboard over one dataset with policies, shared with people who see
// more and less of it.
type shop struct {
	*accesstest.World
	t      *testing.T
	data   *core.Dataset
	page   *core.Dashboard
	things map[string]string // what is asked about, by name
	people map[string]*core.User
}

func newShop(t *testing.T) *shop {
	s := &shop{World: accesstest.New(t), t: t}
	kept, gone := s.Group("営業"), s.Group("解散")
	s.people = map[string]*core.User{
		"owner": s.User("owner"), "admin": s.Admin("admin"), "coowner": s.User("coowner"), "viewer": s.User("viewer"), "none": s.User("none"),
		"trusted": s.User("trusted"), "member": s.User("member"), "left": s.User("left"), "unset": s.User("unset"),
	}
	s.edit("trusted", func(u *core.User) { u.PIIAccess = true })
	s.edit("viewer", func(u *core.User) { u.Attributes = map[string][]string{"region": {"東"}} })
	for name, g := range map[string]*core.Group{"member": kept, "left": gone} {
		_, err := s.Store.Groups.AddMember(t.Context(), g.ID, s.people[name].ID)
		s.must(err)
		s.edit(name, func(*core.User) {})
	}
	_, err := s.Store.Groups.Delete(t.Context(), gone.ID)
	s.must(err)
	s.data = s.Dataset(s.people["owner"],
		core.Column{Name: "地域", Type: core.TypeString}, core.Column{Name: "氏名", Type: core.TypeString, Class: core.ClassDirect},
		core.Column{Name: "給与", Type: core.TypeInt64, Class: core.ClassConfidential}, core.Column{Name: "電話", Type: core.TypeString})
	s.policies(kept, gone)
	card := s.Card(s.people["owner"], s.data)
	s.page = s.Dashboard(s.people["owner"], nil, card, s.Card(s.people["owner"], s.data))
	for name, u := range s.people {
		if name != "owner" {
			s.Share(s.page, u, map[bool]core.Permission{true: core.PermissionOwner, false: core.PermissionViewer}[name == "coowner"])
		}
	}
	s.things = map[string]string{"dataset": s.data.ID, "card": card.ID, "dashboard": s.page.ID, "place": core.DashboardCardID(s.page.ID, card.ID)}
	return s
}

func (s *shop) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *shop) edit(name string, change func(*core.User)) {
	s.t.Helper()
	u, err := s.Store.Users.Edit(s.t.Context(), s.people[name].ID, func(u *core.User) error { change(u); return nil })
	s.must(err)
	s.people[name] = u
}

func (s *shop) policies(kept, gone *core.Group) {
	s.t.Helper()
	region := &core.RowCondition{Op: core.OpIn, Column: "地域", Attribute: "region"}
	person := func(name string) core.Target { return core.Target{Type: core.TargetUser, ID: s.people[name].ID} }
	d, err := s.Store.Datasets.Edit(s.t.Context(), s.data.ID, 0, func(d *core.Dataset) error {
		d.Policies = []core.Policy{
			{ID: core.NewID(core.NounPolicy), Name: "地域ごと", Targets: []core.Target{person("viewer"), person("unset")}, Rows: region},
			{ID: core.NewID(core.NounPolicy), Name: "全員分", Targets: []core.Target{person("trusted")}},
			{ID: core.NewID(core.NounPolicy), Name: "営業", Targets: []core.Target{{Type: core.TargetGroup, ID: kept.ID}}, Hidden: []string{"電話"}},
			{ID: core.NewID(core.NounPolicy), Name: "解散", Targets: []core.Target{{Type: core.TargetGroup, ID: gone.ID}}},
		}
		return nil
	})
	s.must(err)
	s.data = d
}

// What is told is what the gate shows, for everybody and through every thing.
func TestEffectsAgreeWithTheGate(t *testing.T) { // SH-7
	s := newShop(t)
	type told struct {
		extent         core.DataExtent
		hidden, masked []core.ColumnEffect
		applied        string
		missing        []core.MissingKind
	}
	salary := core.ColumnEffect{Column: "給与", Cause: core.CauseClass}
	phone := core.ColumnEffect{Column: "電話", Cause: core.CausePolicy}
	name := core.ColumnEffect{Column: "氏名", Masked: true, Cause: core.CauseClass}
	none := []core.MissingKind{core.MissingPolicy}
	for who, want := range map[string]told{
		"owner":   {extent: core.SeesEverything},
		"admin":   {extent: core.SeesEverything},
		"viewer":  {core.SeesPart, []core.ColumnEffect{salary}, []core.ColumnEffect{name}, "地域ごと", nil},
		"trusted": {core.SeesEverything, nil, nil, "全員分", nil},
		"member":  {core.SeesPart, []core.ColumnEffect{salary, phone}, []core.ColumnEffect{name}, "営業", nil},
		"none":    {core.SeesNoRows, []core.ColumnEffect{salary}, nil, "", none},
		"left":    {core.SeesNoRows, []core.ColumnEffect{salary}, nil, "", none},
		"coowner": {core.SeesNoRows, []core.ColumnEffect{salary}, nil, "", none},
		"unset":   {core.SeesNoRows, []core.ColumnEffect{salary}, nil, "地域ごと", append(none, core.MissingAttribute)},
	} {
		u := s.people[who]
		sight, err := s.Gate.Sight(s.As(u), s.data)
		s.must(err)
		if sight.Empty() != (want.extent == core.SeesNoRows) || (sight == nil) != (want.extent == core.SeesEverything) {
			t.Errorf("%s is shown %+v, want %s", who, sight, want.extent)
		}
		for thing, id := range s.things {
			e, err := s.Gate.Explain(s.As(s.people["admin"]), u.ID, id)
			s.must(err)
			if len(e.Effects) != 1 || e.Effects[0].DatasetID != s.data.ID {
				t.Fatalf("%s of %s: told of %+v", thing, who, e.Effects)
			}
			got := e.Effects[0]
			var applied string
			for _, p := range got.Applied {
				applied += p.Name
			}
			if got.Extent != want.extent || !slices.Equal(got.HiddenColumns, want.hidden) || !slices.Equal(got.MaskedColumns, want.masked) || applied != want.applied {
				t.Errorf("%s of %s: told %+v, want %+v", thing, who, got, want)
			}
			s.checkMissing(e, who+" of "+thing, want.missing)
		}
	}
}

func (s *shop) checkMissing(e *core.Explanation, what string, want []core.MissingKind) {
	s.t.Helper()
	var kinds []core.MissingKind
	for _, m := range e.Missing {
		kinds = append(kinds, m.Kind)
		givers := []string{s.people["admin"].ID}
		if m.Kind == core.MissingPolicy {
			givers = []string{s.people["owner"].ID, s.people["admin"].ID}
		} else if m.Attribute != "region" {
			s.t.Errorf("%s: the attribute %q is missing", what, m.Attribute)
		}
		if !slices.Equal(m.GiverIDs, givers) || m.DatasetID != s.data.ID {
			s.t.Errorf("%s: %+v", what, m)
		}
	}
	if !slices.Equal(kinds, want) {
		s.t.Errorf("%s: %v is missing, want %v", what, kinds, want)
	}
}

// Of the policies of somebody else's data nobody hears: of oneself how much one
// sees, of others nothing, whatever one manages.
func TestEffectsAreTheOwners(t *testing.T) { // SH-7
	s := newShop(t)
	for _, who := range slices.Sorted(maps.Keys(s.people)) {
		u := s.people[who]
		if who == "owner" || who == "admin" {
			continue
		}
		for thing, id := range s.things {
			e, err := s.Gate.Explain(s.As(u), u.ID, id)
			s.must(err)
			sight, err := s.Gate.Sight(s.As(u), s.data)
			s.must(err)
			if len(e.Effects) != 1 || e.Effects[0].Applied != nil || e.Effects[0].HiddenColumns != nil || e.Effects[0].MaskedColumns != nil || (e.Effects[0].Extent == core.SeesNoRows) != sight.Empty() {
				t.Errorf("%s hears of themselves through the %s: %+v", who, thing, e.Effects)
			}
			for _, m := range e.Missing {
				if m.Kind != core.MissingPolicy || m.Attribute != "" {
					t.Errorf("%s hears that %+v is missing", who, m)
				}
			}
		}
	}
	for _, who := range []string{"viewer", "unset", "none", "owner"} {
		e, err := s.Gate.Explain(s.As(s.people["coowner"]), s.people[who].ID, s.page.ID)
		s.must(err)
		if !e.Allowed || len(e.Effects) > 0 || len(e.Missing) > 0 {
			t.Errorf("the co-owner of the page hears of %s: %+v, %+v", who, e.Effects, e.Missing)
		}
	}
	e, err := s.Gate.Explain(s.As(s.people["owner"]), s.people["viewer"].ID, s.page.ID)
	s.must(err)
	if len(e.Effects) != 1 || len(e.Effects[0].Applied) != 1 {
		t.Errorf("the owner hears %+v", e.Effects)
	}
}

// A card that is not shown to somebody tells nothing of its data, nor does a
// page that is closed.
func TestEffectsOfWhatIsShown(t *testing.T) { // SH-9
	s := newShop(t)
	stranger, copier := s.User("stranger"), s.people["viewer"]
	copied := s.Clone(copier, s.page)
	s.Share(copied, stranger, core.PermissionViewer)
	for name, c := range map[string]struct {
		id   string
		u    *core.User
		want int
	}{"the copy to a stranger": {copied.ID, stranger, 0}, "the copy to its owner": {copied.ID, copier, 1}, "the page to a stranger": {s.page.ID, stranger, 0}} {
		e, err := s.Gate.Explain(s.As(s.people["admin"]), c.u.ID, c.id)
		s.must(err)
		if len(e.Effects) != c.want {
			t.Errorf("%s: %+v", name, e.Effects)
		}
	}
}

// Administrators are counted while they can sign in.
func TestAdministratorCount(t *testing.T) { // SH-7
	s := newShop(t)
	s.Admin("second")
	locked := s.Admin("locked")
	_, err := s.Store.Users.Edit(t.Context(), locked.ID, func(u *core.User) error { u.DeactivatedAt = store.Now(); return nil })
	s.must(err)
	if n, err := s.Gate.AdministratorCount(s.As(s.people["owner"])); n != 2 || err != nil {
		t.Errorf("counted %d, %v", n, err)
	}
	_, err = s.Gate.AdministratorCount(t.Context())
	accesstest.Code(t, "by nobody", err, core.CodeUnauthorized)
}

package storetest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
)

// Items is what lies in the tables, by key.
type Items map[table.Key]table.Item

// Check fails the test for everything that does not fit together.
func (items Items) Check(t testing.TB) {
	t.Helper()
	for k, it := range items {
		owner, what := cut(k.PK), cut(k.SK)
		switch k.Table {
		case table.Users:
			items.checkUser(t, k, it)
		case table.Groups:
			items.checkGroup(t, k, it, owner, what)
		case table.Cards, table.Datasets:
			items.checkLeaning(t, k, it)
		case table.Dashboards:
			items.checkBoard(t, k, it, what)
		case table.Shares:
			items.checkShare(t, k, it, owner)
		case table.FilterViews:
			if items.at(table.Dashboards, k.PK, "METADATA") == nil {
				t.Errorf("%s of %s has lost its dashboard", k.SK, owner)
			}
		case table.Transforms:
			items.checkTransform(t, k, it, owner, what)
		case table.Executions:
			items.checkExecution(t, k, it)
		case table.Outbox:
			items.checkRequest(t, k, it)
		}
	}
}

// cut is what comes after the first # of a key's part.
func cut(part string) string {
	_, rest, _ := strings.Cut(part, "#")
	return rest
}

func (items Items) at(name, pk, sk string) table.Item {
	return items[table.Key{Table: name, PK: pk, SK: sk}]
}

func (items Items) checkUser(t testing.TB, k table.Key, it table.Item) {
	t.Helper()
	switch {
	case strings.HasPrefix(k.PK, "EMAIL#"):
		if items.at(table.Users, "USER#"+it.Str("user_id"), "METADATA").Str("email") != cut(k.PK) {
			t.Errorf("the address %s is kept for nobody", k.PK)
		}
	case strings.HasPrefix(k.PK, "IDENTITY#"), strings.HasPrefix(k.SK, "IDENTITY#"):
		items.checkIdentity(t, k, it)
	case k.SK == "METADATA":
		if items.at(table.Users, "EMAIL#"+it.Str("email"), "METADATA").Str("user_id") != it.Str("user_id") {
			t.Errorf("nothing keeps the address of %s", k.PK)
		}
		for _, g := range it.Strings("group_ids") {
			if items.at(table.Groups, "GROUP#"+g, "MEMBER#"+it.Str("user_id")) == nil {
				t.Errorf("%s says to be in %s, which does not know it", k.PK, g)
			}
		}
	}
}

// checkIdentity holds the two guards of an identity against each other and the person.
func (items Items) checkIdentity(t testing.TB, k table.Key, it table.Item) {
	t.Helper()
	id, twins := it.Str("user_id"), 0
	for other, twin := range items {
		if other != k && other.Table == k.Table && strings.Contains(other.PK+other.SK, "IDENTITY#") &&
			twin.Str("user_id") == id && twin.Str("issuer") == it.Str("issuer") && twin.Str("subject") == it.Str("subject") {
			twins++
		}
	}
	if twins != 1 || items.at(table.Users, "USER#"+id, "METADATA") == nil {
		t.Errorf("%s %s: %d guards beside it, of %s", k.PK, k.SK, twins, id)
	}
}

func (items Items) checkGroup(t testing.TB, k table.Key, it table.Item, group, what string) {
	t.Helper()
	live := func(g table.Item) bool { return g != nil && g.Str("deleted_at") == "" }
	switch {
	case strings.HasPrefix(k.PK, "NAME#"):
		if g := items.at(table.Groups, "GROUP#"+it.Str("group_id"), "METADATA"); !live(g) || g.Str("name_folded") != cut(k.PK) {
			t.Errorf("the name %s is kept for no group", k.PK)
		}
	case strings.HasPrefix(k.PK, "CLAIM#"):
		if g := items.at(table.Groups, "GROUP#"+it.Str("group_id"), "METADATA"); !live(g) || g.Str("claim") != cut(k.PK) {
			t.Errorf("the claim %s is kept for no group", k.PK)
		}
	case strings.HasPrefix(k.SK, "MEMBER#"):
		if g := items.at(table.Groups, k.PK, "METADATA"); !live(g) && g.Str("list_key") != "DELETED" {
			t.Errorf("%s has a member, is gone and will not be swept", k.PK)
		}
		if !slices.Contains(items.at(table.Users, "USER#"+what, "METADATA").Strings("group_ids"), group) {
			t.Errorf("%s has the member %s, who does not know it", k.PK, what)
		}
	case k.SK == "METADATA" && live(it):
		if items.at(table.Groups, "NAME#"+it.Str("name_folded"), "METADATA").Str("group_id") != group {
			t.Errorf("nothing keeps the name of %s", k.PK)
		}
		if claim := it.Str("claim"); claim != "" && items.at(table.Groups, "CLAIM#"+claim, "METADATA").Str("group_id") != group {
			t.Errorf("nothing keeps the claim of %s", k.PK)
		}
	}
}

// checkLeaning holds a card against the dataset that it reads, and the guards of
// both against what they guard. A card from before there were guards may have none.
func (items Items) checkLeaning(t testing.TB, k table.Key, it table.Item) {
	t.Helper()
	noun := items.at(k.Table, k.PK, "METADATA")
	switch k.SK {
	case "PLACES":
		if noun == nil || noun.Str("dataset_id") != it.Str("dataset_id") {
			t.Errorf("the guard of %s says that it reads %q, it reads %q", k.PK, it.Str("dataset_id"), noun.Str("dataset_id"))
		}
	case "CARDS":
		if noun == nil {
			t.Errorf("the guard of %s has outlived it", k.PK)
		}
	case "DELETED":
		if noun != nil {
			t.Errorf("%s is there and deleted", k.PK)
		}
	case "METADATA":
		if id := it.Str("dataset_id"); id != "" && items.at(table.Datasets, "DATASET#"+id, "METADATA") == nil {
			t.Errorf("%s reads %s, which is gone", k.PK, id)
		}
	}
}

func (items Items) checkBoard(t testing.TB, k table.Key, it table.Item, card string) {
	t.Helper()
	if strings.HasPrefix(k.SK, "CARD#") {
		if page := items.at(table.Dashboards, k.PK, "METADATA"); !slices.Contains(placed(page), card) {
			t.Errorf("%s has a place on %s that the page does not know", card, k.PK)
		}
		if reads := items.at(table.Cards, "CARD#"+card, "METADATA").Str("dataset_id"); reads != it.Str("placed_dataset_id") {
			t.Errorf("%s reads %q, on %s %q", card, reads, k.PK, it.Str("placed_dataset_id"))
		}
		return
	}
	if k.SK != "METADATA" {
		return
	}
	if items.at(table.Users, "USER#"+it.Str("owner_id"), "METADATA") == nil {
		t.Errorf("%s has no owner", k.PK)
	}
	for _, id := range placed(it) {
		if items.at(table.Dashboards, k.PK, "CARD#"+id) == nil || items.at(table.Cards, "CARD#"+id, "METADATA") == nil {
			t.Errorf("%s shows %s, which has no place on it or is gone", k.PK, id)
		}
	}
}

// placed are the ids of the cards in a page's layout but those of copies, which
// have no place of their own and may outlive the card.
func placed(page table.Item) (ids []string) {
	layout, _ := page["layout"].(map[string]any)
	cards, _ := layout["cards"].([]any)
	for _, c := range cards {
		place, _ := c.(map[string]any)
		if place := table.Item(place); place.Strings("grants") == nil {
			ids = append(ids, place.Str("card_id"))
		}
	}
	return ids
}

// checkShare holds a share against its dashboard and against what its history
// says last.
func (items Items) checkShare(t testing.TB, k table.Key, it table.Item, dashboard string) {
	t.Helper()
	if strings.HasPrefix(k.SK, "HISTORY#") {
		return
	}
	page := items.at(table.Dashboards, k.PK, "METADATA")
	if page == nil {
		t.Errorf("%s of %s has lost its dashboard", k.SK, dashboard)
	}
	if page.Str("owner_id") == it.Str("target_id") {
		t.Errorf("%s is shared with its owner", dashboard)
	}
	var last table.Item
	var at string
	for other, h := range items {
		if other.Table == table.Shares && other.PK == k.PK && strings.HasPrefix(other.SK, "HISTORY#") && other.SK > at &&
			h.Str("target_id") == it.Str("target_id") && strings.HasPrefix(h.Str("kind"), "share_") {
			last, at = h, other.SK
		}
	}
	if last.Str("permission") != it.Str("permission") {
		t.Errorf("%s of %s is %s, the history says %q last", k.SK, dashboard, it.Str("permission"), last.Str("permission"))
	}
}

// checkRequest holds a request for access against its dashboard, and against the
// share that was given.
func (items Items) checkRequest(t testing.TB, k table.Key, it table.Item) {
	t.Helper()
	if !strings.HasPrefix(k.SK, "REQUEST#") {
		return
	}
	if items.at(table.Dashboards, k.PK, "METADATA") == nil {
		t.Errorf("%s waits at %s, which is gone", k.SK, k.PK)
	}
	if granted := it.Str("status") == "granted"; granted && items.at(table.Shares, k.PK, "USER#"+cut(k.SK)) == nil {
		t.Errorf("%s of %s was granted, and there is no share", k.SK, k.PK)
	}
}

// checkTransform holds a transform against the datasets that it reads, its inputs'
// items and the run that has it.
func (items Items) checkTransform(t testing.TB, k table.Key, it table.Item, transform, what string) {
	t.Helper()
	noun := items.at(table.Transforms, k.PK, "METADATA")
	switch {
	case strings.HasPrefix(k.SK, "INPUT#"):
		if !slices.Contains(inputsOf(noun), what) {
			t.Errorf("%s says to read %s and does not", k.PK, what)
		}
	case k.SK == "STATE":
		if noun == nil {
			t.Errorf("the state of %s has outlived it", k.PK)
		}
		if id := it.Str("running_id"); id != "" && !items.running(transform, id) {
			t.Errorf("%s is held by %s, which does not run", k.PK, id)
		}
	case k.SK == "METADATA" && it.Str("transform_id") != "":
		if items.at(table.Transforms, k.PK, "STATE") == nil {
			t.Errorf("%s has no state", k.PK)
		}
		for _, id := range inputsOf(it) {
			if items.at(table.Transforms, k.PK, "INPUT#"+id) == nil || items.at(table.Datasets, "DATASET#"+id, "METADATA") == nil {
				t.Errorf("%s reads %s, which is gone or does not know it", k.PK, id)
			}
		}
	}
}

func inputsOf(transform table.Item) (ids []string) {
	inputs, _ := transform["inputs"].([]any)
	for _, in := range inputs {
		m, _ := in.(map[string]any)
		ids = append(ids, table.Item(m).Str("dataset_id"))
	}
	return ids
}

func (items Items) running(transform, id string) bool {
	x := items.at(table.Executions, "TRANSFORM#"+transform, "EXECUTION#"+id[strings.LastIndexByte(id, '_')+1:])
	return x.Str("status") == "queued" || x.Str("status") == "running"
}

// checkExecution holds a run that goes on against the transform that it has, one
// that succeeded against the version that it wrote, and a due time against the run
// that decided it.
func (items Items) checkExecution(t testing.TB, k table.Key, it table.Item) {
	t.Helper()
	switch {
	case strings.HasPrefix(k.SK, "DUE#"):
		own := it.Str("execution_id")
		if x := items.at(table.Executions, k.PK, "EXECUTION#"+own[strings.LastIndexByte(own, '_')+1:]); x.Str("due_at") != cut(k.SK) {
			t.Errorf("%s of %s was decided by nothing", k.SK, k.PK)
		}
	case !strings.HasPrefix(k.SK, "EXECUTION#"):
	case it.Str("running_shard") != "":
		if items.at(table.Transforms, k.PK, "STATE").Str("running_id") != it.Str("execution_id") {
			t.Errorf("%s runs without having its transform", it.Str("execution_id"))
		}
	case it.Str("status") == "success":
		v := items.at(table.Datasets, "DATASET#"+it.Str("output_dataset_id"), fmt.Sprintf("VERSION#%06d", it.Int("output_version")))
		if v != nil && v.Str("run_id") != it.Str("execution_id") {
			t.Errorf("%s succeeded and its version is %v", it.Str("execution_id"), v)
		}
	}
}

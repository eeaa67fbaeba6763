package store

import (
	"context"
	"slices"
	"strings"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Rights is the history of rights: HISTORY#time#id beside the person, group,
// dataset, card or transform that it is about, and once more under ADMINS where it tells
// who was an administrator. Each line is written in the transaction of its change
// and stays after the subject is gone. Dashboards have theirs in bi_dashboard_shares.
type Rights struct{ e table.Engine }

const historyPrefix = "HISTORY#"

// adminsKey is the subject under which the administrators' changes are found
// without knowing who they are.
var adminsKey = table.Key{Table: table.Users, PK: "ADMINS"}

// rightsChange is a change that the actor of the context makes now.
func rightsChange(ctx context.Context, subjectID string, kind core.RightsKind, otherID string) core.RightsChange {
	return core.RightsChange{SubjectID: subjectID, At: Now(), Kind: kind, ActorID: core.ActorFrom(ctx).UserID(), OtherID: otherID}
}

// rightsWrite is the line of history of a change, beside the subject's own item,
// for the transaction that makes the change.
func rightsWrite(subject table.Key, c core.RightsChange) table.Write {
	it := table.Item{"kind": string(c.Kind), "subject_id": c.SubjectID}
	putTime(it, "at", c.At)
	putStr(it, "actor_id", c.ActorID)
	putStr(it, "other_id", c.OtherID)
	if c.Kind == core.RightsCreated || c.Kind == core.RightsOwner {
		putStr(it, "history_owner", c.OtherID)
	}
	if len(c.Details) > 0 {
		details := make(map[string]any, len(c.Details))
		for name, value := range c.Details {
			details[name] = value
		}
		it["details"] = details
	}
	return table.Put(table.Key{Table: subject.Table, PK: subject.PK, SK: historySort(c.At)}, it, table.IfAbsent())
}

func readRights(it table.Item) core.RightsChange {
	c := core.RightsChange{
		SubjectID: it.Str("subject_id"), At: getTime(it, "at"), Kind: core.RightsKind(it.Str("kind")),
		ActorID: it.Str("actor_id"), OtherID: it.Str("other_id"),
	}
	if details, ok := it["details"].(map[string]any); ok {
		c.Details = make(map[string]string, len(details))
		for name := range details {
			c.Details[name] = table.Item(details).Str(name)
		}
	}
	return c
}

// Of is the history of a person, group, dataset, card or transform, oldest first, all of
// it; empty where there never was one.
func (r *Rights) Of(ctx context.Context, subjectID string) ([]core.RightsChange, error) {
	noun, _, _ := strings.Cut(subjectID, "_")
	key, ok := map[core.Noun]func(string) table.Key{
		core.NounUser: userKey, core.NounGroup: groupKey, core.NounDataset: datasetKey, core.NounCard: cardKey,
		core.NounTransform: transformKey,
	}[core.Noun(noun)]
	if !ok {
		return nil, nil
	}
	return r.history(ctx, key(subjectID))
}

// EverOwned lists the datasets, cards and transforms that a person owned at any time, each
// once; those that are gone included.
func (r *Rights) EverOwned(ctx context.Context, userID string) (ids []string, err error) {
	for tableName, index := range map[string]string{table.Datasets: table.DatasetsEverOwned, table.Cards: table.CardsEverOwned, table.Transforms: table.TransformsEverOwned} {
		items, err := collect(ctx, r.e, table.Query{Table: tableName, Index: index, PK: userID}, 0)
		if err != nil {
			return nil, err
		}
		for _, it := range items {
			ids = append(ids, it.Str("subject_id"))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// Admins is who became and ceased to be an administrator, oldest first.
func (r *Rights) Admins(ctx context.Context) ([]core.RightsChange, error) {
	return r.history(ctx, adminsKey)
}

func (r *Rights) history(ctx context.Context, subject table.Key) ([]core.RightsChange, error) {
	return collectAs(ctx, r.e, table.Query{Table: subject.Table, PK: subject.PK, Prefix: historyPrefix}, 0, readRights)
}

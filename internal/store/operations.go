package store

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table"
)

// Operations is bi_operations. What is said of all operations lies in a fixed
// number of parts, REGISTRY / PART#nn, so that any number of them changes in one
// transaction; REGISTRY / METADATA guards them with a revision. Documents are
// DOCUMENT#hash / METADATA, uses OPERATION#id / USE#client#release.
type Operations struct{ e table.Engine }

const (
	operationParts   = 32
	documentsAtOnce  = 25 // in a transaction, which holds 4 MB
	operationUseKept = 400 * 24 * time.Hour
	registryPK       = "REGISTRY"
)

func registryKey() table.Key {
	return table.Key{Table: table.Operations, PK: registryPK, SK: metadata}
}

func partKey(n int) table.Key {
	return table.Key{Table: table.Operations, PK: registryPK, SK: fmt.Sprintf("PART#%02d", n)}
}

func documentKey(hash string) table.Key {
	return table.Key{Table: table.Operations, PK: "DOCUMENT#" + hash, SK: metadata}
}

func useKey(u *core.OperationUse) table.Key {
	return table.Key{Table: table.Operations, PK: "OPERATION#" + u.OperationID, SK: "USE#" + u.Client + "#" + u.Release}
}

// partOf is where an operation lies, always the same.
func partOf(id string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // never fails
	return int(h.Sum32() % operationParts)
}

// Revision rises with each change of the registry; 0 before the first.
func (r *Operations) Revision(ctx context.Context) (int64, error) {
	it, err := r.e.Get(ctx, registryKey())
	return it.Int("version"), err
}

// Registry reads all operations as they are at one revision.
func (r *Operations) Registry(ctx context.Context) (*core.Registry, error) {
	revision, err := r.Revision(ctx)
	for try := 0; err == nil; try++ {
		found := &core.Registry{Revision: revision, Operations: map[string]*core.Operation{}}
		var parts []table.Item
		parts, err = collect(ctx, r.e, table.Query{Table: table.Operations, PK: registryPK, Prefix: "PART#"}, 0)
		for _, it := range parts {
			for _, op := range getList[*core.Operation](it, "operations") {
				found.Operations[op.ID] = op
			}
		}
		if err == nil {
			revision, err = r.Revision(ctx)
		}
		switch {
		case err != nil:
		case revision == found.Revision:
			return found, nil
		case try >= editTries:
			err = &core.Error{Code: core.CodeConflict}
		}
	}
	return nil, err
}

// Documents reads documents by their hashes; those that are not there are left out.
func (r *Operations) Documents(ctx context.Context, hashes []string) (map[string]string, error) {
	items, err := getMany(ctx, r.e, hashes, documentKey, func(it table.Item) *string {
		text := it.Str("document")
		return &text
	})
	found := make(map[string]string, len(items))
	for hash, text := range items {
		found[hash] = *text
	}
	return found, err
}

// Change puts operations into the registry as it was read, all or none, after
// the documents that they name. Where the registry has changed meanwhile it is
// CONFLICT, and no operation has changed.
func (r *Operations) Change(ctx context.Context, was *core.Registry, changed []*core.Operation, documents map[string]string) error {
	if err := r.putDocuments(ctx, documents); err != nil {
		return err
	}
	after := make(map[string]*core.Operation, len(was.Operations)+len(changed))
	maps.Copy(after, was.Operations)
	touched := map[int]bool{}
	for _, op := range changed {
		after[op.ID], touched[partOf(op.ID)] = op, true
	}
	still := table.IfVersion(was.Revision)
	if was.Revision == 0 {
		still = table.IfAbsent()
	}
	ws := []table.Write{table.Put(registryKey(), table.Item{"version": was.Revision + 1}, still)}
	for _, n := range slices.Sorted(maps.Keys(touched)) {
		ws = append(ws, table.Put(partKey(n), writePart(after, n), table.Always()))
	}
	err := apply(ctx, r.e, ws)
	if table.ConditionFailed(err) != nil {
		return &core.Error{Code: core.CodeConflict, Cause: err}
	}
	return err
}

func writePart(all map[string]*core.Operation, n int) table.Item {
	var part []*core.Operation
	for _, id := range slices.Sorted(maps.Keys(all)) {
		if partOf(id) == n {
			part = append(part, all[id])
		}
	}
	it := table.Item{}
	putList(it, "operations", part)
	return it
}

// putDocuments writes what no operation names yet. What is there already is the
// same, because the hash says so.
func (r *Operations) putDocuments(ctx context.Context, documents map[string]string) error {
	for hashes := range slices.Chunk(slices.Sorted(maps.Keys(documents)), documentsAtOnce) {
		var ws []table.Write
		for _, hash := range hashes {
			ws = append(ws, table.Put(documentKey(hash), table.Item{"hash": hash, "document": documents[hash]}, table.Always()))
		}
		if err := apply(ctx, r.e, ws); err != nil {
			return err
		}
	}
	return nil
}

// AddUse adds to how often a client has asked for an operation.
func (r *Operations) AddUse(ctx context.Context, u core.OperationUse) error {
	for try := 0; ; try++ {
		it, err := r.e.Get(ctx, useKey(&u))
		if err != nil {
			return err
		}
		sum, still := u, table.IfAbsent()
		if it != nil {
			was := readUse(it)
			sum.Count += was.Count
			sum.FirstAt = was.FirstAt
			still = table.IfVersion(it.Int("version"))
		}
		err = r.e.Write(ctx, table.Put(useKey(&u), writeUse(&sum, it.Int("version")+1), still))
		if table.ConditionFailed(err) == nil || try >= brakeTries {
			return err
		}
	}
}

// Uses are how often each client has asked for an operation, by client and release.
func (r *Operations) Uses(ctx context.Context, operationID string) ([]core.OperationUse, error) {
	return collectAs(ctx, r.e, table.Query{Table: table.Operations, PK: "OPERATION#" + operationID, Prefix: "USE#"}, 0, readUse)
}

func writeUse(u *core.OperationUse, version int64) table.Item {
	it := table.Item{
		"operation_id": u.OperationID, "client": u.Client, "release": u.Release, "count": u.Count,
		"version": version, "ttl": u.LastAt.Add(operationUseKept).Unix(),
	}
	putTime(it, "first_at", u.FirstAt)
	putTime(it, "last_at", u.LastAt)
	return it
}

func readUse(it table.Item) core.OperationUse {
	return core.OperationUse{
		OperationID: it.Str("operation_id"), Client: it.Str("client"), Release: it.Str("release"), Count: it.Int("count"),
		FirstAt: getTime(it, "first_at"), LastAt: getTime(it, "last_at"),
	}
}

package dynamo

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// createOtherwise creates a table by hand, as declared but for what change does.
func createOtherwise(t *testing.T, e *Engine, name string, change func(*dynamodb.CreateTableInput)) {
	t.Helper()
	d, _ := table.Lookup(name)
	in := &dynamodb.CreateTableInput{
		TableName: e.name(d), BillingMode: types.BillingModePayPerRequest, KeySchema: keySchema(d.PK, d.SK), AttributeDefinitions: attributes(d),
		SSESpecification: &types.SSESpecification{Enabled: aws.Bool(true), SSEType: types.SSETypeKms},
	}
	for _, ix := range d.Indexes {
		in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(ix.Name), KeySchema: keySchema(ix.PK, ix.SK), Projection: whole(),
		})
	}
	change(in)
	if _, err := e.client.CreateTable(t.Context(), in); err != nil {
		t.Fatal(err)
	}
}

func expireBy(t *testing.T, e *Engine, name, attribute string) {
	t.Helper()
	d, _ := table.Lookup(name)
	_, err := e.client.UpdateTimeToLive(t.Context(), &dynamodb.UpdateTimeToLiveInput{
		TableName:               e.name(d),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: &attribute, Enabled: aws.Bool(true)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func retype(in *dynamodb.CreateTableInput, attribute string) {
	for i, a := range in.AttributeDefinitions {
		if *a.AttributeName == attribute {
			in.AttributeDefinitions[i].AttributeType = types.ScalarAttributeTypeN
		}
	}
}

func diffsOf(t *testing.T, e *Engine, name string) table.Status {
	t.Helper()
	all, err := e.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(s table.Status) bool { return s.Name == e.prefix+name })
	return all[i]
}

func TestTablesTellsEveryDifference(t *testing.T) {
	endpoint := testkit.Dynoxide(t)
	for _, c := range []struct {
		name   string
		of     string
		change func(*dynamodb.CreateTableInput)
		ttl    string
		want   string
	}{
		{"sort key missing", table.Cards, func(in *dynamodb.CreateTableInput) {
			in.KeySchema = in.KeySchema[:1]
			in.AttributeDefinitions = slices.DeleteFunc(in.AttributeDefinitions, func(a types.AttributeDefinition) bool { return *a.AttributeName == "SK" })
		}, "", "its key is (PK S) instead of (PK S, SK S)"},
		{"sort key a number", table.Cards, func(in *dynamodb.CreateTableInput) { retype(in, "SK") }, "", "its key is (PK S, SK N) instead of (PK S, SK S)"},
		{"partition key a number", table.Cards, func(in *dynamodb.CreateTableInput) { retype(in, "PK") }, "", "its key is (PK N, SK S) instead of (PK S, SK S)"},
		{"index by a number", table.Cards, func(in *dynamodb.CreateTableInput) { retype(in, "card_id") }, "", "index CardsByOwner is (owner_id S, card_id N) instead of (owner_id S, card_id S)"},
		{"index missing", table.Dashboards, func(in *dynamodb.CreateTableInput) { dropIndexes(in, 1) }, "", "index DashboardsByDataset is missing"},
		{"index of keys only", table.Users, func(in *dynamodb.CreateTableInput) {
			in.GlobalSecondaryIndexes[0].Projection = &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
		}, "", "index UsersList does not hold whole items"},
		{"index not declared", table.Users, func(in *dynamodb.CreateTableInput) {
			more := in.GlobalSecondaryIndexes[0]
			more.IndexName = aws.String("More")
			in.GlobalSecondaryIndexes = append(in.GlobalSecondaryIndexes, more)
		}, "", "index More is not declared"},
		{"billed by capacity", table.Groups, func(in *dynamodb.CreateTableInput) {
			through := &types.ProvisionedThroughput{ReadCapacityUnits: aws.Int64(1), WriteCapacityUnits: aws.Int64(1)}
			in.BillingMode, in.ProvisionedThroughput, in.GlobalSecondaryIndexes[0].ProvisionedThroughput = types.BillingModeProvisioned, through, through
		}, "", "it is not billed on demand"},
		{"not encrypted", table.Groups, func(in *dynamodb.CreateTableInput) { in.SSESpecification = nil }, "", "it is not encrypted with a key of the account"},
		{"does not expire", table.Jobs, func(*dynamodb.CreateTableInput) {}, "", `items expire by "" instead of "ttl"`},
		{"expires by another", table.Jobs, func(*dynamodb.CreateTableInput) {}, "other", `items expire by "other" instead of "ttl"`},
		{"expires although declared not to", table.Dashboards, func(*dynamodb.CreateTableInput) {}, "ttl", `items expire by "ttl" instead of ""`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := open(t, endpoint, nil)
			if s := diffsOf(t, e, c.of); s.Exists {
				t.Fatal("exists before it is created")
			}
			createOtherwise(t, e, c.of, c.change)
			if c.ttl != "" {
				expireBy(t, e, c.of, c.ttl)
			}
			if s := diffsOf(t, e, c.of); !s.Exists || !slices.Contains(s.Diffs, c.want) {
				t.Errorf("exists %v, differs %q", s.Exists, s.Diffs)
			}
		})
	}
}

func dropIndexes(in *dynamodb.CreateTableInput, keep int) {
	in.GlobalSecondaryIndexes = in.GlobalSecondaryIndexes[:keep]
	used := map[string]bool{}
	for _, k := range in.KeySchema {
		used[*k.AttributeName] = true
	}
	for _, ix := range in.GlobalSecondaryIndexes {
		for _, k := range ix.KeySchema {
			used[*k.AttributeName] = true
		}
	}
	in.AttributeDefinitions = slices.DeleteFunc(in.AttributeDefinitions, func(a types.AttributeDefinition) bool { return !used[*a.AttributeName] })
}

// TestInitAddsWhatIsMissing: two indexes to an older table with items in it,
// and leaves alone what stands otherwise.
func TestInitAddsWhatIsMissing(t *testing.T) {
	e := open(t, testkit.Dynoxide(t), nil)
	createOtherwise(t, e, table.Dashboards, func(in *dynamodb.CreateTableInput) { dropIndexes(in, 1) })
	createOtherwise(t, e, table.Jobs, func(*dynamodb.CreateTableInput) {})
	expireBy(t, e, table.Jobs, "other")
	old := table.Key{Table: table.Dashboards, PK: "DASHBOARD#d", SK: "CARD#c"}
	mustWrite(t, e, table.Put(old, table.Item{"placed_card_id": "c", "placed_on": "d"}, table.Always()))
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	if s := diffsOf(t, e, table.Dashboards); len(s.Diffs) > 0 {
		t.Errorf("still differs: %q", s.Diffs)
	}
	if s := diffsOf(t, e, table.Jobs); len(s.Diffs) != 1 {
		t.Errorf("another time to live was not left alone: %q", s.Diffs)
	}
	page, err := e.Query(t.Context(), table.Query{Table: table.Dashboards, Index: table.DashboardsByCard, PK: "c"})
	if err != nil || len(page.Items) != 1 {
		t.Errorf("the new index shows %v, %v", page.Items, err)
	}
}

// TestRecoveryIsTurnedOn plays an endpoint that knows point-in-time recovery,
// and is not ready for it at once.
func TestRecoveryIsTurnedOn(t *testing.T) {
	t.Parallel()
	f := newFaulty()
	e := open(t, testkit.Dynoxide(t), f)
	backups := func(status string) fault {
		return answer(http.StatusOK, strings.ReplaceAll(`{"ContinuousBackupsDescription":{"ContinuousBackupsStatus":"ENABLED",
			"PointInTimeRecoveryDescription":{"PointInTimeRecoveryStatus":"STATUS"}}}`, "STATUS", status))
	}
	f.layForever("DescribeContinuousBackups", backups("DISABLED"))
	f.layForever("UpdateContinuousBackups", backups("ENABLED"))
	f.lay("UpdateContinuousBackups", refusal("ContinuousBackupsUnavailableException", ""))
	if err := e.Init(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.wantAllHit(t)
	if n := f.Count("UpdateContinuousBackups"); n != len(table.Tables)+1 {
		t.Errorf("%d calls for %d tables", n, len(table.Tables))
	}
	if s := diffsOf(t, e, table.Cards); !slices.Contains(s.Diffs, "point-in-time recovery is off") {
		t.Errorf("differs %q", s.Diffs)
	}
	f.layForever("DescribeContinuousBackups", backups("ENABLED"))
	if s := diffsOf(t, e, table.Cards); len(s.Diffs)+len(s.Notes) > 0 {
		t.Errorf("differs %q, noted %q", s.Diffs, s.Notes)
	}
	f.layForever("DescribeContinuousBackups", nil)
	if s := diffsOf(t, e, table.Cards); len(s.Diffs) > 0 || len(s.Notes) != 1 {
		t.Errorf("an endpoint without recovery: differs %q, noted %q", s.Diffs, s.Notes)
	}
}

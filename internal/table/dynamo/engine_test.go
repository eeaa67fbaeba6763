package dynamo

import (
	"crypto/rand"
	"net/http"
	"os"
	"testing"

	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/tabletest"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// open gives an engine with tables of its own on the endpoint.
func open(t *testing.T, endpoint string, transport http.RoundTripper) *Engine {
	t.Helper()
	e, err := Open(t.Context(), Options{
		Endpoint: endpoint, Region: "ap-northeast-1", Prefix: "t" + rand.Text()[:8] + "_",
		AccessKey: "test", SecretKey: "test", Transport: transport,
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func TestContract(t *testing.T) {
	t.Parallel()
	made := &tabletest.Operations{}
	endpoint := testkit.Dynoxide(t)
	tabletest.Run(t, func(t *testing.T) table.Engine { return open(t, endpoint, made) })
	made.WantNoScan(t)
}

// TestContractElsewhere runs the contract against any endpoint, AWS included:
// DYNAMODB_ENDPOINT=https://dynamodb.REGION.amazonaws.com with the
// environment's own credentials. It leaves its tables, prefixed
// "karuta_contract_", behind for the next run.
func TestContractElsewhere(t *testing.T) {
	endpoint := os.Getenv("DYNAMODB_ENDPOINT")
	if endpoint == "" {
		t.Skip("not run here: DYNAMODB_ENDPOINT is not set")
	}
	tabletest.Run(t, func(t *testing.T) table.Engine {
		e, err := Open(t.Context(), Options{
			Endpoint: endpoint, Region: os.Getenv("AWS_REGION"), Prefix: "karuta_contract_",
			AccessKey: os.Getenv("AWS_ACCESS_KEY_ID"), SecretKey: os.Getenv("AWS_SECRET_ACCESS_KEY"),
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	})
}

package dynamo

import (
	"context"
	"net/http"
)

// Options say where the tables are. Only Region is needed on AWS itself.
type Options struct {
	Endpoint  string // "" is AWS
	Region    string
	Prefix    string // of the tables' names; "" is "bi_"
	AccessKey string // "" takes the environment's own credentials
	SecretKey string
	// Transport carries the HTTP requests; nil is the SDK's own. For tests.
	Transport http.RoundTripper
}

// Open prepares an engine; it makes no call.
func Open(ctx context.Context, o Options) (*Engine, error) { return nil, errStub }

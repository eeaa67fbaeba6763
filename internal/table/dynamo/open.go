package dynamo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go/logging"

	"github.com/karuta-bi/karuta/internal/table"
)

const (
	defaultPrefix = "bi_"
	answerWait    = 5 * time.Second // of one try, so that a silent connection leaves time for another
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

// Engine speaks to DynamoDB. It is safe for many goroutines.
type Engine struct {
	client *dynamodb.Client
	prefix string
}

var _ table.Engine = (*Engine)(nil)

// Open prepares an engine; it makes no call.
func Open(ctx context.Context, o Options) (*Engine, error) {
	load := []func(*config.LoadOptions) error{
		config.WithRegion(o.Region),
		config.WithRetryer(retryer),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(answerWait)),
		config.WithLogger(logging.Nop{}), // its lines are not ours, and the errors tell the same
	}
	if o.AccessKey != "" {
		load = append(load, config.WithCredentialsProvider(
			credentials.NewStaticCredentialsProvider(o.AccessKey, o.SecretKey, "")))
	}
	cfg, err := config.LoadDefaultConfig(ctx, load...)
	if err != nil {
		return nil, fmt.Errorf("dynamo: %w", err)
	}
	client := dynamodb.NewFromConfig(cfg, func(d *dynamodb.Options) {
		if o.Endpoint != "" {
			d.BaseEndpoint = &o.Endpoint
		}
		if o.Transport != nil {
			d.HTTPClient = &http.Client{Transport: o.Transport, Timeout: answerWait}
		}
	})
	e := &Engine{client: client, prefix: o.Prefix}
	if e.prefix == "" {
		e.prefix = defaultPrefix
	}
	return e, nil
}

// Close implements [table.Engine].
func (e *Engine) Close() error { return nil }

func (e *Engine) name(t table.Table) *string { return aws.String(e.prefix + t.Name) }

package resolvers

import (
	"context"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/dataset"
)

func importInput(in graph.ImportCSVInput) dataset.ImportInput {
	options := core.CSVOptions{
		Header: in.Header, Delimiter: text(in.Delimiter), Encoding: text(in.Encoding),
		NullValues: in.NullValues, DateColumns: in.DateColumns, SortColumn: text(in.PartitionColumn),
	}
	if in.SkipRows != nil {
		options.SkipRows = *in.SkipRows
	}
	return dataset.ImportInput{
		Name: text(in.Name), Description: text(in.Description), AppendTo: text(in.AppendTo),
		Filename: in.File.Name, File: in.File.Body, Options: options,
	}
}

// importError says in the reader's language why an import failed; nil where it did not.
func importError(ctx context.Context, p *core.ImportProblem) *graph.ImportError {
	if p == nil {
		return nil
	}
	e := &graph.ImportError{
		Code:    p.Code,
		Message: core.Sentence(core.ActorFrom(ctx).Locale, &core.Error{Code: p.Code, Reason: p.Reason, Args: p.Args}),
		Line:    positive(p.Line),
		Column:  positive(p.Column),
	}
	if p.Code == core.CodeEncoding {
		e.Offset = &p.Offset
	}
	if p.Sample != "" {
		e.Sample = &p.Sample
	}
	return e
}

func positive(n int64) *int64 {
	if n <= 0 {
		return nil
	}
	return &n
}

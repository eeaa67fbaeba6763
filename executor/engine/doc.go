// Package engine is the executor's side of the data: it turns an uploaded CSV
// file into the immutable Parquet parts of a dataset version, and answers
// questions about such versions.
//
// A CSV is read twice. Karuta's own pass (package csv) finds the encoding, checks
// the structure with line numbers and infers the types over every row; then
// DuckDB, told the exact columns, writes Parquet. DuckDB is C++ that may crash or
// ignore a cancellation, so it lives in worker processes only: the same binary
// under a hidden verb ([WorkerMain]), with a memory limit, a clean environment and
// nothing inherited. A worker that overruns or dies is ended and replaced; the
// executor itself goes on.
//
// Selected data leaves the engine as a [Slice]: a sealed piece of memory with one
// Arrow batch, shared by everybody who asks for the same columns and rows at the
// same time.
package engine

// Package executor is Karuta's second process, the only one that opens DuckDB
// and runs people's Python. It holds no accounts and no secrets but the one that
// the API signs its calls with.
//
//	POST /execute/card       run a card over a slice of a dataset
//	POST /execute/transform  turn datasets into a dataset version (JSON lines)
//	POST /import             turn an uploaded file into a dataset version (JSON lines)
//	POST /rows               some rows of a source
//	POST /values             the distinct values of a column
//	GET  /health             {"status":"ok"}; with ?verbose how runs are isolated
//
// The messages are those of [github.com/karuta-bi/karuta/executor/client]; every
// POST must carry a signature. What the code or the data of a call did wrong is
// in the answer; a status other than 200 is the executor's own failure.
package executor

// Package transform holds what people do with transforms: write Python that
// turns datasets into a dataset, run it, let it run by a schedule, and look at
// what became of its runs.
package transform

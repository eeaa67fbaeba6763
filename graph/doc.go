// Package graph is the running form of the contract. gqlgen and tools/gqlgen write it from
// schema/ and gqlgen.yml: run make generate after a change of either, and edit
// nothing here by hand.
package graph

// Package plain writes objects and lists that are there already, as gqlgen would,
// but without a context, a closure and a goroutine for each of their fields.
//
// A field is plain where its value stands in the object (a member, or a method
// that takes nothing and cannot fail) and no directive wraps it. tools/gqlgen finds
// these fields and writes, beside gqlgen's own code, for each object type a
// function that appends them to a [Writer]. What a selection asks for becomes a
// [Plan] once for an operation.
//
// Fields that are not plain (a resolver's, or with fragments that are deferred)
// are open: they are answered by gqlgen's code. All of a list's run at the same
// time, so that loaders see them together. Whatever is out of the ordinary, a null
// where there must be none or a panic, is left to gqlgen's code as a whole, before
// any resolver has run, so that errors are the same.
package plain

// Package server is the API's outside. It answers GraphQL over HTTP, the few
// REST lines of the runbook, health, the pages and their assets.
//
// A request to /graphql goes this way, each step in the file named:
//
//	who is asking                         identify.go, origin.go
//	which answer is wanted                accept.go
//	decode, within limits                 decode.go, multipart.go
//	which document: its text or its hash  persisted.go
//	parse and validate, cached            document.go
//	variables fit their types             variables.go
//	depth, aliases, cost                  plan.go, cost.go
//	execute: directive, resolver, service operation.go
//	present errors                        present.go
//	encode once, packed or in parts       answer.go, pack.go, deferred.go
//
// /graphql/ws speaks graphql-transport-ws: package socket carries the messages, and
// live.go takes each operation the same way.
//
// People who sign in with an issuer go to it and come back by oidc.go; signin.go is
// the page that they begin at.
//
// gqlgen's runtime executes; the transport is ours, after the specifications
// "GraphQL over HTTP" and "GraphQL multipart request".
package server

// Package remote is a client of a Karuta that runs anywhere, for the verbs that speak
// to one as any other program does: operations over HTTP, and what goes on there
// followed to its end over graphql-transport-ws. A socket says by its close code why
// it ended (sign in again, connect elsewhere, wait), which a stream of events does
// not; so what to do about it need not be guessed.
package remote

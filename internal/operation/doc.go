// Package operation keeps the documents that clients may ask for by their id:
// the registered operations ("trusted documents").
//
// An operation has versions. The present one is asked by the operation's id, and
// the last few by the hash of their document, so that a client which was built
// before goes on working. What is registered is kept for good: a retired
// operation answers no more, but its id is taken.
//
// Every API holds the whole registry in memory ([Service.Load]) and looks every
// few seconds whether another one has changed it ([Service.Run]), so that no
// request asks the store. How often clients ask for operations is counted there
// too, and written now and then.
package operation

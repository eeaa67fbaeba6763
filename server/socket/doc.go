// Package socket speaks graphql-transport-ws, the protocol of the graphql-ws
// project, over WebSockets. What operations are and who may run them is not its
// business: it hands them to a [Client] and carries what comes back through a
// [Sink].
//
//	the upgrade, who is connected, limits    handler.go
//	one socket: messages in, and its end     conn.go, read.go, message.go
//	one operation, as its sink               operation.go
//	messages out: the queue, batches         queue.go, writers.go, wire.go
//	what time does to sockets                sweep.go, drain.go
//
// A socket on which nothing happens has one goroutine, which reads, and neither
// timers nor a buffer to write to: a few goroutines write for all sockets, and one
// looks at the clock for them. Only what a reader does not take at once gets a
// goroutine that waits for it.
package socket

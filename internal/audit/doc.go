// Package audit keeps the record of who did what, from where, and how it ended.
//
// A [Log] fills in the actor from the context, masks personal data in the
// details, and writes the event to the store. An audit failure never breaks the
// business operation: an event the store does not take within two seconds goes
// to a spool, a file on this machine, and is brought to the store as soon as it
// answers again. Events keep their id on the way, so that nothing is recorded
// twice. Only the strict events (shares, roles, deletion, export) fail when
// neither store nor spool takes them.
//
// [Log.Search] reads the record, newest first, always through an index.
package audit

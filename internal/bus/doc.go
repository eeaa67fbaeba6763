// Package bus carries news between whoever makes them and whoever watches:
// topics with numbered events and a bounded tail to resume from.
//
// [OpenMemory] serves one process. [OpenRedis] lets all processes behind one Redis
// see the same events: a stream in Redis is the one order of things, and every
// process follows it and keeps the tail of its own, so that to resume costs Redis
// nothing. Where something may be missing, because Redis was restarted or a process
// fell behind, subscribers are told of a gap and tails end there: nobody takes half
// of the story for the whole.
package bus

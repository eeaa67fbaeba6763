// Package apq keeps documents that clients have sent together with their hash and
// ask for by it alone from then on ("automatic persisted queries", as Apollo's
// clients speak them).
//
// Each process keeps them in memory. Where there is a Redis, what one process has
// kept is found by the others; without an answer from it, memory is enough: a client
// sends its text again. Both are bounded by bytes, and who was used last stays
// longest; in Redis nothing stays for a day that nobody uses.
package apq

// Package door is how connections come in, before any request is known: how long
// a client may take to say what it wants, how many connections one address may
// hold, and TLS by files for who has no proxy in front.
package door

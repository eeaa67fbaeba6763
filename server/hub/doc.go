// Package hub runs subscriptions. Those that are told the same form a group: one
// watches the bus, runs an event once, and hands the same bytes to all; who watches
// is asked for anew at every event. No goroutine stands for a subscription or a
// group; a group that has events to run borrows one, and only so many work at once.
// The bus waits for nobody here, and no client is waited for: sinks never block.
package hub

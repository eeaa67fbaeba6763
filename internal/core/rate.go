package core

import "time"

// RateClass is a kind of work of which there may be so much in a minute.
type RateClass string

// The classes, with what is counted and for whom.
const (
	RateAll    RateClass = "ALL"    // root fields of visitors who have not signed in, by address
	RateAPI    RateClass = "API"    // root fields, by person or key
	RateAdmin  RateClass = "ADMIN"  // changes and exports by administrators, by person
	RateSearch RateClass = "SEARCH" // searches, by person
	RateLLM    RateClass = "LLM"    // questions to a language model, by person
	RateCards  RateClass = "CARDS"  // runs of cards that the cache does not answer, by dashboard
)

// RateClasses are all classes with how much of each there may be in a minute
// unless somebody sets it otherwise (operations runbook §6.1).
var RateClasses = []struct {
	Class RateClass
	Limit int
}{{RateAll, 1000}, {RateAPI, 100}, {RateAdmin, 10}, {RateSearch, 30}, {RateLLM, 20}, {RateCards, 60}}

// RateLimit is what a class is set to.
type RateLimit struct {
	Class   RateClass
	Limit   int       // a minute; 0 stops it
	Default int       // what it is without being set
	Until   time.Time // zero: until it is set again
	Reason  string
	SetBy   string // id of who set it, "" where nobody has
	SetAt   time.Time
}

// Set tells whether somebody's setting is in force at the time.
func (l *RateLimit) Set(at time.Time) bool {
	return l.SetBy != "" && (l.Until.IsZero() || at.Before(l.Until))
}

// BlockedAddress is a network from which nothing is answered.
type BlockedAddress struct {
	Network string    // CIDR, 203.0.113.0/24
	Until   time.Time // nothing is answered before
	Reason  string
	SetBy   string
	SetAt   time.Time
}

// RateUsage is how near somebody came to a limit in some days.
type RateUsage struct {
	Class   RateClass
	Subject string // id of a person, a key or a dashboard, or an address
	Limit   int    // at the time of the peak
	Peak    int    // the most in a minute
	Near    int    // minutes in which four fifths of the limit were reached
	Over    int    // minutes in which the limit was exceeded
	Last    time.Time
}

// Share is the peak as a part of the limit.
func (u *RateUsage) Share() float64 {
	if u.Limit == 0 {
		return float64(u.Peak)
	}
	return float64(u.Peak) / float64(u.Limit)
}

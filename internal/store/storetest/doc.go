// Package storetest tells whether what lies in the tables fits together: guards
// with what they guard, both sides of a membership, shares with their dashboards
// and their history. Its engines remember what was written and let calls fail.
// Only tests import it.
package storetest

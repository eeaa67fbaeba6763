// Package tabletest is the contract of the storage port as one suite of tests,
// which every engine passes. Only tests import it.
package tabletest

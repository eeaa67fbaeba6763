// Package blobtest is the contract of the blob port as one suite of tests,
// which every engine passes. Only tests import it.
package blobtest

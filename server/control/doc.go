// Package control is the operator's way into a running Karuta: HTTP over a unix
// socket in the data folder that only its owner may open (mode 0600). Whoever
// may open it may do everything, as may whoever can read the data folder.
//
// A call names a verb. Its body is one line of JSON, the verb's arguments, and
// after it the bytes of a file where the verb takes one. The answer is JSON, or
// an error with the code and sentence that other clients get. Before it come lines with what
// a long verb tells while it works.
package control

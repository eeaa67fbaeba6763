// Package app is the one place where everything is put together: which engines
// keep the data, which services stand on them, the server in front, and the
// executor beside.
//
// [Open] makes an [App], [App.Serve] is the running API, and [Operate] does what
// an operator asks, in the running API where there is one and directly on the
// data where there is none. [RunExecutor] is the second process.
package app

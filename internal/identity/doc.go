// Package identity knows who people are: accounts, passwords, sessions and
// tokens, and the groups people are in.
//
// A sign-in is a session kept on the server and a token that names it. The token
// alone opens nothing: each request reads session and user (one call), so that
// a logout, a revoked session or a locked account counts at once. Passwords are
// hashed with bcrypt at cost 12; because bcrypt reads 72 bytes at most, it gets
// the base64 of the password's SHA-256 (44 bytes), so that every character of a
// long password counts. Signing in takes the same work and gives the same answer
// whether the address is unknown, the account locked or the password wrong.
//
// Every method asks for itself who may call it; the operator at the machine
// (core.AsSystem) counts as an administrator. Hashes never leave this package.
package identity

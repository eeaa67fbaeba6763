// Package oidc speaks with the issuer that people may sign in with: OpenID Connect
// Core 1.0, the authorization code flow, with PKCE (RFC 7636) and the issuer's name
// in the answer (RFC 9207).
//
// A sign-in is a [Flow]: random values that the issuer repeats. It lies sealed in
// the browser that began it, so that no other browser can end it, and no task needs
// to remember it. What comes back is checked in this order: the flow, the answer,
// the exchange of the code, the token's signature, issuer, audience and time, the
// nonce. Whom these claims let in is decided by package identity.
//
// The issuer is asked for its addresses and keys when they are first needed, so
// that Karuta starts and serves while the issuer is away. Every call has a deadline.
package oidc

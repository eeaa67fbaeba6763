package socket

import (
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/karuta-bi/karuta/internal/core"
)

// Close codes of graphql-transport-ws. Clients of the protocol try again after
// 4403, 4408, 1012 and 1013 with growing pauses, and give up after the others.
const (
	CodeInvalid         = 4400
	CodeUnauthorized    = 4401
	CodeForbidden       = 4403
	CodeSubprotocol     = 4406
	CodeInitTimeout     = 4408
	CodeDuplicate       = 4409
	CodeTooManyInits    = 4429
	CodeInternal        = 4500
	CodeRestart         = websocket.CloseServiceRestart
	CodeOverload        = websocket.CloseTryAgainLater
	CodeBadText         = websocket.CloseInvalidFramePayloadData
	reasonExpired       = "token_expired"
	reasonRevoked       = "session_revoked"
	reasonInvalid       = "Invalid message received"
	reasonRestart       = "Connect anew"
	reasonForbidden     = "Forbidden"
	reasonInternalError = "Internal server error"
)

// maxReason is how long the reason of a close frame may be (RFC 6455 §5.5).
const maxReason = 123

// refusal is how a socket ends whose client was not admitted.
func refusal(err error) (code int, reason string) {
	switch core.CodeOf(err) {
	case core.CodeInternal, core.CodeUnavailable, core.CodeRateLimit:
		return CodeOverload, "Try again later"
	}
	return CodeForbidden, reasonForbidden
}

// clip cuts a reason to what a close frame takes, between two characters.
func clip(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	cut := maxReason
	for cut > 0 && !utf8.RuneStart(reason[cut]) {
		cut--
	}
	return reason[:cut]
}

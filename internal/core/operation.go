package core

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
)

// Bounds of registered operations.
const (
	MaxOperations     = 1000     // that are kept, the retired ones too
	MaxOperationID    = 128      // characters of an id
	MaxOperationText  = 16 << 10 // bytes of a document
	MaxOperationWords = 300      // characters of a description
	MaxPastVersions   = 5        // of an operation, that may still be asked by their hash
)

// Operation is a document that clients may ask for by its id.
type Operation struct {
	ID          string             `json:"id"`
	Name        string             `json:"name"` // in the document
	Type        string             `json:"type"` // query, mutation or subscription
	Hash        string             `json:"hash"` // SHA-256 of the document, in hex
	Version     int64              `json:"version"`
	OwnerID     string             `json:"ownerId,omitempty"` // "" where nobody answers for it but administrators
	Class       RateClass          `json:"class"`
	Description string             `json:"description,omitempty"`
	Past        []OperationVersion `json:"past,omitempty"` // oldest first
	CreatedAt   time.Time          `json:"createdAt"`
	UpdatedAt   time.Time          `json:"updatedAt"`
	UpdatedBy   string             `json:"updatedBy"`
	RetiredAt   time.Time          `json:"retiredAt,omitzero"`
}

// OperationVersion is what an operation was before.
type OperationVersion struct {
	Version int64     `json:"version"`
	Hash    string    `json:"hash"`
	At      time.Time `json:"at"`
	By      string    `json:"by"` // id of who registered it
}

// Retired tells whether nobody may ask for it any more.
func (o *Operation) Retired() bool { return !o.RetiredAt.IsZero() }

// Versions are all that are kept, the present one last.
func (o *Operation) Versions() []OperationVersion {
	now := OperationVersion{Version: o.Version, Hash: o.Hash, At: o.UpdatedAt, By: o.UpdatedBy}
	return append(append([]OperationVersion{}, o.Past...), now)
}

// Registry is all operations, by id, as they were at a revision.
type Registry struct {
	Revision   int64
	Operations map[string]*Operation
}

// OperationUse is how often a client has asked for an operation.
type OperationUse struct {
	OperationID string
	Client      string // as it calls itself
	Release     string // of the client, as it calls it
	Count       int64
	FirstAt     time.Time
	LastAt      time.Time
}

// CheckOperationID wants 1 to [MaxOperationID] letters, digits and _ . / -,
// the first a letter or digit. "sha256:" begins no id.
func CheckOperationID(field, id string) error {
	if id == "" {
		return Invalid(field, "required")
	}
	if len(id) > MaxOperationID {
		return Invalid(field, "too_long", "max", MaxOperationID)
	}
	for i, c := range []byte(id) {
		word := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !word && (i == 0 || !strings.ContainsRune("_./-", rune(c))) {
			return Invalid(field, "bad_operation_id")
		}
	}
	return nil
}

// Hash is the SHA-256 of a document in hex.
func Hash(document string) string {
	sum := sha256.Sum256([]byte(document))
	return hex.EncodeToString(sum[:])
}

// IsHash tells whether the text is a SHA-256 in hex, in small letters.
func IsHash(text string) bool {
	if len(text) != hex.EncodedLen(sha256.Size) {
		return false
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

package blob

import (
	"errors"
	"fmt"

	"github.com/aws/smithy-go"
)

// Codes of the service's errors.
const (
	codeNotFound  = "NotFound" // of an answer without a body
	codeNoKey     = "NoSuchKey"
	codeNoBucket  = "NoSuchBucket"
	codeNoUpload  = "NoSuchUpload"
	codeCondition = "PreconditionFailed"
	codeConflict  = "ConditionalRequestConflict"
)

// codeOf is the code of an error of the service, "" when it is of something else.
func codeOf(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

// translate gives an error of the service the port's own name.
func (s *S3) translate(key string, err error) error {
	if err == nil {
		return nil
	}
	switch codeOf(err) {
	case codeNotFound, codeNoKey:
		return fmt.Errorf("%w: %s", ErrNotFound, key)
	case codeNoBucket:
		return s.noBucket(err)
	case "Forbidden", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken":
		return fmt.Errorf("blob: %s: bucket %s refuses these credentials: %w", key, s.bucket, err)
	}
	return fmt.Errorf("blob: %s: %w", key, err)
}

func (s *S3) noBucket(err error) error {
	return fmt.Errorf("blob: bucket %s does not exist: %w", s.bucket, err)
}

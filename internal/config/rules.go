package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// MinSecret is the fewest characters of a secret outside of ENV=local.
const MinSecret = 32

// check finds what is wrong with the values, one error a variable.
func (c *Config) check() []error {
	problems := c.checkExecutor()
	if c.deployed() && len(c.JWTSecretKey) < MinSecret {
		problems = append(problems, tooShort("JWT_SECRET_KEY"))
	}
	if (c.TLSCertFile == "") != (c.TLSKeyFile == "") {
		problems = append(problems, fmt.Errorf("TLS_KEY_FILE: goes together with TLS_CERT_FILE"))
	}
	return append(problems, c.checkOIDC()...)
}

// checkExecutor is check without what only the API needs.
func (c *Config) checkExecutor() []error {
	var problems []error
	for _, v := range variables {
		if err := c.checkTags(v); err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", v.name, err))
		}
	}
	if c.deployed() {
		problems = append(problems, c.checkDeployed()...)
	}
	if n := len(c.JWTSecretKeyPrevious); n > 0 && n < MinSecret {
		problems = append(problems, tooShort("JWT_SECRET_KEY_PREVIOUS"))
	}
	if slices.Contains(c.S3ImportBuckets, c.S3BucketDatasets) {
		problems = append(problems, fmt.Errorf("S3_IMPORT_BUCKETS: %s holds everybody's data and cannot be imported from", c.S3BucketDatasets))
	}
	if c.LLMEnabled && (c.VertexProject == "" || c.VertexLocation == "" || c.VertexModel == "") {
		problems = append(problems, fmt.Errorf("LLM_ENABLED: true needs VERTEX_AI_PROJECT_ID, VERTEX_AI_LOCATION and VERTEX_AI_MODEL"))
	}
	return problems
}

func (c *Config) checkTags(v variable) error {
	value := reflect.ValueOf(*c).Field(v.index)
	if v.localOnly && c.deployed() && !value.IsZero() {
		return fmt.Errorf("is for ENV=local alone")
	}
	if text := value.String(); len(v.choices) > 0 && text != "" && !slices.Contains(v.choices, text) {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(v.choices, ", "))
	}
	if v.low == "" {
		return nil
	}
	low, _ := strconv.ParseFloat(v.low, 64)
	high, _ := strconv.ParseFloat(v.high, 64)
	if n := number(value); !(n >= low && n <= high) { // NaN too
		return fmt.Errorf("want a number from %s to %s", v.low, v.high)
	}
	return nil
}

func number(v reflect.Value) float64 {
	if v.CanInt() {
		return float64(v.Int())
	}
	return v.Float()
}

func (c *Config) deployed() bool { return c.Env == Staging || c.Env == Production }

// checkDeployed holds what is allowed on one's own machine and nowhere else.
func (c *Config) checkDeployed() []error {
	var problems []error
	if len(c.ExecutorSecret) < MinSecret {
		problems = append(problems, tooShort("EXECUTOR_SECRET"))
	}
	if c.LogLevel == "DEBUG" {
		problems = append(problems, fmt.Errorf("LOG_LEVEL: DEBUG is for ENV=local alone"))
	}
	if c.Relaxed() {
		problems = append(problems, fmt.Errorf("SANDBOX: relaxed is for ENV=local alone"))
	}
	if !c.RateLimiting {
		problems = append(problems, fmt.Errorf("RATE_LIMIT_ENABLED: false is for ENV=local alone"))
	}
	return problems
}

func tooShort(name string) error {
	return fmt.Errorf("%s: want at least %d random characters", name, MinSecret)
}

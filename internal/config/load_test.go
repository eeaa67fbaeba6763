package config

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var deployed = []string{
	"ENV=production",
	"JWT_SECRET_KEY=0123456789abcdef0123456789abcdef",
	"EXECUTOR_SECRET=fedcba9876543210fedcba9876543210",
}

func load(t *testing.T, lines ...string) Config {
	t.Helper()
	c, _, err := Load(lines)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ENV-6 … ENV-12: the runbook's names and defaults, letter by letter.
func TestDefaults(t *testing.T) {
	want := map[string]string{
		"ENV": "local", "API_HOST": "0.0.0.0", "API_PORT": "8000", "API_WORKERS": "4", "API_DEBUG": "false",
		"LOG_LEVEL": "INFO", "LOG_FORMAT": "json", "CORS_ORIGINS": `["http://localhost:3000"]`, "TRUSTED_PROXIES": "[]",
		"DYNAMODB_ENDPOINT": "", "DYNAMODB_REGION": "ap-northeast-1", "DYNAMODB_TABLE_PREFIX": "bi_",
		"S3_ENDPOINT": "", "S3_REGION": "ap-northeast-1", "S3_BUCKET_DATASETS": "bi-datasets", "S3_BUCKET_STATIC": "bi-static",
		"S3_IMPORT_BUCKETS": "[]", "DATASET_VERSIONS_KEPT": "10", "DATASET_VERSIONS_DAYS": "30", "S3_ACCESS_KEY": "", "S3_SECRET_KEY": "",
		"JWT_SECRET_KEY": "", "JWT_SECRET_KEY_PREVIOUS": "", "JWT_ALGORITHM": "HS256", "JWT_EXPIRE_MINUTES": "1440", "PASSWORD_MIN_LENGTH": "8",
		"EXECUTOR_ENDPOINT": "http://executor:8080", "EXECUTOR_TIMEOUT_CARD": "10", "EXECUTOR_TIMEOUT_TRANSFORM": "300",
		"EXECUTOR_MAX_CONCURRENT_CARDS": "10", "EXECUTOR_MAX_CONCURRENT_TRANSFORMS": "5", "EXECUTOR_SECRET": "", "EXECUTOR_PYTHON": "", "SANDBOX": "strict",
		"SCHEDULER_ENABLED": "false", "SCHEDULER_INTERVAL_SECONDS": "60",
		"LLM_ENABLED": "false", "VERTEX_AI_PROJECT_ID": "", "VERTEX_AI_LOCATION": "", "VERTEX_AI_MODEL": "", "GOOGLE_APPLICATION_CREDENTIALS": "",
		"CHATBOT_RATE_LIMIT_USER": "5", "CHATBOT_RATE_LIMIT_DASHBOARD": "10", "CHATBOT_MAX_HISTORY_MESSAGES": "5",
		"CHATBOT_MAX_OUTPUT_TOKENS": "1024", "CHATBOT_TEMPERATURE": "0.7",
		"PERSISTED_QUERIES_BYTES": "8388608", "ANSWER_CACHE": "on", "PERSISTED_OPERATIONS_BROWSER": "log", "PERSISTED_OPERATIONS_INTEGRATION": "log", "PERSISTED_OPERATIONS_ADMIN": "log", "CACHE_TTL_SECONDS": "3600", "MAX_UPLOAD_SIZE_BYTES": "104857600", "RATE_LIMIT_ENABLED": "true",
		"SOCKETS": "30000", "SOCKETS_PER_ADDRESS": "1000", "SOCKETS_PER_USER": "100", "SOCKET_OPERATIONS": "100",
		"SOCKET_MESSAGE_BYTES": "1048576", "SOCKET_MESSAGES_PER_SECOND": "50", "SOCKET_QUEUE": "256", "SOCKET_QUEUE_BYTES": "4194304", "SOCKET_HOURS": "24",
		"TLS_CERT_FILE": "", "TLS_KEY_FILE": "", "CONNECTIONS_PER_ADDRESS": "5000",
		"PUBLIC_URL": "", "OIDC_ISSUER": "", "OIDC_CLIENT_ID": "", "OIDC_CLIENT_SECRET": "", "OIDC_NAME": "", "OIDC_SCOPES": "openid email profile",
		"OIDC_GROUPS_CLAIM": "groups", "OIDC_EMAIL_DOMAINS": "[]", "OIDC_CREATE_USERS": "true",
		"STORE": "embedded", "BLOBS": "folder", "DATA_DIR": "data", "REDIS_URL": "",
	}
	rows := load(t).Table()
	if len(rows) != len(want) {
		t.Errorf("%d variables, the documentation names %d", len(rows), len(want))
	}
	for _, r := range rows {
		if value, known := want[r.Name]; !known || r.Value != value {
			t.Errorf("%s = %q, want %q (documented: %v)", r.Name, r.Value, value, known)
		}
	}
}

// ENV-14: the engines follow the environment unless they are named.
func TestEnginesFollowTheEnvironment(t *testing.T) {
	if c := load(t, deployed...); c.Store != "dynamodb" || c.Blobs != "s3" || c.AnswerCache != "off" {
		t.Errorf("production: %s, %s, answers %s", c.Store, c.Blobs, c.AnswerCache)
	}
	if c := load(t, append(slices.Clone(deployed), "STORE=embedded")...); c.Store != "embedded" || c.Blobs != "s3" || c.AnswerCache != "on" {
		t.Errorf("named store: %s, %s, answers %s", c.Store, c.Blobs, c.AnswerCache)
	}
}

// ENV-8, ENV-13, SEC-2: a bad value stops the start and the message names the variable.
func TestBadValuesAreRefusedByName(t *testing.T) {
	production := func(lines ...string) []string { return append(slices.Clone(deployed), lines...) }
	issuer := func(lines ...string) []string {
		return append([]string{"OIDC_ISSUER=https://login.example.com/tenant/v2.0", "OIDC_CLIENT_ID=karuta", "OIDC_CLIENT_SECRET=s", "PUBLIC_URL=https://bi.example.com"}, lines...)
	}
	for name, c := range map[string]struct {
		lines []string
		names string
	}{
		"unknown environment":          {[]string{"ENV=prod"}, "ENV"},
		"port is a word":               {[]string{"API_PORT=eight"}, "API_PORT"},
		"port too large":               {[]string{"API_PORT=65536"}, "API_PORT"},
		"zero workers":                 {[]string{"API_WORKERS=0"}, "API_WORKERS"},
		"not a truth value":            {[]string{"API_DEBUG=maybe"}, "API_DEBUG"},
		"unknown level":                {[]string{"LOG_LEVEL=LOUD"}, "LOG_LEVEL"},
		"origins are no list":          {[]string{"CORS_ORIGINS=http://localhost"}, "CORS_ORIGINS"},
		"any origin":                   {[]string{`CORS_ORIGINS=["*"]`}, "CORS_ORIGINS"},
		"origin with a path":           {[]string{`CORS_ORIGINS=["http://a/b"]`}, "CORS_ORIGINS"},
		"proxies are no list":          {[]string{"TRUSTED_PROXIES=10.0.0.0/8"}, "TRUSTED_PROXIES"},
		"proxy without bits":           {[]string{`TRUSTED_PROXIES=["10.0.0.1"]`}, "TRUSTED_PROXIES"},
		"proxy beside its network":     {[]string{`TRUSTED_PROXIES=["10.0.0.1/8"]`}, "TRUSTED_PROXIES"},
		"everybody is a proxy":         {[]string{`TRUSTED_PROXIES=["0.0.0.0/0"]`}, "TRUSTED_PROXIES"},
		"proxy in a mixed form":        {[]string{`TRUSTED_PROXIES=["::ffff:10.0.0.0/104"]`}, "TRUSTED_PROXIES"},
		"buckets are no list":          {[]string{"S3_IMPORT_BUCKETS=company-data"}, "S3_IMPORT_BUCKETS"},
		"bucket without a name":        {[]string{`S3_IMPORT_BUCKETS=[""]`}, "S3_IMPORT_BUCKETS"},
		"bucket of everybody's data":   {[]string{`S3_IMPORT_BUCKETS=["bi-datasets"]`}, "S3_IMPORT_BUCKETS"},
		"no signature":                 {[]string{"JWT_ALGORITHM=none"}, "JWT_ALGORITHM"},
		"endless token":                {[]string{"JWT_EXPIRE_MINUTES=99999999"}, "JWT_EXPIRE_MINUTES"},
		"short passwords":              {[]string{"PASSWORD_MIN_LENGTH=7"}, "PASSWORD_MIN_LENGTH"},
		"temperature not a number":     {[]string{"CHATBOT_TEMPERATURE=NaN"}, "CHATBOT_TEMPERATURE"},
		"too hot":                      {[]string{"CHATBOT_TEMPERATURE=2.1"}, "CHATBOT_TEMPERATURE"},
		"unknown store":                {[]string{"STORE=sqlite"}, "STORE"},
		"chatbot without a model":      {[]string{"LLM_ENABLED=true"}, "LLM_ENABLED"},
		"certificate without a key":    {[]string{"TLS_CERT_FILE=c.pem"}, "TLS_KEY_FILE"},
		"address with a path":          {[]string{"PUBLIC_URL=https://bi.example.com/x"}, "PUBLIC_URL"},
		"address that can be read":     {[]string{"PUBLIC_URL=http://bi.example.com"}, "PUBLIC_URL"},
		"no issuer":                    {issuer("OIDC_ISSUER="), "OIDC_ISSUER"},
		"issuer without an id":         {issuer("OIDC_CLIENT_ID="), "OIDC_CLIENT_ID"},
		"issuer without a secret":      {issuer("OIDC_CLIENT_SECRET="), "OIDC_CLIENT_SECRET"},
		"issuer without our address":   {issuer("PUBLIC_URL="), "PUBLIC_URL"},
		"issuer that can be read":      {issuer("OIDC_ISSUER=http://login.example.com"), "OIDC_ISSUER"},
		"issuer with a question":       {issuer("OIDC_ISSUER=https://login.example.com/?a=b"), "OIDC_ISSUER"},
		"issuer's document":            {issuer("OIDC_ISSUER=https://login.example.com/.well-known/openid-configuration"), "OIDC_ISSUER"},
		"issuer with a password":       {issuer("OIDC_ISSUER=https://a:b@login.example.com"), "OIDC_ISSUER"},
		"no identity":                  {issuer("OIDC_SCOPES=email"), "OIDC_SCOPES"},
		"long name":                    {issuer("OIDC_NAME=" + strings.Repeat("名", 61)), "OIDC_NAME"},
		"domain that is an address":    {issuer(`OIDC_EMAIL_DOMAINS=["a@example.com"]`), "OIDC_EMAIL_DOMAINS"},
		"domain in capitals":           {issuer(`OIDC_EMAIL_DOMAINS=["Example.com"]`), "OIDC_EMAIL_DOMAINS"},
		"any domain":                   {issuer(`OIDC_EMAIL_DOMAINS=["*.com"]`), "OIDC_EMAIL_DOMAINS"},
		"production, issuer next door": {append(production("OIDC_ISSUER=http://127.0.0.1:9"), issuer()[1:]...), "OIDC_ISSUER"},
		"short previous key":           {[]string{"JWT_SECRET_KEY_PREVIOUS=short"}, "JWT_SECRET_KEY_PREVIOUS"},
		"production, no key":           {[]string{"ENV=production", deployed[2]}, "JWT_SECRET_KEY"},
		"production, 31 characters":    {production("JWT_SECRET_KEY=0123456789abcdef0123456789abcde"), "JWT_SECRET_KEY"},
		"production, no executor key":  {deployed[:2], "EXECUTOR_SECRET"},
		"production, debug log":        {production("LOG_LEVEL=DEBUG"), "LOG_LEVEL"},
		"production, debug":            {production("API_DEBUG=true"), "API_DEBUG"},
		"production, no limits":        {production("RATE_LIMIT_ENABLED=false"), "RATE_LIMIT_ENABLED"},
		"production, relaxed":          {production("SANDBOX=relaxed"), "SANDBOX"},
		"production, foreign database": {production("DYNAMODB_ENDPOINT=http://x"), "DYNAMODB_ENDPOINT"},
		"production, keys for S3":      {production("S3_SECRET_KEY=x"), "S3_SECRET_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Load(c.lines)
			if err == nil || !strings.HasPrefix(err.Error(), c.names+": ") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want exactly one about %s", err, c.names)
			}
		})
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	_, _, err := Load([]string{"API_PORT=x", "STORE=y", "CHATBOT_TEMPERATURE=9"})
	for _, name := range []string{"API_PORT", "STORE", "CHATBOT_TEMPERATURE"} {
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v does not name %s", err, name)
		}
	}
}

func TestEmptyIsNotSetAndTheLastLineWins(t *testing.T) {
	c := load(t, "API_PORT=1", "API_PORT=", "API_HOST=a", "API_HOST=b")
	if c.APIPort != 8000 || c.APIHost != "b" || c.Given("API_PORT") || !c.Given("API_HOST") {
		t.Errorf("port %d given %v, host %s given %v", c.APIPort, c.Given("API_PORT"), c.APIHost, c.Given("API_HOST"))
	}
}

func TestDurations(t *testing.T) {
	c := load(t, "JWT_EXPIRE_MINUTES=5", "EXECUTOR_TIMEOUT_CARD=2", "EXECUTOR_TIMEOUT_TRANSFORM=3", "CACHE_TTL_SECONDS=4")
	got := []time.Duration{c.TokenLifetime(), c.CardTimeout(), c.TransformTimeout(), c.CacheLifetime()}
	want := []time.Duration{5 * time.Minute, 2 * time.Second, 3 * time.Second, 4 * time.Second}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// ENV-13: misspelt variables are reported with the name that was meant, others are left alone.
func TestMisspeltVariables(t *testing.T) {
	for name, want := range map[string]string{
		"JWT_SECRET": "JWT_SECRET_KEY", "JWT_EXPIRATION_MINUTES": "JWT_EXPIRE_MINUTES", "jwt_secret_key": "JWT_SECRET_KEY",
		"LOG_LEVLE": "LOG_LEVEL", "API_PROT": "API_PORT", "EXECUTOR_URL": "EXECUTOR_", "S3_BUCKET_DATASET": "S3_BUCKET_DATASETS",
		"MAX_UPLOAD_SIZE": "", "DATADIR": "DATA_DIR", "STROE": "", "REDIS_URI": "REDIS_URL", "CHATBOT_TEMPERATUR": "CHATBOT_TEMPERATURE",
		"PATH": "", "HOME": "", "LANG": "", "SHELL": "", "PWD": "", "TERM": "", "USER": "", "EDITOR": "", "GOFLAGS": "", "API_KEY": "",
		"AWS_REGION": "", "AWS_SECRET_ACCESS_KEY": "", "GOOGLE_CLOUD_PROJECT": "", "LOGNAME": "", "HOSTNAME": "", "CI": "", "DATABASE_URL": "",
		"STARSHIP_SHELL": "", "KUBERNETES_PORT": "", "REDIS_HOST": "", "ENVS": "", "LESS": "", "LC_ALL": "", "MAIL": "",
	} {
		_, warnings, err := Load([]string{name + "=1"})
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case want == "" && len(warnings) != 0:
			t.Errorf("%s is none of our business: %v", name, warnings)
		case want != "" && (len(warnings) != 1 || !strings.HasPrefix(warnings[0].Nearest, want)):
			t.Errorf("%s: %v, want %s", name, warnings, want)
		}
	}
}

// SEC-2: a separate executor starts without the key that signs sign-ins, the API does not.
func TestExecutorNeedsNoTokenKey(t *testing.T) {
	environ := []string{"ENV=production", "EXECUTOR_SECRET=0123456789abcdef0123456789abcdef"}
	if _, _, err := LoadExecutor(environ); err != nil {
		t.Errorf("executor: %v", err)
	}
	if _, _, err := Load(environ); err == nil {
		t.Error("the API started without JWT_SECRET_KEY")
	}
	c, _, err := LoadExecutor(append(environ, "JWT_SECRET_KEY=0123456789abcdef0123456789abcdef"))
	if err != nil || c.JWTSecretKey != "" {
		t.Errorf("the executor kept the key: %q, %v", c.JWTSecretKey.Reveal(), err)
	}
}

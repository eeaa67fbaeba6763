package config

import "time"

// Env is the environment Karuta runs in.
type Env string

// The three environments.
const (
	Local      Env = "local"
	Staging    Env = "staging"
	Production Env = "production"
)

// Config is what Karuta was told from outside. The tags of each field are its
// documentation: env (the variable), envDefault, doc, and where they apply
// range (smallest and largest number), oneof (allowed values) and only ("local":
// refused in every other environment).
type Config struct {
	Env            Env      `env:"ENV" envDefault:"local" oneof:"local staging production" doc:"Environment. Everything but local needs real secrets, DynamoDB and S3 unless told otherwise."`
	APIHost        string   `env:"API_HOST" envDefault:"0.0.0.0" doc:"Address the API listens on."`
	APIPort        int      `env:"API_PORT" envDefault:"8000" range:"0 65535" doc:"Port the API listens on; 0 takes a free one."`
	APIWorkers     int      `env:"API_WORKERS" envDefault:"4" range:"1 256" doc:"Password checks that may run at the same time. They are the one heavy thing the API computes itself; requests are not limited by this."`
	APIDebug       bool     `env:"API_DEBUG" envDefault:"false" only:"local" doc:"Adds the place in the code to each line of the log."`
	LogLevel       string   `env:"LOG_LEVEL" envDefault:"INFO" oneof:"ERROR WARN INFO DEBUG" doc:"Least important level that is logged. DEBUG is for ENV=local."`
	LogFormat      string   `env:"LOG_FORMAT" envDefault:"json" oneof:"json text" doc:"Form of the log on standard error."`
	CORSOrigins    Origins  `env:"CORS_ORIGINS" envDefault:"[\"http://localhost:3000\"]" doc:"Origins of pages, apart from our own, that may call the API: a JSON list."`
	TrustedProxies Networks `env:"TRUSTED_PROXIES" envDefault:"[]" doc:"Networks of the load balancers in front of the API: a JSON list such as [\"10.0.0.0/8\"]. What these say in X-Forwarded-For is believed; without any, the header is ignored."`
	TLSCertFile    string   `env:"TLS_CERT_FILE" doc:"File with the certificate chain (PEM), where Karuta is to speak HTTPS without a proxy in front; a renewed file is taken without a restart."`
	TLSKeyFile     string   `env:"TLS_KEY_FILE" doc:"File with the certificate's key (PEM)."`
	PerAddress     int      `env:"CONNECTIONS_PER_ADDRESS" envDefault:"5000" range:"0 1000000" doc:"Connections that one client's address may hold, of IPv6 its network of 64 bits; 0 for any number. TRUSTED_PROXIES are not counted."`
	DataDir        string   `env:"DATA_DIR" envDefault:"data" doc:"Folder for what Karuta keeps on this machine: the embedded store, blobs, local secrets, the control socket, the audit spool."`
	Store          string   `env:"STORE" oneof:"embedded dynamodb" doc:"Where items are kept. Default: embedded where ENV=local, else dynamodb."`
	Blobs          string   `env:"BLOBS" oneof:"folder s3" doc:"Where files are kept. Default: folder where ENV=local, else s3."`
	RedisURL       Secret   `env:"REDIS_URL" doc:"Redis that several API tasks share for events, limits and persisted queries; empty keeps all of them in this process."`
	PersistedBytes int64    `env:"PERSISTED_QUERIES_BYTES" envDefault:"8388608" range:"0 1073741824" doc:"Bytes of documents that clients have sent with their hash and may send by it again (automatic persisted queries), in memory and, for all API tasks, in the Redis; 0 keeps none."`
	AnswerCache    string   `env:"ANSWER_CACHE" oneof:"on off" doc:"Whether an answer to a persisted query of what is stored alone is given again for up to a second, as long as nothing was written to the tables that it was made from. Default: on where STORE=embedded, else off: other processes write there, too, and what they wrote could be seen up to a second late."`
	GradeBrowser   string   `env:"PERSISTED_OPERATIONS_BROWSER" envDefault:"log" oneof:"log safelist ids-only" doc:"Which documents people's clients may send: log any, those that are not registered named in the log; safelist registered ones alone; ids-only the same, and by id or hash alone."`
	GradeKeys      string   `env:"PERSISTED_OPERATIONS_INTEGRATION" oneof:"log safelist ids-only" doc:"The same for programs with an API key. Default: log where ENV=local, else ids-only."`
	GradeAdmin     string   `env:"PERSISTED_OPERATIONS_ADMIN" envDefault:"log" oneof:"log safelist ids-only" doc:"The same for administrators with a session, who work in GraphiQL."`
	CacheTTL       int      `env:"CACHE_TTL_SECONDS" envDefault:"3600" range:"0 604800" doc:"Seconds a card's result is kept; 0 keeps none."`
	MaxUpload      int64    `env:"MAX_UPLOAD_SIZE_BYTES" envDefault:"104857600" range:"1 1099511627776" doc:"Largest file that may be imported, in bytes."`
	RateLimiting   bool     `env:"RATE_LIMIT_ENABLED" envDefault:"true" doc:"Limits on how often things may be asked. Can be turned off in ENV=local alone."`

	Sockets            int `env:"SOCKETS" envDefault:"30000" range:"1 1000000" doc:"WebSockets that may be open at the same time in one API task."`
	SocketsPerAddress  int `env:"SOCKETS_PER_ADDRESS" envDefault:"1000" range:"1 1000000" doc:"WebSockets that may be open from one address, of IPv6 from one network of 64 bits, and event streams of who has not signed in; a whole office may share one."`
	SocketsPerUser     int `env:"SOCKETS_PER_USER" envDefault:"100" range:"1 100000" doc:"WebSockets that a user may have open in one API task."`
	SocketOperations   int `env:"SOCKET_OPERATIONS" envDefault:"100" range:"1 10000" doc:"Operations that may run at the same time on one WebSocket."`
	SocketMessageBytes int `env:"SOCKET_MESSAGE_BYTES" envDefault:"1048576" range:"1 67108864" doc:"Longest message that a client may send over a WebSocket, in bytes."`
	SocketMessages     int `env:"SOCKET_MESSAGES_PER_SECOND" envDefault:"50" range:"1 100000" doc:"Messages that are read from one WebSocket in a second, twice as many at once; who sends more is read more slowly."`
	SocketQueue        int `env:"SOCKET_QUEUE" envDefault:"256" range:"1 100000" doc:"Messages that may wait for the reader of one WebSocket; one that does not keep up is closed."`
	SocketQueueBytes   int `env:"SOCKET_QUEUE_BYTES" envDefault:"4194304" range:"1 1073741824" doc:"Bytes of the messages that may wait for the reader of one WebSocket."`
	SocketHours        int `env:"SOCKET_HOURS" envDefault:"24" range:"1 8760" doc:"Hours that a WebSocket may stay open; then its client connects anew."`

	VersionsKept int `env:"DATASET_VERSIONS_KEPT" envDefault:"10" range:"1 10000" doc:"Newest versions of each dataset that are always kept."`
	VersionsDays int `env:"DATASET_VERSIONS_DAYS" envDefault:"30" range:"0 36500" doc:"Days that every version is kept. One goes when it is older and not among the newest."`

	DynamoDBEndpoint    string `env:"DYNAMODB_ENDPOINT" only:"local" doc:"Address of a DynamoDB server other than Amazon's."`
	DynamoDBRegion      string `env:"DYNAMODB_REGION" envDefault:"ap-northeast-1" doc:"Region of the tables."`
	DynamoDBTablePrefix string `env:"DYNAMODB_TABLE_PREFIX" envDefault:"bi_" doc:"Beginning of every table's name."`
	S3Endpoint          string `env:"S3_ENDPOINT" only:"local" doc:"Address of an S3 server other than Amazon's."`
	S3Region            string `env:"S3_REGION" envDefault:"ap-northeast-1" doc:"Region of the buckets."`
	S3BucketDatasets    string `env:"S3_BUCKET_DATASETS" envDefault:"bi-datasets" doc:"Bucket of the data."`
	S3BucketStatic      string `env:"S3_BUCKET_STATIC" envDefault:"bi-static" doc:"Bucket of the pages' files."`
	S3ImportBuckets     Names  `env:"S3_IMPORT_BUCKETS" envDefault:"[]" doc:"Buckets that people may import from: a JSON list; empty turns the import from S3 off. Whoever may sign in can read what is in them."`
	S3AccessKey         Secret `env:"S3_ACCESS_KEY" only:"local" doc:"Key id for the S3 server; elsewhere the task's role is used."`
	S3SecretKey         Secret `env:"S3_SECRET_KEY" only:"local" doc:"Secret key for the S3 server; elsewhere the task's role is used."`

	JWTSecretKey         Secret `env:"JWT_SECRET_KEY" doc:"Key that signs sign-in tokens, at least 32 random characters, the same in every task. In ENV=local it is made in DATA_DIR when empty."`
	JWTSecretKeyPrevious Secret `env:"JWT_SECRET_KEY_PREVIOUS" doc:"The key before the last change; tokens signed with it are still accepted until they expire."`
	JWTAlgorithm         string `env:"JWT_ALGORITHM" envDefault:"HS256" oneof:"HS256" doc:"Signature of sign-in tokens."`
	JWTExpireMinutes     int    `env:"JWT_EXPIRE_MINUTES" envDefault:"1440" range:"1 43200" doc:"Minutes a sign-in lasts."`
	PasswordMinLength    int    `env:"PASSWORD_MIN_LENGTH" envDefault:"8" range:"8 128" doc:"Fewest characters of a password."`

	PublicURL    string `env:"PUBLIC_URL" doc:"Address under which people reach Karuta, for example https://bi.example.com. Needed where people sign in with OpenID Connect."`
	OIDCIssuer   string `env:"OIDC_ISSUER" doc:"Issuer that people may sign in with (OpenID Connect), as it stands in its tokens; empty leaves passwords alone. Goes together with OIDC_CLIENT_ID, OIDC_CLIENT_SECRET and PUBLIC_URL. See signin.md."`
	OIDCClientID string `env:"OIDC_CLIENT_ID" doc:"How Karuta is known to the issuer."`
	OIDCSecret   Secret `env:"OIDC_CLIENT_SECRET" doc:"Secret that the issuer gave Karuta."`
	OIDCName     string `env:"OIDC_NAME" doc:"What the button on the sign-in page calls the issuer, for example Entra ID; at most 60 characters. Empty: the company account."`
	OIDCScopes   string `env:"OIDC_SCOPES" envDefault:"openid email profile" doc:"What the issuer is asked for, separated by spaces; openid is always among it."`
	OIDCGroups   string `env:"OIDC_GROUPS_CLAIM" envDefault:"groups" doc:"Claim with the person's groups at the issuer; dots lead into objects, as in realm_access.roles. Groups of Karuta that are mapped to one of them get their members from it."`
	OIDCDomains  Names  `env:"OIDC_EMAIL_DOMAINS" envDefault:"[]" doc:"Domains of e-mail addresses that may come in through the issuer: a JSON list such as [\"example.com\"]; empty: any. Existing accounts are linked by their address only where its domain is named here."`
	OIDCCreate   bool   `env:"OIDC_CREATE_USERS" envDefault:"true" doc:"Whether who signs in through the issuer for the first time gets an account, as an ordinary user."`

	ExecutorEndpoint      string `env:"EXECUTOR_ENDPOINT" envDefault:"http://executor:8080" doc:"Address of the executor. In ENV=local, when it is not set, the API starts its own."`
	ExecutorSecret        Secret `env:"EXECUTOR_SECRET" doc:"Key that signs the calls from the API to the executor, at least 32 random characters. In ENV=local it is made in DATA_DIR when empty."`
	ExecutorPython        string `env:"EXECUTOR_PYTHON" doc:"Python that runs cards; empty takes the one that was built beside the program."`
	Sandbox               string `env:"SANDBOX" envDefault:"strict" oneof:"strict relaxed" doc:"strict: no Python where a layer of the sandbox does not hold. relaxed: Python all the same, for ENV=local and a loopback address alone: only for code that you would run yourself."`
	ExecutorCardSeconds   int    `env:"EXECUTOR_TIMEOUT_CARD" envDefault:"10" range:"1 300" doc:"Seconds a card may run."`
	ExecutorTransformSecs int    `env:"EXECUTOR_TIMEOUT_TRANSFORM" envDefault:"300" range:"1 3600" doc:"Seconds a transform may run."`
	ExecutorCards         int    `env:"EXECUTOR_MAX_CONCURRENT_CARDS" envDefault:"10" range:"1 1000" doc:"Cards that may run at the same time."`
	ExecutorTransforms    int    `env:"EXECUTOR_MAX_CONCURRENT_TRANSFORMS" envDefault:"5" range:"1 1000" doc:"Transforms that may run at the same time."`

	SchedulerEnabled  bool `env:"SCHEDULER_ENABLED" envDefault:"false" doc:"Runs transforms by their schedules."`
	SchedulerInterval int  `env:"SCHEDULER_INTERVAL_SECONDS" envDefault:"60" range:"1 3600" doc:"Seconds between two looks at the schedules."`

	LLMEnabled           bool    `env:"LLM_ENABLED" envDefault:"false" doc:"Turns the chatbot on; false is its emergency switch."`
	VertexProject        string  `env:"VERTEX_AI_PROJECT_ID" doc:"Google Cloud project of the chatbot's model."`
	VertexLocation       string  `env:"VERTEX_AI_LOCATION" doc:"Region of the model, for example asia-northeast1."`
	VertexModel          string  `env:"VERTEX_AI_MODEL" doc:"Name of the model, for example gemini-1.5-flash."`
	GoogleCredentials    string  `env:"GOOGLE_APPLICATION_CREDENTIALS" doc:"File with the service account that may call the model."`
	ChatPerUser          int     `env:"CHATBOT_RATE_LIMIT_USER" envDefault:"5" range:"1 10000" doc:"Questions a person may ask in a minute."`
	ChatPerDashboard     int     `env:"CHATBOT_RATE_LIMIT_DASHBOARD" envDefault:"10" range:"1 10000" doc:"Questions that may be asked on one dashboard in a minute."`
	ChatHistoryMessages  int     `env:"CHATBOT_MAX_HISTORY_MESSAGES" envDefault:"5" range:"0 100" doc:"Earlier messages that go to the model with a question."`
	ChatMaxOutputTokens  int     `env:"CHATBOT_MAX_OUTPUT_TOKENS" envDefault:"1024" range:"1 65536" doc:"Longest answer of the model, in tokens."`
	ChatModelTemperature float64 `env:"CHATBOT_TEMPERATURE" envDefault:"0.7" range:"0 2" doc:"How freely the model answers: 0 always the same, 2 wildest."`

	given map[string]bool
}

// Given tells whether the variable was set from outside (and not empty).
func (c Config) Given(variable string) bool { return c.given[variable] }

// Relaxed tells that Python runs even where its sandbox does not hold.
func (c Config) Relaxed() bool { return c.Sandbox == "relaxed" }

// TLS tells that the API speaks HTTPS itself.
func (c Config) TLS() bool { return c.TLSCertFile != "" }

// OIDC tells that people may sign in with an issuer.
func (c Config) OIDC() bool { return c.OIDCIssuer != "" }

// TokenLifetime is how long a sign-in lasts.
func (c Config) TokenLifetime() time.Duration {
	return time.Duration(c.JWTExpireMinutes) * time.Minute
}

// AnswersFor is how long an answer to a persisted query is given again at most; 0: not
// at all.
func (c Config) AnswersFor() time.Duration {
	if c.AnswerCache == "on" {
		return time.Second
	}
	return 0
}

// CardTimeout is how long a card may run.
func (c Config) CardTimeout() time.Duration {
	return time.Duration(c.ExecutorCardSeconds) * time.Second
}

// TransformTimeout is how long a transform may run.
func (c Config) TransformTimeout() time.Duration {
	return time.Duration(c.ExecutorTransformSecs) * time.Second
}

// CacheLifetime is how long a card's result is kept.
func (c Config) CacheLifetime() time.Duration { return time.Duration(c.CacheTTL) * time.Second }

package table

import "maps"

// Table declares one table: its key, its indexes and its time to live. The
// list [Tables] is the only place where tables are declared: both engines,
// `karuta tables` and the deployment's template are made from it.
type Table struct {
	Name    string // without the environment's prefix "bi_"
	PK      string // attribute name of the partition key (always text)
	SK      string // attribute name of the sort key (always text), "" for none
	Indexes []Index
	TTL     string // attribute with epoch seconds after which an item is gone, "" for none
}

// Index declares a global secondary index. Items that lack one of its
// attributes are not in it (a sparse index).
type Index struct {
	Name    string
	PK      string // attribute, always text
	SK      string // attribute
	Numeric bool   // the sort key is a number
}

// Index finds an index by name.
func (t Table) Index(name string) (Index, bool) {
	for _, ix := range t.Indexes {
		if ix.Name == name {
			return ix, true
		}
	}
	return Index{}, false
}

// The tables, by name.
const (
	Users       = "users"
	Sessions    = "sessions"
	Groups      = "groups"
	Datasets    = "datasets"
	Cards       = "cards"
	Dashboards  = "dashboards"
	Shares      = "dashboard_shares"
	FilterViews = "filter_views"
	AuditLogs   = "audit_logs"
	Jobs        = "jobs"
	APIKeys     = "api_keys"
	Outbox      = "outbox"
	Transforms  = "transforms"
	Executions  = "transform_executions"
	Operations  = "operations"
)

// The indexes, by name.
const (
	UsersList           = "UsersList"
	SessionsByUser      = "SessionsByUser"
	GroupsList          = "GroupsList"
	DatasetsByOwner     = "DatasetsByOwner"
	DatasetsList        = "DatasetsList"
	DatasetsEverOwned   = "DatasetsEverOwned"
	DatasetsDeleted     = "DatasetsDeleted"
	CardsByOwner        = "CardsByOwner"
	CardsByDataset      = "CardsByDataset"
	CardsEverOwned      = "CardsEverOwned"
	DashboardsByOwner   = "DashboardsByOwner"
	DashboardsByCard    = "DashboardsByCard"
	DashboardsByDataset = "DashboardsByDataset"
	SharesByPrincipal   = "SharesByPrincipal"
	HistoryByTarget     = "HistoryByTarget"
	FilterViewsByOwner  = "FilterViewsByOwner"
	FilterViewsShared   = "FilterViewsShared"
	LogsByUser          = "LogsByUser"
	LogsByTarget        = "LogsByTarget"
	LogsByDay           = "LogsByDay"
	LogsByType          = "LogsByType"
	JobsOpen            = "JobsOpen"
	JobsByOwner         = "JobsByOwner"
	APIKeysByOwner      = "APIKeysByOwner"
	APIKeysList         = "APIKeysList"
	RequestsOpen        = "RequestsOpen"
	TransformsByOwner   = "TransformsByOwner"
	TransformsByInput   = "TransformsByInput"
	TransformsList      = "TransformsList"
	TransformsEverOwned = "TransformsEverOwned"
	TransformsDue       = "TransformsDue"
	ExecutionsRunning   = "ExecutionsRunning"
)

// Tables is every table of Karuta. Keys, attributes and access patterns are
// explained in docs/storage.md; the runbook's own commands read bi_datasets
// and bi_audit_logs, so their names are not ours to change.
var Tables = []Table{
	{Name: Users, PK: AttrPK, SK: AttrSK, Indexes: []Index{
		{Name: UsersList, PK: "list_key", SK: "list_sort"},
	}},
	{Name: Sessions, PK: AttrPK, SK: AttrSK, TTL: "expires_at", Indexes: []Index{
		{Name: SessionsByUser, PK: "user_id", SK: "session_id"},
	}},
	{Name: Groups, PK: AttrPK, SK: AttrSK, Indexes: []Index{
		{Name: GroupsList, PK: "list_key", SK: "list_sort"},
	}},
	{Name: Datasets, PK: AttrPK, SK: AttrSK, Indexes: []Index{
		{Name: DatasetsByOwner, PK: "owner_id", SK: "dataset_id"},
		{Name: DatasetsList, PK: "list_key", SK: "list_sort"},
		{Name: DatasetsEverOwned, PK: "history_owner", SK: "at"},
		{Name: DatasetsDeleted, PK: "deleted_of", SK: "list_sort"},
	}},
	{Name: Cards, PK: AttrPK, SK: AttrSK, TTL: "ttl", Indexes: []Index{
		{Name: CardsByOwner, PK: "owner_id", SK: "card_id"},
		{Name: CardsByDataset, PK: "dataset_id", SK: "card_id"},
		{Name: CardsEverOwned, PK: "history_owner", SK: "at"},
	}},
	{Name: Dashboards, PK: AttrPK, SK: AttrSK, Indexes: []Index{
		{Name: DashboardsByOwner, PK: "owner_id", SK: "dashboard_id"},
		{Name: DashboardsByCard, PK: "placed_card_id", SK: "placed_on"},
		{Name: DashboardsByDataset, PK: "placed_dataset_id", SK: "placed_on"},
	}},
	{Name: Shares, PK: AttrPK, SK: AttrSK, Indexes: []Index{
		{Name: SharesByPrincipal, PK: "principal", SK: "dashboard_id"},
		{Name: HistoryByTarget, PK: "history_target", SK: "at"},
	}},
	{Name: FilterViews, PK: AttrPK, SK: AttrSK, Indexes: []Index{
		{Name: FilterViewsByOwner, PK: "owner_id", SK: "view_id"},
		{Name: FilterViewsShared, PK: "shared_on", SK: "view_id"},
	}},
	{Name: AuditLogs, PK: "logId", TTL: "ttl", Indexes: []Index{
		{Name: LogsByUser, PK: "userId", SK: "timestamp", Numeric: true},
		{Name: LogsByTarget, PK: "targetId", SK: "timestamp", Numeric: true},
		{Name: LogsByDay, PK: "dayShard", SK: "timestamp", Numeric: true},
		{Name: LogsByType, PK: "typeMonth", SK: "timestamp", Numeric: true},
	}},
	{Name: Jobs, PK: AttrPK, SK: AttrSK, TTL: "ttl", Indexes: []Index{
		{Name: JobsOpen, PK: "open_kind", SK: "job_id"},
		{Name: JobsByOwner, PK: "owner_id", SK: "asked"},
	}},
	{Name: APIKeys, PK: AttrPK, SK: AttrSK, TTL: "ttl", Indexes: []Index{
		{Name: APIKeysByOwner, PK: "owner_id", SK: "key_id"},
		{Name: APIKeysList, PK: "list_key", SK: "key_id"},
	}},
	{Name: Outbox, PK: AttrPK, SK: AttrSK, TTL: "ttl", Indexes: []Index{
		{Name: RequestsOpen, PK: "open_by", SK: "dashboard_id"},
	}},
	{Name: Transforms, PK: AttrPK, SK: AttrSK, Indexes: []Index{
		{Name: TransformsByOwner, PK: "owner_id", SK: "transform_id"},
		{Name: TransformsByInput, PK: "input_dataset_id", SK: "transform_id"},
		{Name: TransformsList, PK: "list_key", SK: "transform_id"},
		{Name: TransformsEverOwned, PK: "history_owner", SK: "at"},
		{Name: TransformsDue, PK: "due_shard", SK: "next_run_at"},
	}},
	{Name: Executions, PK: AttrPK, SK: AttrSK, TTL: "ttl", Indexes: []Index{
		{Name: ExecutionsRunning, PK: "running_shard", SK: "heartbeat"},
	}},
	{Name: Operations, PK: AttrPK, SK: AttrSK, TTL: "ttl"},
}

// Lookup finds a table of the list by name.
func Lookup(name string) (Table, bool) {
	for _, t := range Tables {
		if t.Name == name {
			return t, true
		}
	}
	return Table{}, false
}

// Expired tells whether the item's time to live has passed at the epoch second.
func (t Table) Expired(it Item, now int64) bool {
	at, ok := it[t.TTL].(int64)
	return ok && t.TTL != "" && at <= now
}

// WithKey is a copy of the item with its key attributes, as it is stored.
func (t Table) WithKey(it Item, k Key) Item {
	full := make(Item, len(it)+2)
	maps.Copy(full, it)
	full[t.PK] = k.PK
	if t.SK != "" {
		full[t.SK] = k.SK
	}
	return full
}

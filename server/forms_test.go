package server_test

// example is a good request for a field with arguments: every argument has a
// value, and the bad ones are put in their places one at a time. The document
// gives back what it wrote, so that it can be seen whether it is the same.
type example struct {
	who       string
	document  string
	variables string
}

const (
	oneCard      = `{ id name description code params ignoresFilters dataset { id } parameters { name label type default choices min max } version }`
	oneParameter = `{"name": "期間", "label": "a", "type": "CHOICE", "default": null, "choices": ["x"], "min": 0, "max": 1}`
	oneDashboard = `{ id name description version cards { cardId x y w h } filters { id column label options } }`
	oneView      = `{ filterView { id name isShared filters { filterId column values includeNull from to relative { unit count includeCurrent } } } }`
	oneTransform = `{ id name description code params inputs { datasetId alias } outputName schedule { cron zone enabled catchUp } version }`
	oneSchedule  = `{"cron": "0 6 * * *", "zone": "Asia/Tokyo", "enabled": true, "catchUp": "SKIP"}`
	oneResult    = `{ result { html appliedFilters } }`
	oneChoice    = `[{"filterId": "<filter>", "column": "地域", "values": ["東京"], "includeNull": false}, {"column": "日付", "from": "2026-01-01", "to": "2026-01-31"},
		{"column": "日付", "relative": {"unit": "DAY", "count": 7, "includeCurrent": true}}]`
	onePolicy = `"targets": [{"type": "USER", "id": "<viewer>"}], "hidden": ["日付"], "masked": [{"column": "額", "mask": "ALL"}], "rows": {"any": [
		{"column": "地域", "values": ["東京"], "includeNull": true}, {"column": "日付", "from": "2026-01-01", "to": "2026-01-31"},
		{"column": "地域", "attribute": "region"}, {"not": {"column": "額", "values": ["1"]}},
		{"all": [{"column": "額", "values": ["1"]}]}, {"any": [{"column": "額", "values": ["1"]}]}]}`
	upload  = "a file" // is sent beside the variables
	onePage = `{"first": 5, "after": null}`
)

// examples are the good requests, by field.
var examples = map[string]example{
	"Query.node":             {"owner", `query($id: ID!) { node(id: $id) { id } }`, `{"id": "<dashboard>"}`},
	"Query.nodes":            {"owner", `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`, `{"ids": ["<dashboard>"]}`},
	"Query.users":            {"owner", `query($query: String!, $first: Int, $after: String) { users(query: $query, first: $first, after: $after) { nodes { id } } }`, `{"query": "u", "first": 5, "after": null}`},
	"Query.dataset":          {"owner", `query($id: ID!) { dataset(id: $id) { id } }`, `{"id": "<dataset>"}`},
	"Query.datasets":         {"admin", `query($all: Boolean!, $first: Int, $after: String) { datasets(all: $all, first: $first, after: $after) { nodes { id } } }`, `{"all": true, "first": 5, "after": null}`},
	"Query.deletedDatasets":  {"admin", `query($all: Boolean!, $first: Int, $after: String) { deletedDatasets(all: $all, first: $first, after: $after) { nodes { id } } }`, `{"all": true, "first": 5, "after": null}`},
	"Query.importJobs":       {"admin", `query($blocked: Boolean!, $first: Int, $after: String) { importJobs(blocked: $blocked, first: $first, after: $after) { nodes { id } } }`, `{"blocked": false, "first": 5, "after": null}`},
	"Query.importJob":        {"owner", `query($id: ID!) { importJob(id: $id) { id } }`, `{"id": "<job>"}`},
	"Query.card":             {"owner", `query($id: ID!) { card(id: $id) { id } }`, `{"id": "<card>"}`},
	"Query.cardDiagnosis":    {"owner", `query($id: ID!) { cardDiagnosis(id: $id) { runs } }`, `{"id": "<card>"}`},
	"Query.snapshot":         {"owner", `query($id: ID!, $dashboardId: ID) { snapshot(id: $id, dashboardId: $dashboardId) { id } }`, `{"id": "snap_0123456789abcdef0123456789abcdef_0123456789abcdef", "dashboardId": "<dashboard>"}`},
	"Query.chartTemplates":   {"owner", `query($datasetId: ID) { chartTemplates(datasetId: $datasetId) { id } }`, `{"datasetId": "<dataset>"}`},
	"Query.completion":       {"owner", `query($datasetId: ID!) { completion(datasetId: $datasetId) { libraries } }`, `{"datasetId": "<dataset>"}`},
	"Card.runs":              {"owner", `query($last: Int!) { card(id: "<card>") { runs(last: $last) { id } } }`, `{"last": 50}`},
	"Query.cards":            {"owner", `query($first: Int, $after: String) { cards(first: $first, after: $after) { nodes { id } } }`, onePage},
	"Query.group":            {"member", `query($id: ID!) { group(id: $id) { id } }`, `{"id": "<group>"}`},
	"Query.groups":           {"admin", `query($first: Int, $after: String) { groups(first: $first, after: $after) { nodes { id } } }`, onePage},
	"Query.dashboard":        {"owner", `query($id: ID!) { dashboard(id: $id) { id } }`, `{"id": "<dashboard>"}`},
	"Query.dashboards":       {"owner", `query($first: Int, $after: String) { dashboards(first: $first, after: $after) { nodes { id } } }`, onePage},
	"Query.datasetDiagnosis": {"owner", `query($id: ID!) { datasetDiagnosis(id: $id) { registered } }`, `{"id": "<dataset>"}`},
	"Query.notifications": {
		"owner", `query($first: Int, $after: String, $unreadOnly: Boolean!) { notifications(first: $first, after: $after, unreadOnly: $unreadOnly) { nodes { id } } }`,
		`{"first": 5, "after": null, "unreadOnly": true}`,
	},
	"Subscription.importProgress":            {"owner", `subscription($jobId: ID!, $after: Long) { importProgress(jobId: $jobId, after: $after) { seq } }`, `{"jobId": "<job>", "after": null}`},
	"Subscription.transformExecutionUpdated": {"owner", `subscription($executionId: ID!, $after: Long) { transformExecutionUpdated(executionId: $executionId, after: $after) { seq } }`, `{"executionId": "<execution>", "after": null}`},
	"Subscription.dashboardChanged":          {"owner", `subscription($dashboardId: ID!, $after: Long) { dashboardChanged(dashboardId: $dashboardId, after: $after) { seq } }`, `{"dashboardId": "<dashboard>", "after": null}`},
	"Subscription.dashboardPresence":         {"owner", `subscription($dashboardId: ID!) { dashboardPresence(dashboardId: $dashboardId) { seq } }`, `{"dashboardId": "<dashboard>"}`},
	"Subscription.serviceNotice":             {"owner", `subscription($after: Long) { serviceNotice(after: $after) { seq } }`, `{"after": null}`},
	"Subscription.cardResults": {
		"owner", `subscription($dashboardId: ID!, $filters: [FilterValueInput!], $useCache: Boolean!) { cardResults(dashboardId: $dashboardId, filters: $filters, useCache: $useCache) { seq } }`,
		`{"dashboardId": "<dashboard>", "filters": ` + oneChoice + `, "useCache": true}`,
	},
	"Query.filterView": {"owner", `query($id: ID!) { filterView(id: $id) { id } }`, `{"id": "<view>"}`},

	"Query.accessReport":    {"admin", `query($userId: ID, $resource: ID, $since: Time!, $until: Time) { accessReport(userId: $userId, resource: $resource, since: $since, until: $until) { complete couldSee { nodes { userId } } } }`, `{"userId": "<viewer>", "since": "2026-01-01T00:00:00Z"}`},
	"AccessReport.couldSee": {"admin", `query($first: Int, $after: String) { accessReport(userId: "<viewer>", since: "2026-01-01T00:00:00Z") { couldSee(first: $first, after: $after) { nodes { userId } } } }`, onePage},

	"Query.auditLogs": {
		"admin", `query($filter: AuditLogFilter, $first: Int, $after: String) { auditLogs(filter: $filter, first: $first, after: $after) { nodes { id } } }`,
		`{"filter": {"eventTypes": ["USER_LOGIN"], "userId": "<owner>", "targetId": "<card>", "from": "2026-02-01", "to": "2026-02-28"}, "first": 5, "after": null}`,
	},

	"Dashboard.filterViews": {"owner", `query($first: Int, $after: String) { dashboard(id: "<dashboard>") { filterViews(first: $first, after: $after) { nodes { id } } } }`, onePage},
	"Query.viewAs":          {"admin", `query($userId: ID!) { viewAs(userId: $userId) { me { id } } }`, `{"userId": "<owner>"}`},
	"View.node":             {"admin", `query($id: ID!) { viewAs(userId: "<owner>") { node(id: $id) { id } } }`, `{"id": "<dashboard>"}`},
	"View.dashboard":        {"admin", `query($id: ID!) { viewAs(userId: "<owner>") { dashboard(id: $id) { id } } }`, `{"id": "<dashboard>"}`},
	"View.dashboards":       {"admin", `query($first: Int, $after: String) { viewAs(userId: "<owner>") { dashboards(first: $first, after: $after) { nodes { id } } } }`, onePage},
	"View.dataset":          {"admin", `query($id: ID!) { viewAs(userId: "<owner>") { dataset(id: $id) { id } } }`, `{"id": "<dataset>"}`},
	"View.datasetRows":      {"admin", `query($id: ID!, $limit: Int!) { viewAs(userId: "<owner>") { datasetRows(id: $id, limit: $limit) { rows } } }`, `{"id": "<dataset>", "limit": 5}`},
	"View.datasets":         {"admin", `query($first: Int, $after: String) { viewAs(userId: "<owner>") { datasets(first: $first, after: $after) { nodes { id } } } }`, onePage},
	"View.card":             {"admin", `query($id: ID!) { viewAs(userId: "<owner>") { card(id: $id) { id } } }`, `{"id": "<card>"}`},
	"View.cards":            {"admin", `query($first: Int, $after: String) { viewAs(userId: "<owner>") { cards(first: $first, after: $after) { nodes { id } } } }`, onePage},
	"View.filterView":       {"admin", `query($id: ID!) { viewAs(userId: "<owner>") { filterView(id: $id) { id } } }`, `{"id": "<view>"}`},
	"View.group":            {"admin", `query($id: ID!) { viewAs(userId: "<member>") { group(id: $id) { id } } }`, `{"id": "<group>"}`},
	"View.groups":           {"admin", `query($first: Int, $after: String) { viewAs(userId: "<member>") { groups(first: $first, after: $after) { nodes { id } } } }`, onePage},
	"Query.effectiveAccess": {"owner", `query($dashboardId: ID!, $first: Int, $after: String) { effectiveAccess(dashboardId: $dashboardId, first: $first, after: $after) { nodes { permission } } }`, `{"dashboardId": "<dashboard>", "first": 5, "after": null}`},
	"Query.shareExposure":   {"owner", `query($dashboardId: ID!, $target: ShareTargetInput!) { shareExposure(dashboardId: $dashboardId, target: $target) { people } }`, `{"dashboardId": "<dashboard>", "target": {"type": "USER", "id": "<guest>"}}`},
	"Query.whyCanAccess":    {"owner", `query($userId: ID!, $resource: ID!) { whyCanAccess(userId: $userId, resource: $resource) { allowed } }`, `{"userId": "<viewer>", "resource": "<dashboard>"}`},

	"DashboardCard.result": {
		"owner", `query($filters: [FilterValueInput!], $useCache: Boolean!) { dashboard(id: "<dashboard>") { cards { result(filters: $filters, useCache: $useCache) { html } } } }`,
		`{"useCache": true, "filters": ` + oneChoice + `}`,
	},
	"DashboardCard.rows": {
		"viewer", `query($filters: [FilterValueInput!], $limit: Int!) { dashboard(id: "<dashboard>") { cards { rows(filters: $filters, limit: $limit) { rows totalRows returnedRows truncated } } } }`,
		`{"limit": 5, "filters": ` + oneChoice + `}`,
	},
	"Dataset.preview": {"owner", `query($limit: Int!) { dataset(id: "<dataset>") { preview(limit: $limit) { rows } } }`, `{"limit": 5}`},
	"Dataset.columnValues": {
		"owner", `query($column: String!, $dashboardId: ID, $search: String, $limit: Int!) { dataset(id: "<dataset>") {
			columnValues(column: $column, dashboardId: $dashboardId, search: $search, limit: $limit) { values } } }`,
		`{"column": "地域", "dashboardId": "<dashboard>", "search": "東", "limit": 5}`,
	},
	"Dataset.versions": {"owner", `query($first: Int, $after: String) { dataset(id: "<dataset>") { versions(first: $first, after: $after) { nodes { number } } } }`, onePage},
	"Group.members":    {"member", `query($first: Int, $after: String) { group(id: "<group>") { members(first: $first, after: $after) { nodes { userId } } } }`, onePage},

	"Mutation.login":   {"anonymous", `mutation($input: LoginInput!) { login(input: $input) { tokenType } }`, `{"input": {"email": "<owner mail>", "password": "` + password + `"}}`},
	"Query.apiKeys":    {"admin", `query($all: Boolean!, $first: Int, $after: String) { apiKeys(all: $all, first: $first, after: $after) { nodes { id } } }`, `{"all": true, "first": 5, "after": null}`},
	"Query.operations": {"admin", `query($retired: Boolean!, $first: Int, $after: String) { operations(retired: $retired, first: $first, after: $after) { nodes { id } } }`, `{"retired": true, "first": 5, "after": null}`},
	"Query.operation":  {"owner", `query($id: ID!) { operation(id: $id) { id } }`, `{"id": "<operation>"}`},
	"Mutation.registerOperation": {
		"owner", `mutation($input: RegisterOperationInput!) { registerOperation(input: $input) { operation { document description } } }`,
		`{"input": {"operationId": "<operation>", "document": "query New { me { id name } }", "version": 1, "ownerId": "<owner>", "rateClass": "API", "description": "a"}}`,
	},
	"Mutation.retireOperation": {"owner", `mutation($input: RetireOperationInput!) { retireOperation(input: $input) { operation { id } } }`, `{"input": {"operationId": "<operation>"}}`},
	"Mutation.createApiKey": {
		"owner", `mutation($input: CreateApiKeyInput!) { createApiKey(input: $input) { apiKey { name scopes } } }`,
		`{"input": {"idempotencyKey": "k", "name": "帳票", "scopes": ["Query.dashboards"], "expiresAt": "<soon>"}}`,
	},
	"Mutation.revokeApiKey": {"owner", `mutation($input: RevokeApiKeyInput!) { revokeApiKey(input: $input) { apiKey { id } } }`, `{"input": {"id": "<key>"}}`},
	"Mutation.revokeSessions": {
		"admin", `mutation($input: RevokeSessionsInput!) { revokeSessions(input: $input) { revoked } }`,
		`{"input": {"userId": "<owner>", "sessionId": "<session>", "reason": "a"}}`,
	},
	"Mutation.createUser": {
		"admin", `mutation($input: CreateUserInput!) { createUser(input: $input) { user { name } } }`,
		`{"input": {"idempotencyKey": "k", "email": "new@example.com", "name": "花子", "password": "` + password + `", "role": "USER"}}`,
	},
	"Mutation.setUserRole":    {"admin", `mutation($input: SetUserRoleInput!) { setUserRole(input: $input) { user { id } } }`, `{"input": {"userId": "<guest>", "role": "ADMIN"}}`},
	"Mutation.deactivateUser": {"admin", `mutation($input: DeactivateUserInput!) { deactivateUser(input: $input) { user { id } } }`, `{"input": {"userId": "<guest>", "handOverTo": "<stranger>", "dryRun": false}}`},
	"Mutation.changePassword": {
		"owner", `mutation($input: ChangePasswordInput!) { changePassword(input: $input) { user { id } } }`,
		`{"input": {"currentPassword": "` + password + `", "newPassword": "Another-Horse-9"}}`,
	},
	"Mutation.resetPassword": {"admin", `mutation($input: ResetPasswordInput!) { resetPassword(input: $input) { user { id } } }`, `{"input": {"userId": "<guest>", "newPassword": "Another-Horse-9"}}`},

	"Mutation.updateProfile": {"owner", `mutation($input: UpdateProfileInput!) { updateProfile(input: $input) { user { name locale } } }`, `{"input": {"name": "花子", "locale": "EN"}}`},
	"Query.rateLimitUsage":   {"admin", `query($window: RateWindow!, $over: Float!) { rateLimitUsage(window: $window, over: $over) { peak } }`, `{"window": "DAY", "over": 0.9}`},
	"Mutation.setRateLimit": {
		"admin", `mutation($input: SetRateLimitInput!) { setRateLimit(input: $input) { rateLimit { class limit until reason } } }`,
		`{"input": {"class": "LLM", "limit": 5, "until": "<soon>", "reason": "dear"}}`,
	},
	"Mutation.announce":             {"admin", `mutation($input: AnnounceInput!) { announce(input: $input) { announcement { id } } }`, `{"input": {"ja": "止まります", "en": "It stops", "until": "<later>", "severity": "WARNING", "idempotencyKey": "k"}}`},
	"Mutation.withdrawAnnouncement": {"admin", `mutation($input: WithdrawAnnouncementInput!) { withdrawAnnouncement(input: $input) { id } }`, `{"input": {"id": "<announcement>"}}`},
	"Mutation.blockIp":              {"admin", `mutation($input: BlockIpInput!) { blockIp(input: $input) { blocked { network reason } } }`, `{"input": {"cidr": "203.0.113.0/24", "minutes": 10, "reason": "guesses"}}`},
	"Mutation.unblockIp":            {"admin", `mutation($input: UnblockIpInput!) { unblockIp(input: $input) { network } }`, `{"input": {"cidr": "203.0.113.128/25"}}`},
	"Mutation.setUserAttributes": {
		"admin", `mutation($input: SetUserAttributesInput!) { setUserAttributes(input: $input) { user { attributes { name values } } } }`,
		`{"input": {"userId": "<guest>", "attributes": [{"name": "department", "values": ["営業"]}]}}`,
	},
	"Mutation.setPiiAccess": {"admin", `mutation($input: SetPiiAccessInput!) { setPiiAccess(input: $input) { user { piiAccess } } }`, `{"input": {"userId": "<guest>", "piiAccess": true}}`},

	"Mutation.importCsv": {
		"owner", `mutation($input: ImportCsvInput!) { importCsv(input: $input) { job { id } } }`,
		`{"input": {"idempotencyKey": "k", "name": "売上", "description": "a", "file": "` + upload + `", "format": "CSV", "sheet": "a", "header": true, "delimiter": ",", "encoding": "utf-8", "partitionColumn": "地域",
			"nullValues": ["-"], "skipRows": 0, "dropColumns": ["区分"], "classes": [{"column": "地域", "class": "DIRECT"}], "dateColumns": ["日付"]}}`,
	},
	"Mutation.importS3": {
		"owner", `mutation($input: ImportS3Input!) { importS3(input: $input) { job { id } } }`,
		`{"input": {"idempotencyKey": "k", "bucket": "company-data", "key": "sales.csv", "name": "売上", "description": "a", "format": "CSV", "sheet": "a", "header": true, "delimiter": ",", "encoding": "utf-8",
			"partitionColumn": "地域", "nullValues": ["-"], "skipRows": 0, "dropColumns": ["区分"], "classes": [{"column": "地域", "class": "DIRECT"}], "dateColumns": ["日付"]}}`,
	},
	"Mutation.reimportDataset": {
		"owner", `mutation($input: ReimportDatasetInput!) { reimportDataset(input: $input) { __typename } }`,
		`{"input": {"id": "<unused>", "force": false, "planToken": "a", "idempotencyKey": "b"}}`,
	},
	"Mutation.reuploadDataset": {
		"owner", `mutation($input: ReuploadDatasetInput!) { reuploadDataset(input: $input) { __typename } }`,
		`{"input": {"idempotencyKey": "k", "id": "<dataset>", "file": "` + upload + `", "format": "CSV", "sheet": "a", "header": true, "delimiter": ",", "encoding": "utf-8", "partitionColumn": "地域",
			"nullValues": ["-"], "skipRows": 0, "dateColumns": ["日付"]}}`,
	},
	"Mutation.restoreDatasetVersion": {
		"owner", `mutation($input: RestoreDatasetVersionInput!) { restoreDatasetVersion(input: $input) { version { number } } }`,
		`{"input": {"id": "<unused>", "number": 1, "version": 3}}`,
	},
	"Mutation.exportDataset": {
		"owner", `mutation($input: ExportDatasetInput!) { exportDataset(input: $input) { fileName } }`,
		`{"input": {"id": "<dataset>", "format": "CSV", "encoding": "UTF8", "dashboardId": "<dashboard>", "cardId": "<card>", "filters": ` + oneChoice + `, "columns": ["地域"]}}`,
	},
	"Mutation.updateDataset": {
		"owner", `mutation($input: UpdateDatasetInput!) { updateDataset(input: $input) { dataset { id name description columns { name description class } } } }`,
		`{"input": {"id": "<dataset>", "version": 2, "name": "売上", "description": "a", "columns": [{"name": "地域", "description": "b", "class": "DIRECT"}]}}`,
	},
	"Mutation.repairDatasetPath": {"owner", `mutation($input: RepairDatasetPathInput!) { repairDatasetPath(input: $input) { dataset { id } } }`, `{"input": {"id": "<dataset>"}}`},
	"Mutation.confirmImport": {
		"owner", `mutation($input: ConfirmImportInput!) { confirmImport(input: $input) { job { id } } }`,
		`{"input": {"jobId": "<job>", "classes": [{"column": "地域", "class": "DIRECT"}], "drop": ["日付"], "approve": false}}`,
	},
	"Mutation.cancelImport":   {"owner", `mutation($input: CancelImportInput!) { cancelImport(input: $input) { job { id } } }`, `{"input": {"id": "<job>"}}`},
	"Mutation.restoreDataset": {"owner", `mutation($input: RestoreDatasetInput!) { restoreDataset(input: $input) { dataset { id } } }`, `{"input": {"id": "<deleted>"}}`},
	"Mutation.deleteDataset":  {"owner", `mutation($input: DeleteDatasetInput!) { deleteDataset(input: $input) { deletedId } }`, `{"input": {"id": "<unused>"}}`},

	"Mutation.createPolicy": {
		"owner", `mutation($input: CreatePolicyInput!) { createPolicy(input: $input) { policy { id name rows } } }`,
		`{"input": {"idempotencyKey": "k", "datasetId": "<dataset>", "version": 2, "name": "東日本", ` + onePolicy + `}}`,
	},
	"Mutation.updatePolicy": {
		"owner", `mutation($input: UpdatePolicyInput!) { updatePolicy(input: $input) { policy { id name rows } } }`,
		`{"input": {"datasetId": "<dataset>", "id": "<policy>", "version": 2, "name": "東日本", ` + onePolicy + `}}`,
	},
	"Mutation.deletePolicy": {
		"owner", `mutation($input: DeletePolicyInput!) { deletePolicy(input: $input) { deletedId } }`, `{"input": {"datasetId": "<dataset>", "id": "<policy>", "version": 2}}`,
	},

	"Mutation.createCard": {
		"owner", `mutation($input: CreateCardInput!) { createCard(input: $input) { card ` + oneCard + ` } }`,
		`{"input": {"idempotencyKey": "k", "kind": "CODE", "name": "図", "description": "a", "datasetId": "<dataset>", "code": "x", "params": {"a": 1}, "ignoresFilters": false, "parameters": [` + oneParameter + `]}}`,
	},
	"Mutation.updateCard": {
		"owner", `mutation($input: UpdateCardInput!) { updateCard(input: $input) { card ` + oneCard + ` } }`,
		`{"input": {"id": "<spare>", "version": 2, "name": "図", "description": "a", "datasetId": "<dataset>", "code": "x", "params": {"a": 1}, "ignoresFilters": false, "parameters": [` + oneParameter + `]}}`,
	},
	"Mutation.deleteCard": {"owner", `mutation($input: DeleteCardInput!) { deleteCard(input: $input) { deletedId } }`, `{"input": {"id": "<spare>"}}`},
	"Mutation.previewCard": {
		"owner", `mutation($input: PreviewCardInput!) { previewCard(input: $input) ` + oneResult + ` }`,
		`{"input": {"datasetId": "<dataset>", "code": "x", "params": {"a": 1}, "filters": ` + oneChoice + `}}`,
	},
	"Mutation.executeCard": {
		"owner", `mutation($input: ExecuteCardInput!) { executeCard(input: $input) ` + oneResult + ` }`,
		`{"input": {"idempotencyKey": "k", "cardId": "<card>", "dashboardId": "<dashboard>", "filters": ` + oneChoice + `, "params": {}, "useCache": true}}`,
	},

	"Query.transform": {"owner", `query($id: ID!) { transform(id: $id) { id } }`, `{"id": "<transform>"}`},
	"Query.transforms": {
		"admin", `query($filter: TransformFilter, $all: Boolean!, $first: Int, $after: String) { transforms(filter: $filter, all: $all, first: $first, after: $after) { nodes { id } } }`,
		`{"filter": {"scheduled": false}, "all": true, "first": 5, "after": null}`,
	},
	"Query.execution":          {"owner", `query($id: ID!) { execution(id: $id) { id } }`, `{"id": "<execution>"}`},
	"Query.transformDiagnosis": {"owner", `query($id: ID!) { transformDiagnosis(id: $id) { inputs { exists } } }`, `{"id": "<transform>"}`},
	"Transform.nextRuns":       {"owner", `query($count: Int!) { transform(id: "<transform>") { nextRuns(count: $count) } }`, `{"count": 20}`},
	"Transform.executions":     {"owner", `query($first: Int, $after: String) { transform(id: "<transform>") { executions(first: $first, after: $after) { nodes { id } } } }`, onePage},
	"ImportJob.events":         {"owner", `query($after: Int!) { importJob(id: "<job>") { events(after: $after) { seq } } }`, `{"after": 0}`},
	"Execution.events":         {"owner", `query($after: Int!) { execution(id: "<execution>") { events(after: $after) { seq } } }`, `{"after": 0}`},
	"Mutation.createTransform": {
		"owner", `mutation($input: CreateTransformInput!) { createTransform(input: $input) { transform ` + oneTransform + ` } }`,
		`{"input": {"idempotencyKey": "k", "name": "集計", "description": "a", "code": "x", "params": {"a": 1}, "inputs": [{"datasetId": "<dataset>", "alias": "sales"}], "outputName": "出力", "schedule": ` + oneSchedule + `}}`,
	},
	"Mutation.updateTransform": {
		"owner", `mutation($input: UpdateTransformInput!) { updateTransform(input: $input) { transform ` + oneTransform + ` } }`,
		`{"input": {"id": "<transform>", "version": 1, "name": "集計", "description": "a", "code": "x", "params": {"a": 1}, "inputs": [{"datasetId": "<dataset>", "alias": "sales"}],
			"outputName": "出力", "schedule": ` + oneSchedule + `}}`,
	},
	"Mutation.deleteTransform": {"owner", `mutation($input: DeleteTransformInput!) { deleteTransform(input: $input) { deletedId } }`, `{"input": {"id": "<transform>"}}`},
	"Mutation.executeTransform": {
		"owner", `mutation($input: ExecuteTransformInput!) { executeTransform(input: $input) { execution { id params } } }`,
		`{"input": {"id": "<transform>", "params": {"a": 1}, "sameInputsAs": "<execution>", "idempotencyKey": "x"}}`,
	},
	"Mutation.cancelExecution": {"owner", `mutation($input: CancelExecutionInput!) { cancelExecution(input: $input) { execution { id } } }`, `{"input": {"id": "<running>"}}`},
	"Mutation.previewTransform": {
		"owner", `mutation($input: PreviewTransformInput!) { previewTransform(input: $input) { result { rows } } }`,
		`{"input": {"inputs": [{"datasetId": "<dataset>", "alias": "sales"}], "code": "x", "params": {"a": 1}, "limitRows": 5}}`,
	},

	"Mutation.createDashboard": {"owner", `mutation($input: CreateDashboardInput!) { createDashboard(input: $input) { dashboard ` + oneDashboard + ` } }`, `{"input": {"idempotencyKey": "k", "name": "売上", "description": "a"}}`},
	"Mutation.updateDashboard": {
		"owner", `mutation($input: UpdateDashboardInput!) { updateDashboard(input: $input) { dashboard ` + oneDashboard + ` } }`,
		`{"input": {"id": "<dashboard>", "version": 3, "name": "売上", "description": "a", "layout": {"cards": [{"cardId": "<card>", "x": 0, "y": 0, "w": 12, "h": 1}]},
			"filters": [{"id": "<filter>", "type": "CATEGORY", "column": "地域", "label": "地域", "multiSelect": true, "options": ["東京"]}]}}`,
	},
	"Mutation.deleteDashboard": {"owner", `mutation($input: DeleteDashboardInput!) { deleteDashboard(input: $input) { deletedId } }`, `{"input": {"id": "<dashboard>"}}`},

	"Mutation.cloneDashboard": {"owner", `mutation($input: CloneDashboardInput!) { cloneDashboard(input: $input) { dashboard ` + oneDashboard + ` } }`, `{"input": {"idempotencyKey": "k", "id": "<dashboard>", "name": "写し"}}`},

	"Mutation.createShare": {
		"owner", `mutation($input: CreateShareInput!) { createShare(input: $input) { share { id } } }`,
		`{"input": {"idempotencyKey": "k", "dashboardId": "<dashboard>", "target": {"type": "USER", "id": "<guest>"}, "permission": "VIEWER", "expiresAt": "2999-01-01"}}`,
	},
	"Mutation.updateShare": {"owner", `mutation($input: UpdateShareInput!) { updateShare(input: $input) { share { id } } }`, `{"input": {"idempotencyKey": "k", "id": "<share>", "permission": "EDITOR", "expiresAt": "2999-01-01"}}`},
	"Mutation.deleteShare": {"owner", `mutation($input: DeleteShareInput!) { deleteShare(input: $input) { deletedId } }`, `{"input": {"idempotencyKey": "k", "id": "<share>"}}`},

	"Mutation.transferOwnership": {
		"owner", `mutation($input: TransferOwnershipInput!) { transferOwnership(input: $input) { transferredId } }`,
		`{"input": {"id": "<dashboard>", "toUserId": "<guest>", "keep": "VIEWER", "version": 3}}`,
	},
	"Mutation.requestAccess": {
		"stranger", `mutation($input: RequestAccessInput!) { requestAccess(input: $input) { requested } }`,
		`{"input": {"dashboardId": "<dashboard>", "permission": "VIEWER", "message": "a"}}`,
	},
	"Mutation.answerAccessRequest": {
		"owner", `mutation($input: AnswerAccessRequestInput!) { answerAccessRequest(input: $input) { request { id answer } } }`,
		`{"input": {"id": "<request>", "grant": true, "permission": "VIEWER", "expiresAt": "2999-01-01", "message": "a"}}`,
	},
	"Mutation.markNotificationsRead": {"owner", `mutation($input: MarkNotificationsReadInput!) { markNotificationsRead(input: $input) { marked } }`, `{"input": {"ids": ["<notice>"]}}`},
	"Mutation.createFilterView": {
		"owner", `mutation($input: CreateFilterViewInput!) { createFilterView(input: $input) ` + oneView + ` }`,
		`{"input": {"idempotencyKey": "k", "dashboardId": "<dashboard>", "name": "今月", "filters": ` + oneChoice + `, "isShared": true}}`,
	},
	"Mutation.updateFilterView": {
		"owner", `mutation($input: UpdateFilterViewInput!) { updateFilterView(input: $input) ` + oneView + ` }`,
		`{"input": {"id": "<view>", "version": 1, "name": "今月", "filters": ` + oneChoice + `, "isShared": true}}`,
	},
	"Mutation.deleteFilterView": {"owner", `mutation($input: DeleteFilterViewInput!) { deleteFilterView(input: $input) { deletedId } }`, `{"input": {"id": "<view>"}}`},
	"Mutation.setDefaultFilterView": {
		"owner", `mutation($input: SetDefaultFilterViewInput!) { setDefaultFilterView(input: $input) { dashboard { id } } }`,
		`{"input": {"dashboardId": "<dashboard>", "viewId": "<view>", "scope": "EVERYBODY"}}`,
	},

	"Mutation.createGroup":       {"admin", `mutation($input: CreateGroupInput!) { createGroup(input: $input) { group { id name } } }`, `{"input": {"idempotencyKey": "k", "name": "経理"}}`},
	"Mutation.updateGroup":       {"admin", `mutation($input: UpdateGroupInput!) { updateGroup(input: $input) { group { id name } } }`, `{"input": {"id": "<group>", "version": 1, "name": "経理"}}`},
	"Mutation.setGroupClaim":     {"admin", `mutation($input: SetGroupClaimInput!) { setGroupClaim(input: $input) { group { id claim } } }`, `{"input": {"id": "<group>", "version": 1, "claim": "sales"}}`},
	"Mutation.unlinkUser":        {"admin", `mutation($input: UnlinkUserInput!) { unlinkUser(input: $input) { user { id } } }`, `{"input": {"userId": "<guest>", "dryRun": true}}`},
	"Mutation.deleteGroup":       {"admin", `mutation($input: DeleteGroupInput!) { deleteGroup(input: $input) { deletedId } }`, `{"input": {"id": "<group>", "dryRun": false}}`},
	"Mutation.addGroupMember":    {"admin", `mutation($input: AddGroupMemberInput!) { addGroupMember(input: $input) { group { id } } }`, `{"input": {"groupId": "<group>", "userId": "<guest>"}}`},
	"Mutation.removeGroupMember": {"admin", `mutation($input: RemoveGroupMemberInput!) { removeGroupMember(input: $input) { group { id } } }`, `{"input": {"groupId": "<group>", "userId": "<member>"}}`},
}

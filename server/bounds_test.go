package server_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/graph"
)

// bounds says what every argument takes: the argument of a field, or the field
// of an input wherever it is used. Booleans, enums and inputs are what the
// schema says and are not repeated here. Texts are:
//
//	line N    1 to N characters in one line
//	text N    up to N characters, lines and tabs too
//	note N    such a text that is not given back
//	bytes N   any text of up to N bytes; what it does not name is not found
//	value N   any text of 1 to N characters, as it may stand in data
//	code N    1 to N bytes of program
//	future    a time to come, with "year" within a year
//	operation the id of a registered operation
//	document  an operation that can be registered
//	event     the number of an event
//	any       any text of any length; what is no id finds nothing
//	id NOUN   the id of such a thing; mine where others have such things that
//	          the asker may not see
const bounds = `
Query.node.id                     node
Query.nodes.ids                   list 100
Query.nodes.ids.*                 any
Query.users.query                 bytes 254
Query.dataset.id                  id dataset mine
Query.importJob.id                id job mine
Query.datasetDiagnosis.id         id dataset mine
Query.card.id                     id card mine
Query.cardDiagnosis.id            id card mine
Query.snapshot.id                 snapshot
Query.snapshot.dashboardId        id dashboard mine
Query.chartTemplates.datasetId    id dataset mine
Query.completion.datasetId        id dataset mine
Card.runs.last                    int 1 100
CardParameterInput.name           line 200
CardParameterInput.label          text 200
CardParameterInput.default        choose
CardParameterInput.choices        list 100
CardParameterInput.choices.*      text 200
CardParameterInput.min            float
CardParameterInput.max            float
CreateCardInput.parameters        list 20
UpdateCardInput.parameters        list 20
ExecuteCardInput.params           chosen
Query.group.id                    id group mine
Query.dashboard.id                id dashboard mine
Query.filterView.id               id view
Query.viewAs.userId               id user
View.node.id                      node
View.dashboard.id                 id dashboard mine
View.dataset.id                   id dataset mine
View.datasetRows.id               id dataset mine
View.datasetRows.limit            int 1 1000
View.card.id                      id card mine
View.filterView.id                id view
View.group.id                     id group mine
Query.transform.id                id transform mine
Query.execution.id                id execution mine
Subscription.importProgress.jobId id job mine
Subscription.importProgress.after event
Subscription.transformExecutionUpdated.executionId id execution mine
Subscription.transformExecutionUpdated.after event
Subscription.dashboardChanged.dashboardId id dashboard mine
Subscription.dashboardChanged.after event
Subscription.dashboardPresence.dashboardId id dashboard mine
Subscription.cardResults.dashboardId id dashboard mine
Subscription.cardResults.filters list 20
Subscription.serviceNotice.after  event
Query.transformDiagnosis.id       id transform mine
Transform.nextRuns.count            int 1 20
Execution.events.after            int 0 1000000000
ImportJob.events.after            int 0 1000000000
Query.effectiveAccess.dashboardId id dashboard mine
Query.shareExposure.dashboardId   id dashboard managed
Query.whyCanAccess.userId         id user
Query.whyCanAccess.resource       id dashboard mine
Query.accessReport.userId         id user
Query.accessReport.resource       id dashboard
Query.accessReport.since          time
Query.accessReport.until          time
AuditLogFilter.eventTypes         list 50
AuditLogFilter.userId             bytes 300
AuditLogFilter.targetId           bytes 300
AuditLogFilter.from               time
AuditLogFilter.to                 time

Query.rateLimitUsage.over         share
SetRateLimitInput.limit           int 0 1000000
SetRateLimitInput.until           future year
SetRateLimitInput.reason          note 200 required
AnnounceInput.ja                  note 500 required
AnnounceInput.en                  note 500 required
AnnounceInput.until               future year
WithdrawAnnouncementInput.id      id announcement
BlockIpInput.cidr                 network
BlockIpInput.minutes              int 1 43200
BlockIpInput.reason               note 200 required
UnblockIpInput.cidr               network
DashboardCard.result.filters      list 20
DashboardCard.rows.filters        list 20
DashboardCard.rows.limit          int 1 1000
Dataset.preview.limit             int 1 1000
Dataset.columnValues.column       column
Dataset.columnValues.dashboardId  id dashboard mine
Dataset.columnValues.search       text 200
Dataset.columnValues.limit        int 1 500
FilterValueInput.filterId         id filter unknown
FilterValueInput.column           value 1000
FilterValueInput.values           list 500
FilterValueInput.values.*         value 1000 may be empty
FilterValueInput.from             day
FilterValueInput.to               day
RelativeRangeInput.count          int 1 400

LoginInput.email                  address 254
LoginInput.password               secret 1024
CreateApiKeyInput.name            line 100
CreateApiKeyInput.scopes          list 100
CreateApiKeyInput.scopes.*        scope
CreateApiKeyInput.expiresAt       future year
RevokeApiKeyInput.id              id key mine
Query.operation.id                operation
RegisterOperationInput.operationId new operation
RegisterOperationInput.document   document
RegisterOperationInput.version    version
RegisterOperationInput.ownerId    id user
RegisterOperationInput.description text 300
RetireOperationInput.operationId  operation
RevokeSessionsInput.userId        id user
RevokeSessionsInput.sessionId     id session mine
RevokeSessionsInput.reason        note 200
CreateUserInput.email             email 254
CreateUserInput.name              line 100 may be empty
CreateUserInput.password          password
SetUserRoleInput.userId           id user
DeactivateUserInput.userId        id user
ChangePasswordInput.currentPassword secret 1024
ChangePasswordInput.newPassword   password
ResetPasswordInput.userId         id user
ResetPasswordInput.newPassword    password

UpdateProfileInput.name           line 100
SetUserAttributesInput.userId     id user
SetUserAttributesInput.attributes list 50
UserAttributeInput.name           line 50
UserAttributeInput.values         list 50
UserAttributeInput.values.*       line 200
SetPiiAccessInput.userId          id user

ImportCsvInput.name               line 200
ImportCsvInput.description        text 2000
ImportCsvInput.file               upload
ImportCsvInput.sheet              text 100
ImportCsvInput.delimiter          character
ImportCsvInput.encoding           choice
ImportCsvInput.partitionColumn    text 200
ImportCsvInput.nullValues         list 20
ImportCsvInput.nullValues.*       text 200
ImportCsvInput.skipRows           int 0 1000
ImportCsvInput.dateColumns        list 500
ImportCsvInput.dateColumns.*      text 200
ImportCsvInput.appendTo           id dataset mine
ImportCsvInput.dropColumns        list 500
ImportCsvInput.dropColumns.*      text 200
ImportCsvInput.classes            list 500
ImportS3Input.bucket              bucket
ImportS3Input.key                 key
ImportS3Input.name                line 200
ImportS3Input.description         text 2000
ImportS3Input.sheet              text 100
ImportS3Input.delimiter          character
ImportS3Input.encoding           choice
ImportS3Input.partitionColumn    text 200
ImportS3Input.nullValues         list 20
ImportS3Input.nullValues.*       text 200
ImportS3Input.skipRows           int 0 1000
ImportS3Input.dateColumns        list 500
ImportS3Input.dateColumns.*      text 200
ImportS3Input.dropColumns        list 500
ImportS3Input.dropColumns.*      text 200
ImportS3Input.classes            list 500
ColumnClassInput.column          note 200
ConfirmImportInput.jobId         id job mine
ConfirmImportInput.classes       list 500
ConfirmImportInput.drop          list 500
ConfirmImportInput.drop.*        note 200
ReimportDatasetInput.id           id dataset mine
ReimportDatasetInput.planToken    note 1000
ReimportDatasetInput.idempotencyKey note 200
AnnounceInput.idempotencyKey       note 200
CreateApiKeyInput.idempotencyKey   note 200
CreateCardInput.idempotencyKey     note 200
ExecuteCardInput.idempotencyKey    note 200
CloneDashboardInput.idempotencyKey note 200
CreateDashboardInput.idempotencyKey note 200
ImportCsvInput.idempotencyKey      note 200
CreateFilterViewInput.idempotencyKey note 200
CreateGroupInput.idempotencyKey    note 200
CreatePolicyInput.idempotencyKey   note 200
CreateShareInput.idempotencyKey    note 200
UpdateShareInput.idempotencyKey    note 200
DeleteShareInput.idempotencyKey    note 200
CreateTransformInput.idempotencyKey note 200
CreateUserInput.idempotencyKey     note 200
ImportS3Input.idempotencyKey       note 200
ReuploadDatasetInput.idempotencyKey note 200
ReuploadDatasetInput.id           id dataset mine
ReuploadDatasetInput.file         upload
ReuploadDatasetInput.sheet              text 100
ReuploadDatasetInput.delimiter          character
ReuploadDatasetInput.encoding           choice
ReuploadDatasetInput.partitionColumn    text 200
ReuploadDatasetInput.nullValues         list 20
ReuploadDatasetInput.nullValues.*       text 200
ReuploadDatasetInput.skipRows           int 0 1000
ReuploadDatasetInput.dateColumns        list 500
ReuploadDatasetInput.dateColumns.*      text 200
RestoreDatasetVersionInput.id     id dataset mine
RestoreDatasetVersionInput.number number
RestoreDatasetVersionInput.version version
ExportDatasetInput.id             id dataset mine
ExportDatasetInput.dashboardId    id dashboard mine
ExportDatasetInput.cardId         id card mine
ExportDatasetInput.filters        list 20
ExportDatasetInput.columns        list 1000
ExportDatasetInput.columns.*      column
UpdateDatasetInput.id             id dataset mine
UpdateDatasetInput.version        version
UpdateDatasetInput.name           line 200
UpdateDatasetInput.description    text 2000
UpdateDatasetInput.columns        list 500
ColumnChangeInput.name            column
ColumnChangeInput.description     text 500
DeleteDatasetInput.id             id dataset mine
RestoreDatasetInput.id            id dataset mine
RepairDatasetPathInput.id         id dataset mine
CancelImportInput.id              id job mine
CreatePolicyInput.datasetId       id dataset mine
CreatePolicyInput.version         version
CreatePolicyInput.name            line 200
CreatePolicyInput.targets         list 50
CreatePolicyInput.hidden          list 500
CreatePolicyInput.hidden.*        column
CreatePolicyInput.masked          list 500
UpdatePolicyInput.datasetId       id dataset mine
UpdatePolicyInput.id              id policy
UpdatePolicyInput.version         version
UpdatePolicyInput.name            line 200
UpdatePolicyInput.targets         list 50
UpdatePolicyInput.hidden          list 500
UpdatePolicyInput.hidden.*        column
UpdatePolicyInput.masked          list 500
DeletePolicyInput.datasetId       id dataset mine
DeletePolicyInput.id              id policy
DeletePolicyInput.version         version
PolicyTargetInput.id              id user
MaskedColumnInput.column          column
RowConditionInput.all             list 100
RowConditionInput.any             list 100
RowConditionInput.column          column
RowConditionInput.values          list 500
RowConditionInput.values.*        value 1000 may be empty
RowConditionInput.from            day
RowConditionInput.to              day
RowConditionInput.attribute       line 50

CreateCardInput.name              line 200
CreateCardInput.description       text 2000
CreateCardInput.datasetId         id dataset mine
CreateCardInput.code              code 200000
CreateCardInput.params            json 65536
UpdateCardInput.id                id card mine
UpdateCardInput.version           version
UpdateCardInput.name              line 200
UpdateCardInput.description       text 2000
UpdateCardInput.datasetId         id dataset mine
UpdateCardInput.code              code 200000
UpdateCardInput.params            json 65536
DeleteCardInput.id                id card mine
PreviewCardInput.datasetId        id dataset mine
PreviewCardInput.code             code 200000
PreviewCardInput.params           json 65536
PreviewCardInput.filters          list 20
ExecuteCardInput.cardId           id card mine
ExecuteCardInput.dashboardId      id dashboard mine
ExecuteCardInput.filters          list 20

TransformSourceInput.datasetId    id dataset mine
TransformSourceInput.alias        alias
ScheduleInput.cron                cron
ScheduleInput.zone                zone
CreateTransformInput.name         line 200
CreateTransformInput.description  text 2000
CreateTransformInput.code         code 200000
CreateTransformInput.params       json 65536
CreateTransformInput.inputs       list 20
CreateTransformInput.outputName   line 200 may be empty
UpdateTransformInput.id           id transform mine
UpdateTransformInput.version      version
UpdateTransformInput.name         line 200
UpdateTransformInput.description  text 2000
UpdateTransformInput.code         code 200000
UpdateTransformInput.params       json 65536
UpdateTransformInput.inputs       list 20
UpdateTransformInput.outputName   line 200 may be empty
DeleteTransformInput.id           id transform mine
ExecuteTransformInput.id          id transform managed
ExecuteTransformInput.params      json 65536
ExecuteTransformInput.sameInputsAs id execution mine
ExecuteTransformInput.idempotencyKey note 200
CancelExecutionInput.id           id execution mine
PreviewTransformInput.inputs      list 20
PreviewTransformInput.code        code 200000
PreviewTransformInput.params      json 65536
PreviewTransformInput.limitRows   int 1 1000

CreateDashboardInput.name         line 200
CreateDashboardInput.description  text 2000
UpdateDashboardInput.id           id dashboard mine
UpdateDashboardInput.version      version
UpdateDashboardInput.name         line 200
UpdateDashboardInput.description  text 2000
UpdateDashboardInput.filters      list 20
LayoutInput.cards                 list 20
PlacementInput.cardId             id card mine
PlacementInput.x                  int 0 11
PlacementInput.y                  int 0 1000
PlacementInput.w                  int 1 12
PlacementInput.h                  int 1 50
FilterInput.id                    id filter
FilterInput.column                text 200 required
FilterInput.label                 line 100
FilterInput.options               list 500
FilterInput.options.*             text 1000
DeleteDashboardInput.id           id dashboard mine
CloneDashboardInput.id            id dashboard mine
CloneDashboardInput.name          line 200

CreateShareInput.dashboardId      id dashboard managed
ShareTargetInput.id               id user
CreateShareInput.expiresAt        future
UpdateShareInput.id               id share managed
UpdateShareInput.expiresAt        future
DeleteShareInput.id               id share managed
DeactivateUserInput.handOverTo    id user
TransferOwnershipInput.id         id dashboard mine
TransferOwnershipInput.toUserId   id user
TransferOwnershipInput.version    version
RequestAccessInput.dashboardId    id dashboard unknown
RequestAccessInput.message        text 500
AnswerAccessRequestInput.id       id request mine
AnswerAccessRequestInput.expiresAt future
AnswerAccessRequestInput.message  text 500
MarkNotificationsReadInput.ids    list 100
MarkNotificationsReadInput.ids.*  id notice mine
CreateFilterViewInput.dashboardId id dashboard mine
CreateFilterViewInput.name        line 200
CreateFilterViewInput.filters     list 20
UpdateFilterViewInput.id          id view
UpdateFilterViewInput.version     version
UpdateFilterViewInput.name        line 200
UpdateFilterViewInput.filters     list 20
DeleteFilterViewInput.id          id view
SetDefaultFilterViewInput.dashboardId id dashboard mine
SetDefaultFilterViewInput.viewId  id view
CreateGroupInput.name             line 100
UpdateGroupInput.id               id group
UpdateGroupInput.version          version
UpdateGroupInput.name             line 100
SetGroupClaimInput.id             id group
SetGroupClaimInput.version        version
SetGroupClaimInput.claim          line 200
UnlinkUserInput.userId            id user
DeleteGroupInput.id               id group
AddGroupMemberInput.groupId       id group
AddGroupMemberInput.userId        id user
RemoveGroupMemberInput.groupId    id group
RemoveGroupMemberInput.userId     id user
`

// rule is what an argument takes: the words of its line.
type rule []string

func (r rule) is(word string) bool {
	for _, w := range r {
		if w == word {
			return true
		}
	}
	return false
}

// most is the number at the place of the rule.
func (r rule) most(t testing.TB, place int) int {
	t.Helper()
	n, err := strconv.Atoi(r[place])
	must(t, err)
	return n
}

func readRules() map[string]rule {
	rules := map[string]rule{}
	for line := range strings.Lines(bounds) {
		if words := strings.Fields(line); len(words) > 1 {
			rules[words[0]] = words[1:]
		}
	}
	return rules
}

// pages are the arguments of every list of pages.
var pages = map[string]rule{"first": {"int", "1", "100"}, "after": {"cursor"}}

// argument is one value that a request carries, from the whole input to the
// last part of it.
type argument struct {
	path string // input.filters.*.column
	kind *ast.Type
	def  *ast.Definition // of the named type
	rule rule            // nil where the schema says it all
	must bool            // it cannot be left out
}

// argumentsOf are all arguments of a field with all of their parts. Of an input
// that holds others of its kind, in one form at a time, the parts are those of
// the others in its list any, where an example has one of each form.
func argumentsOf(owner string, f *ast.FieldDefinition, rules map[string]rule) (all []argument) {
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	var walk func(key, path string, kind *ast.Type, given bool)
	walk = func(key, path string, kind *ast.Type, given bool) {
		def := schema.Types[kind.Name()]
		all = append(all, argument{path, kind, def, rules[key], kind.NonNull && !given})
		if kind.Elem != nil {
			walk(key+".*", path+".*", kind.Elem, false)
			return
		}
		if def.Kind == ast.InputObject {
			for _, part := range partsOf(def, path) {
				walk(def.Name+"."+part.Name, path+"."+part.Name, part.Type, part.DefaultValue != nil)
			}
		}
	}
	for _, a := range f.Arguments {
		key := owner + "." + f.Name + "." + a.Name
		if rules[key] == nil && pages[a.Name] != nil {
			rules[key] = pages[a.Name]
		}
		walk(key, a.Name, a.Type, a.DefaultValue != nil)
	}
	return all
}

// partsOf are the parts of an input at the path that are walked.
func partsOf(def *ast.Definition, path string) (parts ast.FieldList) {
	if !slices.ContainsFunc(def.Fields, func(part *ast.FieldDefinition) bool { return part.Type.Name() == def.Name }) {
		return def.Fields
	}
	_, within, _ := strings.Cut(path, ".any.*")
	switch {
	case within != "":
		return nil
	case strings.HasSuffix(path, ".any.*"):
		return def.Fields
	}
	return ast.FieldList{def.Fields.ForName("any")}
}

// fieldsWithArguments are all of the schema, by name.
func fieldsWithArguments() map[string][]argument {
	all, rules := map[string][]argument{}, readRules()
	for name, d := range graph.NewExecutableSchema(graph.Config{}).Schema().Types {
		for _, f := range d.Fields {
			if d.Kind == ast.Object && !strings.HasPrefix(name, "__") && !strings.HasPrefix(f.Name, "__") && len(f.Arguments) > 0 {
				all[name+"."+f.Name] = argumentsOf(name, f, rules)
			}
		}
	}
	return all
}

// Every text, number, id and list that a client can send has a declared bound,
// and every field with arguments has an example.
func TestBoundsCoverTheSchema(t *testing.T) {
	fields := fieldsWithArguments()
	for name, arguments := range fields {
		if examples[name].document == "" {
			t.Errorf("%s has no example", name)
		}
		for _, a := range arguments {
			said := a.kind.Elem == nil && (a.def.Kind == ast.InputObject || a.def.Kind == ast.Enum || a.def.Name == "Boolean")
			if a.rule == nil && !said {
				t.Errorf("what %s takes at %s is not declared", name, a.path)
			}
		}
	}
	for name := range examples {
		if fields[name] == nil {
			t.Errorf("%s is no field with arguments", name)
		}
	}
}

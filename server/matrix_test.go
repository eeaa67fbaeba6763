package server_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/karuta-bi/karuta/graph"
	"github.com/karuta-bi/karuta/internal/core"
)

// matrix is who gets what answer from each root field:
//
//	ok    it is done
//	401   UNAUTHORIZED
//	bad   INVALID_TOKEN
//	403   FORBIDDEN
//	404   NOT_FOUND
//	400   VALIDATION_ERROR: the door is open, and what was asked for is not possible
//	409   CONFLICT: it is not possible now
//	null  nothing, without an error
//
// ! is an answer that leaves ACCESS_DENIED in the audit log, * one that the
// service gives where the directive lets through. What comes after a slash
// tells several ways to ask one field apart; the documents stand in asked.
const matrix = `
                              anonymous stranger viewer editor coowner owner member admin locked ended
Query.serverInfo              ok        ok       ok     ok     ok      ok    ok     ok    ok     ok
Query.health                  ok        ok       ok     ok     ok      ok    ok     ok    ok     ok
Query.me                      401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.node                    401       null!*   ok     ok     ok      ok    ok     ok    401    bad
Query.node/dataset            401       null!*   ok     ok     ok      ok    ok     ok    401    bad
Query.node/card               401       null!*   ok     ok     ok      ok    ok     ok    401    bad
Query.node/spare              401       null!*   null!* null!* null!*  ok    null!* ok    401    bad
Query.node/group              401       null!*   null!* null!* null!*  null!* ok     ok    401    bad
Query.node/job                401       null!*   null!* null!* null!*  ok    null!* ok    401    bad
Query.node/share              401       null!*   null!* null!* ok      ok    null!* ok    401    bad
Query.node/key                401       null!*   null!* null!* null!*  ok    null!* ok    401    bad
Query.node/session            401       null!*   null!* null!* null!*  ok    null!* null!* 401   bad
Query.node/view               401       null!*   ok     ok     ok      ok    ok     ok    401    bad
Query.node/own                401       null!*   null!* null!* null!*  ok    null!* null!* 401   bad
Query.node/user               401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.node/transform          401       null!*   null!* null!* null!*  ok    null!* ok    401    bad
Query.node/execution          401       null!*   null!* null!* null!*  ok    null!* ok    401    bad
Query.transform               401       404!     404!   404!   404!    ok    404!   ok    401    bad
Query.transforms              401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.transforms/all          401       403!*    403!*  403!*  403!*   403!* 403!*  ok    401    bad
Query.execution               401       404!     404!   404!   404!    ok    404!   ok    401    bad
Query.rateLimits              401       403!     403!   403!   403!    403!  403!   ok    401    bad
Query.rateLimitUsage          401       403!     403!   403!   403!    403!  403!   ok    401    bad
Query.announcements           401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.blockedAddresses        401       403!     403!   403!   403!    403!  403!   ok    401    bad
Query.schedulerStatus         401       403!     403!   403!   403!    403!  403!   ok    401    bad
Query.transformDiagnosis      401       404!     404!   404!   404!    ok    404!   ok    401    bad
Query.whyCanAccess/transform  401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Query.apiKeys                 401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.apiKeys/all             401       403!*    403!*  403!*  403!*   403!* 403!*  ok    401    bad
Query.operations              401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.operation               401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Query.mySessions              401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.nodes                   401       null!*   ok     ok     ok      ok    ok     ok    401    bad
Query.users                   401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.dataset                 401       404!     ok     ok     ok      ok    ok     ok    401    bad
Query.dataset/unused          401       404!     404!   404!   404!    ok    404!   ok    401    bad
Query.datasets                401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.datasets/all            401       403!*    403!*  403!*  403!*   403!* 403!*  ok    401    bad
Query.deletedDatasets         401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.deletedDatasets/all     401       403!*    403!*  403!*  403!*   403!* 403!*  ok    401    bad
Query.datasetDiagnosis        401       404!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Query.importJob               401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Query.importJobs              401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.importJobs/blocked      401       403!*    403!*  403!*  403!*   403!* 403!*  ok    401    bad
Query.card                    401       404!     ok     ok     ok      ok    ok     ok    401    bad
Query.card/spare              401       404!     404!   404!   404!    ok    404!   ok    401    bad
Query.cardDiagnosis           401       404!     403!   403!   403!    ok    403!   ok    401    bad
Query.snapshot                401       404!*    404*   404*   404*    404*  404*   404*  401    bad
Query.chartTemplates          401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.chartTemplates/dataset  401       404!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Query.completion              401       404!     403!   403!   403!    ok    403!   ok    401    bad
Query.cards                   401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.group                   401       404!*    404!*  404!*  404!*   404!* ok     ok    401    bad
Query.groups                  401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.dashboard               401       404!     ok     ok     ok      ok    ok     ok    401    bad
Query.dashboard/copy          401       ok       ok     404!   404!    404!  404!   ok    401    bad
Query.dashboards              401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.node/notice             401       null*    null*  null*  null*   ok    null*  null* 401    bad
Query.node/request            401       null!*   null!* null!* ok      ok    null!* ok    401    bad
Query.notifications           401       ok       ok     ok     ok      ok    ok     ok    401    bad
Query.filterView              401       403!*    ok     ok     ok      ok    ok     ok    401    bad
Query.filterView/own          401       403!*    403!*  403!*  403!*   ok    403!*  403!* 401    bad
Query.filterView/none         401       404*     404*   404*   404*    404*  404*   404*  401    bad
Query.viewAs                  401       ok       403!*  403!*  403!*   ok    403!*  ok    401    bad
Query.viewAs/locked           401       404*     403!*  403!*  403!*   404*  403!*  400*  401    bad
Query.viewAs/variable         401       ok       403!*  403!*  403!*   ok    403!*  ok    401    bad
Query.effectiveAccess         401       404!     403!   403!   ok      ok    403!   ok    401    bad
Query.shareExposure           401       403!     403!   403!   ok      ok    403!   ok    401    bad
Query.whyCanAccess            401       404!*    ok     403!*  ok      ok    403!*  ok    401    bad
Query.whyCanAccess/place      401       404!*    ok     403!*  ok      ok    403!*  ok    401    bad
Query.whyCanAccess/spare      401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Query.accessReport            401       403!     403!   403!   403!    403!  403!   ok    401    bad
Query.accessReport/thing      401       403!     403!   403!   403!    403!  403!   ok    401    bad
Query.auditLogs               401       403!     403!   403!   403!    403!  403!   ok    401    bad

Subscription.importProgress   401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Subscription.transformExecutionUpdated 401 404!  404!   404!   404!    ok    404!   ok    401    bad
Subscription.dashboardChanged 401       404!     ok     ok     ok      ok    ok     ok    401    bad
Subscription.dashboardChanged/copy 401  ok       ok     404!   404!    404!  404!   ok    401    bad
Subscription.dashboardPresence 401      404!     ok     ok     ok      ok    ok     ok    401    bad
Subscription.cardResults      401       404!     ok     ok     ok      ok    ok     ok    401    bad
Subscription.serviceNotice    401       ok       ok     ok     ok      ok    ok     ok    401    bad

Mutation.login                ok        ok       ok     ok     ok      ok    ok     ok    ok     ok
Mutation.login/locked         401*      401*     401*   401*   401*    401*  401*   401*  401*   401*
Mutation.logout               401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.revokeSessions       401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.revokeSessions/one   401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.revokeSessions/all   401       403!*    403!*  403!*  403!*   403!* 403!*  ok    401    bad
Mutation.createApiKey         401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.createApiKey/scope   401       400*     400*   400*   400*    400*  400*   400*  401    bad
Mutation.revokeApiKey         401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.registerOperation    401       403!*    403!*  403!*  403!*   403!* 403!*  ok    401    bad
Mutation.registerOperation/version 401  403!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.registerOperation/other 401    409*     403!*  403!*  403!*   403!* 403!*  409*  401    bad
Mutation.retireOperation      401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.createUser           401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.setUserRole          401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.deactivateUser       401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.changePassword       401       400*     400*   400*   400*    400*  400*   400*  401    bad
Mutation.resetPassword        401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.updateProfile        401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.setRateLimit         401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.announce             401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.withdrawAnnouncement 401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.blockIp              401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.unblockIp            401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.setUserAttributes    401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.setPiiAccess         401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.importCsv            401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.importCsv/append     401       404!*    403!*  403!*  403!*   ok    403!*  403!* 401    bad
Mutation.updateDataset        401       404!     403!   403!   403!    ok    403!   403!* 401    bad
Mutation.updateDataset/classes 401      404!     403!   403!   403!    ok    403!   ok    401    bad
Mutation.confirmImport        401       404!*    404!*  404!*  404!*   400*  404!*  400*  401    bad
Mutation.deleteDataset        401       404!     403!   403!   403!    400*  403!   400*  401    bad
Mutation.deleteDataset/unused 401       404!     404!   404!   404!    ok    404!   ok    401    bad
Mutation.restoreDataset       401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.restoreDataset/there 401       404!*    403!*  403!*  403!*   409*  403!*  409*  401    bad
Mutation.importS3             401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.reimportDataset      401       404!     404!   404!   404!    ok    404!   ok    401    bad
Mutation.reimportDataset/csv  401       404!     403!   403!   403!    400*  403!   400*  401    bad
Mutation.reimportDataset/force 401      404!     403!   403!   403!    400*  403!   400*  401    bad
Mutation.reuploadDataset      401       404!     403!   403!   403!    ok    403!   ok    401    bad
Mutation.restoreDatasetVersion 401      404!     404!   404!   404!    ok    404!   ok    401    bad
Mutation.repairDatasetPath    401       404!     403!   403!   403!    400*  403!   400*  401    bad
Mutation.cancelImport         401       404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.exportDataset        401       404!     403!*  ok     ok      ok    403!*  ok    401    bad
Mutation.exportDataset/whole  401       404!     403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.exportDataset/copy   401       404!     403!*  404!*  404!*   404!* 404!*  ok    401    bad
Mutation.createPolicy         401       404!     403!   403!   403!    ok    403!   ok    401    bad
Mutation.updatePolicy         401       404!     403!   403!   403!    ok    403!   ok    401    bad
Mutation.deletePolicy         401       404!     403!   403!   403!    ok    403!   ok    401    bad
Mutation.createCard           401       404!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.createCard/text      401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.updateCard           401       404!     403!   403!   403!    ok    403!   403!  401    bad
Mutation.deleteCard           401       404!     403!   403!   403!    400*  403!   400*  401    bad
Mutation.deleteCard/spare     401       404!     404!   404!   404!    ok    404!   ok    401    bad
Mutation.previewCard          401       404!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.executeCard          401       404!     ok     ok     ok      ok    ok     ok    401    bad
Mutation.executeCard/alone    401       404!     403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.executeCard/spare    401       404!     404!   404!   404!    404*  404!   404*  401    bad
Mutation.executeCard/copy     401       404!     ok     404!*  404!*   404!* 404!*  ok    401    bad
Mutation.createDashboard      401       ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.updateDashboard      401       404!     403!   ok     ok      ok    403!   403!  401    bad
Mutation.updateDashboard/card 401       404!     403!   404!*  404!*   ok    403!   403!  401    bad
Mutation.deleteDashboard      401       404!     403!   403!   ok      ok    403!   ok    401    bad
Mutation.cloneDashboard       401       404!     ok     ok     ok      ok    ok     ok    401    bad
Mutation.createShare          401       403!     403!   403!   ok      ok    403!   ok    401    bad
Mutation.updateShare          401       403!     403!   403!   ok      ok    403!   ok    401    bad
Mutation.deleteShare          401       403!     403!   403!   ok      ok    403!   ok    401    bad
Mutation.deactivateUser/dry   401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.deactivateUser/owner 401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.transferOwnership    401       404!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.transferOwnership/dataset 401  404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.transferOwnership/card 401     404!*    404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.transferOwnership/transform 401 404!*  404!*  404!*  404!*   ok    404!*  ok    401    bad
Mutation.createTransform      401       404!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.updateTransform      401       404!     404!   404!   404!    ok    404!   403!  401    bad
Mutation.deleteTransform      401       404!     404!   404!   404!    ok    404!   ok    401    bad
Mutation.deleteTransform/busy 401       404!     404!   404!   404!    409*  404!   409*  401    bad
Mutation.executeTransform     401       403!     403!   403!   403!    ok    403!   403!  401    bad
Mutation.executeTransform/busy 401      403!     403!   403!   403!    409*  403!   403!  401    bad
Mutation.cancelExecution      401       404!     404!   404!   404!    ok    404!   ok    401    bad
Mutation.cancelExecution/ended 401      404!     404!   404!   404!    400*  404!   400*  401    bad
Mutation.previewTransform     401       404!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.requestAccess        401       ok       ok     400*   400*    400*  ok     ok    401    bad
Mutation.answerAccessRequest  401       404!*    403!*  403!*  ok      ok    403!*  ok    401    bad
Mutation.markNotificationsRead 401      404*     404*   404*   404*    ok    404*   404*  401    bad
Mutation.markNotificationsRead/all 401  ok       ok     ok     ok      ok    ok     ok    401    bad
Mutation.createFilterView     401       404!     ok     ok     ok      ok    ok     ok    401    bad
Mutation.createFilterView/all 401       404!     403!*  ok     ok      ok    403!*  403!* 401    bad
Mutation.updateFilterView     401       403!*    403!*  403!*  403!*   ok    403!*  403!* 401    bad
Mutation.updateFilterView/all 401       403!*    403!*  403!*  403!*   403!* 403!*  403!* 401    bad
Mutation.updateFilterView/own 401       403!*    ok     403!*  403!*   403!* 403!*  403!* 401    bad
Mutation.deleteFilterView     401       403!*    403!*  403!*  403!*   ok    403!*  ok    401    bad
Mutation.deleteFilterView/own 401       403!*    ok     403!*  403!*   403!* 403!*  ok    401    bad
Mutation.setDefaultFilterView 401       404!     ok     ok     ok      ok    ok     ok    401    bad
Mutation.setDefaultFilterView/all  401  404!     403!*  ok     ok      ok    403!*  403!* 401    bad
Mutation.setDefaultFilterView/own  401  404!     403!*  403!*  403!*   ok    403!*  403!* 401    bad
Mutation.setDefaultFilterView/none 401  404!     ok     ok     ok      ok    ok     ok    401    bad
Mutation.createGroup          401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.updateGroup          401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.setGroupClaim        401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.unlinkUser           401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.unlinkUser/dry       401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.deleteGroup          401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.deleteGroup/dry      401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.addGroupMember       401       403!     403!   403!   403!    403!  403!   ok    401    bad
Mutation.removeGroupMember    401       403!     403!   403!   403!    403!  403!   ok    401    bad
`

// words are the codes that the matrix writes short.
var words = map[string]core.Code{
	"401": core.CodeUnauthorized, "bad": core.CodeInvalidToken, "403": core.CodeForbidden, "404": core.CodeNotFound, "400": core.CodeValidation, "409": core.CodeConflict,
}

// declared is an answer of the matrix.
type declared struct {
	answer  string // ok, null or a code
	audited bool
	late    bool // the directive lets through
}

// rows reads the matrix: for each way to ask, the answer of each actor.
func rows(t testing.TB, table string) (order []string, answers map[string]map[string]declared) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(table), "\n")
	if head := strings.Fields(lines[0]); !slices.Equal(head, actors) {
		t.Fatalf("the columns are %v, the actors %v", head, actors)
	}
	answers = map[string]map[string]declared{}
	for _, line := range lines[1:] {
		cells := strings.Fields(line)
		if len(cells) == 0 {
			continue
		}
		if answers[cells[0]] != nil || len(cells) != len(actors)+1 {
			t.Fatalf("%s is there twice or does not answer every actor", cells[0])
		}
		order = append(order, cells[0])
		answers[cells[0]] = map[string]declared{}
		for i, actor := range actors {
			answers[cells[0]][actor] = readCell(cells[i+1])
		}
	}
	return order, answers
}

func readCell(cell string) declared {
	cell, late := strings.CutSuffix(cell, "*")
	cell, audited := strings.CutSuffix(cell, "!")
	if code, known := words[cell]; known {
		cell = string(code)
	}
	return declared{cell, audited, late}
}

// rootFields are the names of all root fields: Query.me.
func rootFields() map[string]*ast.FieldDefinition {
	all := map[string]*ast.FieldDefinition{}
	schema := graph.NewExecutableSchema(graph.Config{}).Schema()
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation, schema.Subscription} {
		for _, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") {
				all[root.Name+"."+f.Name] = f
			}
		}
	}
	return all
}

// Every root field of the schema stands in the matrix, with a document for each
// of its rows.
func TestMatrixCoversTheSchema(t *testing.T) {
	_, answers := rows(t, matrix)
	fields := rootFields()
	covered := map[string]bool{}
	for row := range answers {
		field, _, _ := strings.Cut(row, "/")
		if covered[field] = true; fields[field] == nil {
			t.Errorf("%s is no root field", field)
		}
		if asked[row] == "" {
			t.Errorf("%s has no document", row)
		}
	}
	for field := range fields {
		if !covered[field] {
			t.Errorf("nobody's answer to %s is declared", field)
		}
	}
	for row := range asked {
		if answers[row] == nil {
			t.Errorf("the document of %s is never asked", row)
		}
	}
}

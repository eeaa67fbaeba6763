package server_test

// asked are the documents behind the rows of the matrix, with the names of the
// world's things in the places of their ids.
var asked = map[string]string{
	"Query.serverInfo": `{ serverInfo { env version gitSha schemaHash keyFingerprint } }`,
	"Query.health":     `{ health { status components { name status detail } } }`,
	"Query.me":         `{ me { id email name role locale groups { id name } attributes { name values } piiAccess createdAt deactivatedAt } }`,

	"Query.node":         `{ node(id: "<dashboard>") { __typename id ... on Dashboard { name description cards { card { code params dataset { path } } } } } }`,
	"Query.node/dataset": `{ node(id: "<dataset>") { id ...d } } fragment d on Dataset { name description path columns { name } }`,
	"Query.node/card":    `{ node(id: "<card>") { id ...c } } fragment c on Card { name description code params }`,
	"Query.node/spare":   `{ node(id: "<spare>") { id ... on Card { name code } } }`,
	"Query.node/group":   `{ node(id: "<group>") { id ... on Group { name members { nodes { userId } } } } }`,
	"Query.node/job":     `{ node(id: "<job>") { id ... on ImportJob { status } } }`,
	"Query.node/share":   `{ node(id: "<share>") { id ... on Share { permission targetId } } }`,
	"Query.node/session": `{ node(id: "<session>") { id ... on Session { ip agent current expiresAt } } }`,
	"Query.node/user":    `{ node(id: "<owner>") { id ... on User { name email role locale createdAt groups { id } } } }`,
	"Query.nodes":        `{ nodes(ids: ["<dashboard>", "<dataset>", "<card>"]) { __typename id ... on Dashboard { name } ... on Dataset { name path } ... on Card { name code } } }`,

	"Query.node/notice":   `{ node(id: "<notice>") { id ... on Notice { sentence message } } }`,
	"Query.node/request":  `{ node(id: "<request>") { id ... on AccessRequest { status message user { name } dashboard { name } } } }`,
	"Query.notifications": `{ notifications { nodes { id kind sentence actor { name } target { id } request { id status } message createdAt readAt } } }`,

	"Query.mySessions":     `{ mySessions { id createdAt expiresAt ip agent current } }`,
	"Query.users":          `{ users(query: "@example.com", first: 100) { nodes { id email name } } }`,
	"Query.dataset":        `{ dataset(id: "<dataset>") { id name description path owner { id name } lastImportBy { id } columns { name } } }`,
	"Query.dataset/unused": `{ dataset(id: "<unused>") { id name path } }`,
	"Query.datasets":       `{ datasets { nodes { id name path } pageInfo { hasNextPage } } }`,
	"Query.datasets/all":   `{ datasets(all: true) { nodes { id name path } } }`,
	"Query.importJob":      `{ importJob(id: "<job>") { id status dataset { name } } }`,
	"Query.card":           `{ card(id: "<card>") { id name description code params dataset { id name path } owner { id email role } } }`,
	"Query.card/spare":     `{ card(id: "<spare>") { id name code } }`,
	"Query.cards":          `{ cards { nodes { id name code } } }`,
	"Query.group":          `{ group(id: "<group>") { id name members { nodes { userId user { email } } } } }`,
	"Query.groups":         `{ groups { nodes { id name } } }`,
	"Query.dashboard": `{ dashboard(id: "<dashboard>") { id name description cardCount myPermission owner { id } filters { label } referencedDatasets { name }
		cards { card { name code params dataset { name path columns { name } } } result { html log url } } } }`,
	"Query.dashboards": `{ dashboards { nodes { id name myPermission cardCount owner { id } } } }`,
	"Query.auditLogs":  `{ auditLogs(first: 5) { nodes { id eventType userId targetId details { name value } } } }`,

	"Mutation.login":              `mutation { login(input: {email: "u@example.com", password: "` + password + `"}) { accessToken tokenType expiresIn user { id } } }`,
	"Mutation.login/locked":       `mutation { login(input: {email: "<locked mail>", password: "` + password + `"}) { accessToken } }`,
	"Mutation.logout":             `mutation { logout { loggedOut } }`,
	"Mutation.revokeSessions":     `mutation { revokeSessions(input: {}) { revoked } }`,
	"Mutation.revokeSessions/one": `mutation { revokeSessions(input: {sessionId: "<session>"}) { revoked } }`,
	"Mutation.revokeSessions/all": `mutation { revokeSessions(input: {userId: "<guest>"}) { revoked } }`,
	"Mutation.createUser":         `mutation { createUser(input: {email: "new@example.com", password: "` + password + `", role: ADMIN}) { user { id } } }`,
	"Mutation.setUserRole":        `mutation { setUserRole(input: {userId: "<guest>", role: ADMIN}) { user { id role } } }`,
	"Mutation.deactivateUser":     `mutation { deactivateUser(input: {userId: "<guest>"}) { user { id deactivatedAt } } }`,
	"Mutation.changePassword":     `mutation { changePassword(input: {currentPassword: "Another-Horse-9", newPassword: "Another-Horse-10"}) { user { id } } }`,
	"Mutation.resetPassword":      `mutation { resetPassword(input: {userId: "<guest>", newPassword: "Another-Horse-9"}) { user { id } } }`,

	"Mutation.updateProfile":     `mutation { updateProfile(input: {name: "花子", locale: EN}) { user { id name locale } } }`,
	"Mutation.setUserAttributes": `mutation { setUserAttributes(input: {userId: "<guest>", attributes: [{name: "department", values: ["営業"]}]}) { user { id attributes { name values } } } }`,
	"Mutation.setPiiAccess":      `mutation { setPiiAccess(input: {userId: "<guest>", piiAccess: true}) { user { id piiAccess } } }`,

	"Mutation.importCsv":            `mutation($file: Upload!) { importCsv(input: {name: "地域", file: $file}) { job { id status } } }`,
	"Mutation.importCsv/append":     `mutation($file: Upload!) { importCsv(input: {appendTo: "<dataset>", file: $file}) { job { id status } } }`,
	"Mutation.updateDataset":        `mutation { updateDataset(input: {id: "<dataset>", version: 2, name: "改名"}) { dataset { id name } } }`,
	"Mutation.deleteDataset":        `mutation { deleteDataset(input: {id: "<dataset>"}) { deletedId } }`,
	"Mutation.deleteDataset/unused": `mutation { deleteDataset(input: {id: "<unused>"}) { deletedId } }`,

	"Mutation.createCard":        `mutation { createCard(input: {name: "x", datasetId: "<dataset>", code: "x"}) { card { id dataset { id } } } }`,
	"Mutation.createCard/text":   `mutation { createCard(input: {kind: TEXT, name: "x", code: "<p>x"}) { card { id code } } }`,
	"Mutation.updateCard":        `mutation { updateCard(input: {id: "<card>", version: 2, code: "x"}) { card { id version } } }`,
	"Mutation.deleteCard":        `mutation { deleteCard(input: {id: "<card>"}) { deletedId } }`,
	"Mutation.deleteCard/spare":  `mutation { deleteCard(input: {id: "<spare>"}) { deletedId } }`,
	"Mutation.previewCard":       `mutation { previewCard(input: {datasetId: "<dataset>", code: "x"}) { result { html log url } } }`,
	"Mutation.executeCard":       `mutation { executeCard(input: {cardId: "<card>", dashboardId: "<dashboard>"}) { result { html log url } } }`,
	"Mutation.executeCard/alone": `mutation { executeCard(input: {cardId: "<card>"}) { result { html log } } }`,
	"Mutation.executeCard/spare": `mutation { executeCard(input: {cardId: "<spare>", dashboardId: "<dashboard>"}) { result { html log } } }`,

	"Mutation.createDashboard":      `mutation { createDashboard(input: {name: "x"}) { dashboard { id myPermission } } }`,
	"Mutation.updateDashboard":      `mutation { updateDashboard(input: {id: "<dashboard>", version: 3, name: "x"}) { dashboard { id name version } } }`,
	"Mutation.updateDashboard/card": `mutation { updateDashboard(input: {id: "<dashboard>", version: 3, layout: {cards: [{cardId: "<spare>", x: 0, y: 0, w: 1, h: 1}]}}) { dashboard { id } } }`,
	"Mutation.deleteDashboard":      `mutation { deleteDashboard(input: {id: "<dashboard>"}) { deletedId } }`,

	"Mutation.createShare": `mutation { createShare(input: {dashboardId: "<dashboard>", target: {type: USER, id: "<guest>"}, permission: EDITOR}) { share { id permission } } }`,
	"Mutation.updateShare": `mutation { updateShare(input: {id: "<share>", permission: OWNER}) { share { id permission target { __typename } } } }`,
	"Mutation.deleteShare": `mutation { deleteShare(input: {id: "<share>"}) { deletedId } }`,

	"Mutation.requestAccess":       `mutation { requestAccess(input: {dashboardId: "<dashboard>", permission: EDITOR, message: "x"}) { requested } }`,
	"Mutation.answerAccessRequest": `mutation { answerAccessRequest(input: {id: "<request>", grant: true}) { request { id status dashboard { name } answeredBy { id } } } }`,

	"Mutation.markNotificationsRead":     `mutation { markNotificationsRead(input: {ids: ["<notice>"]}) { marked } }`,
	"Mutation.markNotificationsRead/all": `mutation { markNotificationsRead(input: {}) { marked } }`,

	"Mutation.createGroup":       `mutation { createGroup(input: {name: "新しい"}) { group { id } } }`,
	"Mutation.addGroupMember":    `mutation { addGroupMember(input: {groupId: "<group>", userId: "<guest>"}) { group { id } } }`,
	"Mutation.removeGroupMember": `mutation { removeGroupMember(input: {groupId: "<group>", userId: "<member>"}) { group { id } } }`,
}

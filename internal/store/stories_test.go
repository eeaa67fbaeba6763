package store_test

import (
	"crypto/rand"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/store"
	"github.com/karuta-bi/karuta/internal/table"
	"github.com/karuta-bi/karuta/internal/table/dynamo"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/internal/table/tabletest"
	"github.com/karuta-bi/karuta/internal/testkit"
)

// stories are the store's tests. Each is told on both engines, which proves that
// the tables work on DynamoDB as they do in the file.
var stories = []struct {
	name string
	tell func(*testing.T, *world)
}{
	{"user address is unique", userAddressIsUnique},
	{"eight writers, one address", eightWritersOneAddress},
	{"users are read and edited", usersAreReadAndEdited},
	{"users are searched by address", usersAreSearchedByAddress},
	{"the last administrator stays", theLastAdministratorStays},
	{"people's history tells their rights", peoplesHistoryTellsTheirRights},
	{"a person's facts are kept with their history", aPersonsFactsAreKeptWithTheirHistory},
	{"a subject is one person", aSubjectIsOnePerson},
	{"a person is one subject", aPersonIsOneSubject},
	{"a person is parted from all issuers at once", aPersonIsPartedFromAllIssuersAtOnce},
	{"first ones at once", firstOnesAtOnce},
	{"a person who changes is looked at again", aPersonWhoChangesIsLookedAtAgain},
	{"groups' history tells members", groupsHistoryTellsMembers},
	{"things' history tells owners and places", thingsHistoryTellsOwnersAndPlaces},
	{"what was ever open is found when it is gone", whatWasEverOpenIsFoundWhenItIsGone},
	{"sessions open, end and expire", sessionsOpenEndAndExpire},
	{"sessions end with their era", sessionsEndWithTheirEra},
	{"brakes are changed together", brakesAreChangedTogether},
	{"brakes race", brakesRace},
	{"limits are set and their use adds up", limitsAreSetAndTheirUseAddsUp},
	{"API keys open and end", apiKeysOpenAndEnd},
	{"API key lists run newest first", apiKeyListsRunNewestFirst},
	{"API key use races with its end", apiKeyUseRacesWithItsEnd},
	{"group names are unique", groupNamesAreUnique},
	{"a group is renamed with its guard", aGroupIsRenamedWithItsGuard},
	{"a claim belongs to one group", aClaimBelongsToOneGroup},
	{"a deleted group opens nothing", aDeletedGroupOpensNothing},
	{"groups race", groupsRace},
	{"nothing comes to a group that goes", nothingComesToAGroupThatGoes},
	{"membership changes both sides", membershipChangesBothSides},
	{"memberships race", membershipsRace},
	{"members run by page", membersRunByPage},
	{"group pages are complete and refuse forged cursors", groupPagesAreCompleteAndRefuseForgedCursors},
	{"datasets keep all they are given", datasetsKeepAllTheyAreGiven},
	{"publish is all or nothing", publishIsAllOrNothing},
	{"publications race", publicationsRace},
	{"dataset lists run by owner and by name", datasetListsRunByOwnerAndByName},
	{"a deleted dataset is nowhere until it comes back", aDeletedDatasetIsNowhereUntilItComesBack},
	{"deleted datasets run newest first", deletedDatasetsRunNewestFirst},
	{"what is purged leaves its history alone", whatIsPurgedLeavesItsHistoryAlone},
	{"policies and classes have a history", policiesAndClassesHaveAHistory},
	{"cards keep all they are given", cardsKeepAllTheyAreGiven},
	{"card runs are kept newest first", cardRunsAreKeptNewestFirst},
	{"card lists run by owner and by dataset", cardListsRunByOwnerAndByDataset},
	{"cards need their dataset and their version", cardsNeedTheirDatasetAndTheirVersion},
	{"dashboard keeps all it is given", dashboardKeepsAllItIsGiven},
	{"dashboard edit conflicts carry both versions", dashboardEditConflictsCarryBothVersions},
	{"placed cards are found and forgotten", placedCardsAreFoundAndForgotten},
	{"a full page is changed for another", aFullPageIsChangedForAnother},
	{"a dashboard too large is told so", aDashboardTooLargeIsToldSo},
	{"dashboard lists run newest first", dashboardListsRunNewestFirst},
	{"nothing that leans is left behind", nothingThatLeansIsLeftBehind},
	{"an index that lags lets nothing go", anIndexThatLagsLetsNothingGo},
	{"what was made before the guards gets them", whatWasMadeBeforeTheGuardsGetsThem},
	{"a race that never ends is a conflict", aRaceThatNeverEndsIsAConflict},
	{"a guard names the latest alone", aGuardNamesTheLatestAlone},
	{"leaning races", leaningRaces},
	{"a copy keeps its grants and holds no card", aCopyKeepsItsGrantsAndHoldsNoCard},
	{"deleting a dashboard takes its shares along", deletingADashboardTakesItsSharesAlong},
	{"share is unique, expires and ends", shareIsUniqueExpiresAndEnds},
	{"access history tells every change", accessHistoryTellsEveryChange},
	{"shares to somebody run newest first", sharesToSomebodyRunNewestFirst},
	{"access is one call", accessIsOneCall},
	{"filter views keep all they are given", filterViewsKeepAllTheyAreGiven},
	{"filter view lists hold own and shared", filterViewListsHoldOwnAndShared},
	{"filter views are found by owner and change hands", filterViewsAreFoundByOwnerAndChangeHands},
	{"defaults are one for each", defaultsAreOneForEach},
	{"defaults race", defaultsRace},
	{"deleting a dashboard takes its filter views along", deletingADashboardTakesItsFilterViewsAlong},
	{"audit events are found every way", auditEventsAreFoundEveryWay},
	{"days with audit events are marked", daysWithAuditEventsAreMarked},
	{"audit pages are complete", auditPagesAreComplete},
	{"notices run newest first", noticesRunNewestFirst},
	{"notices are marked together or not at all", noticesAreMarkedTogether},
	{"a request is asked and answered once", aRequestIsAskedAndAnsweredOnce},
	{"owners change as a whole", ownersChangeAsAWhole},
	{"answers and owners race", answersAndOwnersRace},
	{"jobs are open until they end", jobsAreOpenUntilTheyEnd},
	{"jobs are listed by owner", jobsAreListedByOwner},
	{"transforms keep all they are given", transformsKeepAllTheyAreGiven},
	{"transform lists run newest first", transformListsRunNewestFirst},
	{"transforms are edited and deleted at their version", transformsAreEditedAndDeletedAtTheirVersion},
	{"what transforms read and write stays", whatTransformsReadAndWriteStays},
	{"inputs race", inputsRace},
	{"a schedule makes a transform due", aScheduleMakesATransformDue},
	{"runs keep all they are given", runsKeepAllTheyAreGiven},
	{"a transform has one run at a time", aTransformHasOneRunAtATime},
	{"what is asked for under a key is made once", keysStandForWhatTheyMade},
	{"one looks after the schedules at a time", oneLooksAfterTheSchedulesAtATime},
	{"a due time that has come stays", aDueTimeThatHasComeStays},
	{"a due time is decided once", aDueTimeIsDecidedOnce},
	{"a run ends with what it wrote or not at all", aRunEndsWithWhatItWroteOrNotAtAll},
	{"runs run newest first", runsRunNewestFirst},
	{"operations change together", operationsChangeTogether},
	{"operations race", operationsRace},
	{"the largest registry fits", theLargestRegistryFits},
	{"uses add up", usesAddUp},
}

func TestStoriesOnTheFile(t *testing.T) {
	written := &attributes{seen: map[string]map[string]bool{}}
	tellAll(t, func(t *testing.T) table.Engine {
		e, err := embedded.Open(filepath.Join(t.TempDir(), "karuta.db"))
		if err != nil {
			t.Fatal(err)
		}
		return written.by(e)
	})
	written.wantTold(t)
}

func TestStoriesOnDynamoDB(t *testing.T) {
	endpoint, made := testkit.Dynoxide(t), &tabletest.Operations{}
	tellAll(t, func(t *testing.T) table.Engine {
		e, err := dynamo.Open(t.Context(), dynamo.Options{
			Endpoint: endpoint, Region: "ap-northeast-1", AccessKey: "test", SecretKey: "test",
			Prefix: "t" + rand.Text()[:8] + "_", Transport: made,
		})
		if err != nil {
			t.Fatal(err)
		}
		return e
	})
	made.WantNoScan(t)
}

func tellAll(t *testing.T, open func(*testing.T) table.Engine) {
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			e := open(t)
			t.Cleanup(func() { _ = e.Close() })
			if err := e.Init(t.Context()); err != nil {
				t.Fatal(err)
			}
			calls := &table.Recorder{}
			s.tell(t, &world{Store: store.New(table.Counted(e, calls.Add)), calls: calls})
		})
	}
}

// world is a store over an empty engine of its own, with the calls that it made.
type world struct {
	*store.Store
	calls *table.Recorder
}

// wantCalls fails unless these calls were made since the last look, "Get users"
// or "Query cards/CardsByOwner".
func (w *world) wantCalls(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, c := range w.calls.Take() {
		name := c.Op + " " + c.Table
		if c.Index != "" {
			name += "/" + c.Index
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("calls are %q, want %q", got, want)
	}
}

func (w *world) user(t *testing.T, email string) *core.User {
	t.Helper()
	u := &core.User{ID: core.NewID(core.NounUser), Email: email, Role: core.RoleUser, CreatedAt: store.Now()}
	must(t, w.Users.Create(t.Context(), u))
	return u
}

func (w *world) group(t *testing.T, name string) *core.Group {
	t.Helper()
	g := &core.Group{ID: core.NewID(core.NounGroup), Name: name, CreatedAt: store.Now()}
	must(t, w.Groups.Create(t.Context(), g, name))
	return g
}

func (w *world) card(t *testing.T, ownerID, datasetID string) *core.Card {
	t.Helper()
	c := &core.Card{ID: core.NewID(core.NounCard), Kind: core.CardCode, Name: "c", OwnerID: ownerID, DatasetID: datasetID, CreatedAt: store.Now()}
	must(t, w.Cards.Create(t.Context(), c))
	return c
}

func (w *world) dashboard(t *testing.T, ownerID string) *core.Dashboard {
	t.Helper()
	d := &core.Dashboard{ID: core.NewID(core.NounDashboard), Name: "d", OwnerID: ownerID, CreatedAt: store.Now()}
	must(t, w.Dashboards.Create(t.Context(), d))
	return d
}

func (w *world) job(t *testing.T, ownerID string) *core.ImportJob {
	t.Helper()
	j := &core.ImportJob{ID: core.NewID(core.NounJob), Status: core.StatusRunning, Name: "d", OwnerID: ownerID, CreatedAt: store.Now()}
	must(t, w.Jobs.Create(t.Context(), j))
	return j
}

// transform makes a transform that reads the datasets.
func (w *world) transform(t *testing.T, ownerID string, datasetIDs ...string) *core.Transform {
	t.Helper()
	x := &core.Transform{ID: core.NewID(core.NounTransform), Name: "t", Code: "c", OwnerID: ownerID,
		OutputID: core.NewID(core.NounDataset), OutputName: "o", CreatedAt: store.Now()}
	for _, id := range datasetIDs {
		x.Inputs = append(x.Inputs, core.TransformInput{DatasetID: id})
	}
	must(t, w.Transforms.Create(t.Context(), x, time.Time{}))
	return x
}

// run makes a run of a transform that is not yet started.
func run(transformID string) *core.Execution {
	return &core.Execution{ID: core.NewExecutionID(transformID), TransformID: transformID, Status: core.StatusQueued,
		Trigger: core.TriggerManual, Attempt: 1, CreatedAt: store.Now()}
}

// dataset publishes the first version of a dataset.
func (w *world) dataset(t *testing.T, ownerID, name string) *core.Dataset {
	t.Helper()
	d := &core.Dataset{ID: core.NewID(core.NounDataset), Name: name, OwnerID: ownerID, DataVersion: 1, CreatedAt: store.Now(),
		Columns: []core.Column{{Name: "a", Type: core.TypeInt64}}}
	v := &core.DatasetVersion{DatasetID: d.ID, Number: 1, Columns: d.Columns, CreatedAt: store.Now()}
	must(t, w.Datasets.Publish(t.Context(), d, v, w.job(t, ownerID)))
	return d
}

// tick waits for the next millisecond: changes of one have no order in time.
func tick() {
	for now := store.Now(); !store.Now().After(now); {
		runtime.Gosched()
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, want core.Code) {
	t.Helper()
	if got := core.CodeOf(err); got != want {
		t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

// newestFirst are the ids in the order of lists that run by id descending.
func newestFirst(ids ...string) []string {
	sorted := slices.Sorted(slices.Values(ids))
	slices.Reverse(sorted)
	return sorted
}

// walk reads a list in pages of two to its end.
func walk[T any](t *testing.T, page func(core.PageArgs) (core.Page[T], error), id func(T) string) (ids []string) {
	t.Helper()
	args := core.PageArgs{First: 2}
	for {
		p, err := page(args)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range p.Nodes {
			ids = append(ids, id(n))
		}
		if !p.HasNext {
			return ids
		}
		if len(p.Nodes) != args.First {
			t.Fatalf("a page of %d goes on after %d", args.First, len(p.Nodes))
		}
		args.After = p.EndCursor()
	}
}

func wantIDs(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

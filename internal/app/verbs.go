package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"github.com/karuta-bi/karuta/internal/config"
	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/table/embedded"
	"github.com/karuta-bi/karuta/server/control"
)

// The operator's verbs, for [Operate]. Beside each: arguments → result.
const (
	VerbUserCreate        = "user/create"           // UserArgs → UserRow
	VerbUserList          = "user/list"             // nothing → []UserRow
	VerbUserSetRole       = "user/set-role"         // UserArgs (Email, Role) → UserRow
	VerbUserResetPassword = "user/reset-password"   // UserArgs (Email, Password) → UserRow
	VerbUserSetAttributes = "user/set-attributes"   // UserFacts (Email, Attributes) → UserRow
	VerbUserSetPII        = "user/set-pii"          // UserFacts (Email, PIIAccess) → UserRow
	VerbUserDeactivate    = "user/deactivate"       // DepartureArgs → DepartureRow
	VerbUserUnlink        = "user/unlink"           // UnlinkArgs → UnlinkedRow
	VerbAPIKeyCreate      = "apikey/create"         // KeyArgs → IssuedKeyRow
	VerbAPIKeyList        = "apikey/list"           // KeyArgs (Email, or nothing) → []KeyRow
	VerbAPIKeyRevoke      = "apikey/revoke"         // KeyArgs (ID) → KeyRow
	VerbAddressList       = "address/list"          // nothing → []AddressRow
	VerbAddressBlock      = "address/block"         // AddressArgs → AddressRow
	VerbAddressUnblock    = "address/unblock"       // AddressArgs (CIDR) → AddressRow (Network)
	VerbAnnouncements     = "announcement/list"     // nothing → []AnnouncementRow
	VerbAnnounce          = "announcement/make"     // AnnouncementArgs → AnnouncementRow
	VerbWithdraw          = "announcement/withdraw" // AnnouncementArgs (ID) → AnnouncementRow (ID)
	VerbTablesList        = "tables/list"           // nothing → []TableRow
	VerbTablesInit        = "tables/init"           // nothing → []TableRow
	VerbTokenInspect      = "token/inspect"         // the token as text → TokenReport
	VerbImport            = "import"                // ImportArgs, then the file → ImportRow; tells ImportTold
	VerbImportCancel      = "import/cancel"         // JobArgs → ImportRow where it was done before
	VerbDoctor            = "doctor"                // nothing → []Check
	VerbDatasetDoctor     = "dataset/doctor"        // DatasetArgs → DoctorRow
	VerbSeed              = "seed"                  // nothing → SeedRow
	VerbPublish           = "pq/publish"            // OperationArgs (what is said of them), then the manifest → []OperationRow
	VerbOperations        = "pq/list"               // OperationArgs (Retired) → []OperationRow
	VerbRetire            = "pq/retire"             // OperationArgs (ID) → OperationRow
)

func (a *App) verbs() map[string]control.Verb {
	return map[string]control.Verb{
		VerbUserCreate:        verb(a.createUser),
		VerbUserList:          verb(a.listUsers),
		VerbUserSetRole:       verb(a.setRole),
		VerbUserResetPassword: verb(a.resetPassword),
		VerbUserSetAttributes: verb(a.setAttributes),
		VerbUserSetPII:        verb(a.setPII),
		VerbUserDeactivate:    verb(a.deactivateUser),
		VerbUserUnlink:        verb(a.unlinkUser),
		VerbAPIKeyCreate:      verb(a.createKey),
		VerbAPIKeyList:        verb(a.listKeys),
		VerbAPIKeyRevoke:      verb(a.revokeKey),
		VerbAddressList:       verb(a.listAddresses),
		VerbAddressBlock:      verb(a.blockAddress),
		VerbAddressUnblock:    verb(a.unblockAddress),
		VerbAnnouncements:     verb(a.listAnnouncements),
		VerbAnnounce:          verb(a.makeAnnouncement),
		VerbWithdraw:          verb(a.withdrawAnnouncement),
		VerbTablesList:        verb(a.listTables),
		VerbTablesInit:        verb(a.initTables),
		VerbTokenInspect:      verb(a.inspectToken),
		VerbImport:            a.importFile,
		VerbImportCancel:      verb(a.cancelImport),
		VerbDatasetDoctor:     verb(a.doctorDataset),
		VerbDoctor:            verb(a.doctor),
		VerbSeed:              verb(a.seed),
		VerbPublish:           a.publishOperations,
		VerbOperations:        verb(a.listOperations),
		VerbRetire:            verb(a.retireOperation),
	}
}

// runsCode names the verbs that need an executor.
var runsCode = map[string]bool{VerbImport: true, VerbSeed: true}

// ErrBusy tells that another process has the data open and does not answer yet.
var ErrBusy = errors.New("another Karuta is just starting or stopping on this data folder; try again in a moment")

// Operate does a verb: in the Karuta that runs on the data folder, else
// directly on the data. args and out are the verb's, file is what VerbImport
// and VerbPublish read and nil for the others. What the verb tells meanwhile goes to who hears it
// in the context; see [HearImport].
func Operate(ctx context.Context, c config.Config, log *slog.Logger, verb string, args any, file io.Reader, out any) error {
	err := control.Call(ctx, c.DataDir, verb, args, file, out)
	if !errors.Is(err, control.ErrNotRunning) {
		return err
	}
	a, err := Open(ctx, c, log)
	if errors.Is(err, embedded.ErrInUse) {
		return ErrBusy
	}
	if err != nil {
		return err
	}
	return errors.Join(a.operate(ctx, verb, args, file, out), a.Close())
}

// operate does the verb here, with arguments and result in the form in which
// they would have crossed the socket.
func (a *App) operate(ctx context.Context, verb string, args any, file io.Reader, out any) error {
	if runsCode[verb] {
		if err := a.StartExecutor(""); err != nil {
			return err
		}
	}
	line, err := json.Marshal(args)
	if err != nil {
		return err
	}
	if file == nil {
		file = bytes.NewReader(nil)
	}
	result, err := a.verbs()[verb](core.AsSystem(ctx, "operator"), line, file)
	if err != nil {
		return err
	}
	answer, err := json.Marshal(result)
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// verb decodes the arguments of a verb that takes no file.
func verb[In, Out any](do func(context.Context, In) (Out, error)) control.Verb {
	return func(ctx context.Context, args json.RawMessage, _ io.Reader) (any, error) {
		var in In
		if err := json.Unmarshal(args, &in); err != nil {
			return nil, fmt.Errorf("arguments: %w", err)
		}
		return do(ctx, in)
	}
}

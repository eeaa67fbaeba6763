package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/karuta-bi/karuta/internal/app"
)

type userCmd struct {
	Create        userCreateCmd        `cmd:"" help:"Create an account."`
	List          userListCmd          `cmd:"" help:"List all accounts."`
	SetRole       userSetRoleCmd       `cmd:"" help:"Make somebody an administrator or an ordinary user."`
	ResetPassword userResetPasswordCmd `cmd:"" help:"Give somebody a new password and end their sessions."`
	Deactivate    userDeactivateCmd    `cmd:"" help:"Lock an account, and hand over what its person owns."`
	Unlink        userUnlinkCmd        `cmd:"" help:"Part somebody from the issuer that they sign in with, and end their sessions."`
	SetAttributes userSetAttributesCmd `cmd:"" help:"Give somebody the attributes that policies ask for."`
	SetPii        userSetPIICmd        `cmd:"" help:"Let somebody see personal and confidential columns, or no longer."`
}

type userCreateCmd struct {
	Email         string `required:"" help:"Address, which is also the name to sign in with." placeholder:"E"`
	Name          string `help:"Name that others see." placeholder:"NAME"`
	Role          string `required:"" enum:"admin,user" help:"admin or user." placeholder:"ROLE"`
	PasswordStdin bool   `required:"" help:"Read the password from the first line of standard input."`
}

// Help shows an example.
func (userCreateCmd) Help() string {
	return `Example: karuta user create --email hanako@example.com --role admin --password-stdin < password.txt`
}

// Run creates the account.
func (u *userCreateCmd) Run(sh *shell, c *cli) error {
	password, err := firstLine(sh.in)
	if err != nil {
		return err
	}
	var row app.UserRow
	args := app.UserArgs{Email: u.Email, Name: u.Name, Role: u.Role, Password: password}
	if err := sh.operate(c, app.VerbUserCreate, args, nil, &row); err != nil {
		return err
	}
	return printUsers(sh.out, row)
}

type userListCmd struct{}

// Help shows an example.
func (userListCmd) Help() string { return `Example: karuta user list --data-dir .karuta` }

// Run lists the accounts.
func (u *userListCmd) Run(sh *shell, c *cli) error {
	var rows []app.UserRow
	if err := sh.operate(c, app.VerbUserList, struct{}{}, nil, &rows); err != nil {
		return err
	}
	w := tabwriter.NewWriter(sh.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, userColumns+"\tLINKED")
	for _, u := range rows {
		linked := "-"
		if u.Link != nil {
			linked = linkText(u.Link)
		}
		fmt.Fprintf(w, "%s\t%s\n", userLine(u), linked)
	}
	return w.Flush()
}

type userSetRoleCmd struct {
	Email string `required:"" help:"Address of the account." placeholder:"E"`
	Role  string `required:"" enum:"admin,user" help:"admin or user." placeholder:"ROLE"`
}

// Help shows an example.
func (userSetRoleCmd) Help() string {
	return `Example: karuta user set-role --email hanako@example.com --role user`
}

// Run changes the role.
func (u *userSetRoleCmd) Run(sh *shell, c *cli) error {
	var row app.UserRow
	if err := sh.operate(c, app.VerbUserSetRole, app.UserArgs{Email: u.Email, Role: u.Role}, nil, &row); err != nil {
		return err
	}
	return printUsers(sh.out, row)
}

type userResetPasswordCmd struct {
	Email         string `required:"" help:"Address of the account." placeholder:"E"`
	PasswordStdin bool   `required:"" help:"Read the new password from the first line of standard input."`
}

// Help shows an example.
func (userResetPasswordCmd) Help() string {
	return `Example: karuta user reset-password --email hanako@example.com --password-stdin < password.txt`
}

// Run changes the password.
func (u *userResetPasswordCmd) Run(sh *shell, c *cli) error {
	password, err := firstLine(sh.in)
	if err != nil {
		return err
	}
	var row app.UserRow
	if err := sh.operate(c, app.VerbUserResetPassword, app.UserArgs{Email: u.Email, Password: password}, nil, &row); err != nil {
		return err
	}
	return printUsers(sh.out, row)
}

// firstLine reads one line, without its end.
func firstLine(in io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(in, 64<<10)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(line, "\r\n"), nil
}

func printUsers(out io.Writer, rows ...app.UserRow) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, userColumns)
	for _, u := range rows {
		fmt.Fprintln(w, userLine(u))
	}
	return w.Flush()
}

const userColumns = "ID\tEMAIL\tNAME\tROLE\tACTIVE\tCREATED"

func userLine(u app.UserRow) string {
	return fmt.Sprintf("%s\t%s\t%s\t%s\t%t\t%s", u.ID, u.Email, u.Name, u.Role, u.Active, u.CreatedAt.Format("2006-01-02"))
}

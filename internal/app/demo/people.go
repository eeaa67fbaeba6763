package demo

import (
	"context"

	"github.com/karuta-bi/karuta/internal/core"
	"github.com/karuta-bi/karuta/internal/identity"
)

const groupName = "全社員 (everybody)"

// makePeople makes the accounts, and the group with the author and the reader in it.
func (b *builder) makePeople(ctx context.Context) error {
	for _, who := range Accounts() {
		if err := b.makePerson(ctx, who); err != nil {
			return err
		}
	}
	if err := b.makeGroup(ctx); err != nil {
		return err
	}
	for _, who := range []Account{editor, viewer} {
		_, err := b.Identity.AddMember(ctx, b.group.ID, b.people[who.Email].ID)
		if err != nil && core.CodeOf(err) != core.CodeDuplicate {
			return err
		}
	}
	return b.reread(ctx)
}

func (b *builder) makePerson(ctx context.Context, who Account) error {
	_, err := b.Identity.CreateUser(ctx, identity.NewUser{Email: who.Email, Name: who.Name, Role: who.Role, Password: who.Password})
	if err != nil && core.CodeOf(err) != core.CodeDuplicate {
		return err
	}
	if err := b.find(ctx, who); err != nil {
		return err
	}
	if len(b.people[who.Email].Attributes) > 0 {
		return nil
	}
	_, err = b.Identity.SetAttributes(ctx, b.people[who.Email].ID, attributes[who])
	return err
}

// attributes are what the company knows of its people.
var attributes = map[Account][]core.Attribute{
	admin:  {{Name: "department", Values: []string{"管理"}}, {Name: "region", Values: []string{"関東"}}},
	editor: {{Name: "department", Values: []string{"企画"}}, {Name: "region", Values: []string{"関東"}}},
	viewer: {{Name: "department", Values: []string{"営業"}}, {Name: "region", Values: []string{"関東", "中部", "近畿"}}},
}

// reread reads the people again, now that they are in the group.
func (b *builder) reread(ctx context.Context) error {
	for _, who := range Accounts() {
		if err := b.find(ctx, who); err != nil {
			return err
		}
	}
	return nil
}

func (b *builder) find(ctx context.Context, who Account) error {
	found, err := b.Identity.Users(ctx, who.Email, everything)
	if err != nil {
		return err
	}
	user, ok := named(found.Nodes, who.Email, func(u *core.User) string { return u.Email })
	if !ok {
		return core.NotFound("email")
	}
	b.people[who.Email] = user
	return nil
}

func (b *builder) makeGroup(ctx context.Context) error {
	groups, err := b.Identity.Groups(ctx, everything)
	if err != nil {
		return err
	}
	group, ok := named(groups.Nodes, groupName, func(g *core.Group) string { return g.Name })
	if !ok {
		group, err = b.Identity.CreateGroup(ctx, groupName)
	}
	b.group = group
	return err
}

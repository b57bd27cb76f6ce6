package main

import (
	"context"
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"stablelink-interop/gateway"
)

// Tokens shares the one live token of a client with other processes, through a file.
type Tokens struct {
	File, Key, Secret string
	Ask               func(context.Context, gateway.IssueAccessTokenParams) (gateway.AccessToken, error)

	one  sync.Mutex
	held gateway.AccessToken
}

// Live gives the token that is held, unless it was refused; else the one in the file; else a new one.
func (t *Tokens) Live(ctx context.Context, refused string) (string, error) {
	t.one.Lock()
	defer t.one.Unlock()
	if token := t.held.AccessToken; token != "" && token != refused {
		return token, nil
	}
	lock := flock.New(t.File + ".lock")
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return "", err
	}
	defer lock.Unlock()
	text, _ := os.ReadFile(t.File) // not there at first
	if json.Unmarshal(text, &t.held) != nil || t.held.AccessToken == refused {
		token, err := t.refreshed(ctx, t.held.RefreshToken)
		if err != nil {
			return "", err
		}
		t.held = token
		text, _ = json.Marshal(token) // of texts and integers
		return token.AccessToken, os.WriteFile(t.File, text, 0o600)
	}
	return t.held.AccessToken, nil
}

// refreshed asks by the refresh token, and by credentials if there is none or it is refused.
func (t *Tokens) refreshed(ctx context.Context, refresh *string) (gateway.AccessToken, error) {
	if refresh != nil {
		token, err := t.Ask(ctx, gateway.IssueAccessTokenParams{GrantType: "refresh_token", RefreshToken: refresh})
		if _, refused := err.(*Refusal); !refused {
			return token, err
		}
	}
	return t.Ask(ctx, gateway.IssueAccessTokenParams{GrantType: "client_credentials", APIKey: &t.Key, APISecret: &t.Secret})
}

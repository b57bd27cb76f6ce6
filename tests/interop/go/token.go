package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"stablelink-interop/gateway"
)

// Tokens shares the only valid token of a client with other processes, through a file.
type Tokens struct {
	File, Key, Secret string
	Request           func(context.Context, gateway.IssueAccessTokenParams) (Token, error)

	mutex  sync.Mutex
	cached Token
}

// Token is an access token with its refresh token. The lifetime is not needed: a token is used until it is rejected.
type Token struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
}

// Current returns the cached token unless it is the rejected one, else the token in the file, else a new token.
func (t *Tokens) Current(ctx context.Context, rejected string) (string, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if token := t.cached.AccessToken; token != "" && token != rejected {
		return token, nil
	}
	lock := flock.New(t.File + ".lock")
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return "", err
	}
	defer lock.Unlock()
	text, _ := os.ReadFile(t.File) // the file does not exist before the first token
	if json.Unmarshal(text, &t.cached) != nil || t.cached.AccessToken == rejected {
		token, err := t.refreshed(ctx, t.cached.RefreshToken)
		if err != nil {
			return "", err
		}
		t.cached = token
		text, _ = json.Marshal(token) // strings always encode
		return token.AccessToken, os.WriteFile(t.File, text, 0o600)
	}
	return t.cached.AccessToken, nil
}

// refreshed requests a token with the refresh token, or with the credentials if there is none or it is rejected.
func (t *Tokens) refreshed(ctx context.Context, refresh string) (Token, error) {
	callError := new(CallError)
	if refresh != "" {
		token, err := t.Request(ctx, gateway.IssueAccessTokenParams{GrantType: "refresh_token", RefreshToken: &refresh})
		if !errors.As(err, &callError) || callError.Outcome != Rejected {
			return token, err
		}
	}
	token, err := t.Request(ctx, gateway.IssueAccessTokenParams{GrantType: "client_credentials", APIKey: &t.Key, APISecret: &t.Secret})
	if errors.As(err, &callError) && callError.Outcome == Rejected {
		err = &CallError{Outcome: NotSent, Problem: "the gateway rejected the credentials: " + callError.Problem}
	}
	return token, err
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

// Sandbox is the control of the gateway on localhost, which is no part of the gateway.
type Sandbox struct{}

// Ask posts to the control, and reads the answer into answer unless that is nil.
func (Sandbox) Ask(ctx context.Context, method, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, os.Getenv("STABLELINK_ENV")+"/_sandbox/"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: HTTP %d", path, resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(answer)
}

// Grants tells how many tokens were given so far, by credentials and by refresh token.
func (s Sandbox) Grants(ctx context.Context) (credentials, refresh int, err error) {
	var status struct {
		Clients []struct {
			Token struct{ GrantedByCredentials, GrantedByRefresh int }
		}
	}
	if err = s.Ask(ctx, http.MethodGet, "status", nil, &status); err != nil {
		return 0, 0, err
	}
	if len(status.Clients) == 0 {
		return 0, 0, fmt.Errorf("the sandbox has no client")
	}
	token := status.Clients[0].Token
	return token.GrantedByCredentials, token.GrantedByRefresh, nil
}

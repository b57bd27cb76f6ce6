package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

// Sandbox is the control interface of the sandbox, which the real gateway does not have.
type Sandbox struct{}

// Call sends a request to the control interface and parses the response body into result.
func (Sandbox) Call(ctx context.Context, method, path string, body, result any) error {
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
	return json.NewDecoder(resp.Body).Decode(result)
}

// Grants returns the number of granted tokens, by credentials and by refresh token.
func (s Sandbox) Grants(ctx context.Context) (credentials, refresh int, err error) {
	var status struct {
		Clients []struct {
			Token struct{ GrantedByCredentials, GrantedByRefresh int }
		}
	}
	if err = s.Call(ctx, http.MethodGet, "status", nil, &status); err != nil {
		return 0, 0, err
	}
	if len(status.Clients) == 0 {
		return 0, 0, fmt.Errorf("the sandbox has no client")
	}
	token := status.Clients[0].Token
	return token.GrantedByCredentials, token.GrantedByRefresh, nil
}

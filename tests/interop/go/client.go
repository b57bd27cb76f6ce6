package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	"stablelink-interop/gateway"
	"stablelink-interop/provisional"
)

// Clients are the generated clients of both documents, which share one token.
type Clients struct {
	*gateway.Client
	Provisional *provisional.Client
	Auth        *Auth
}

// NewClients creates clients for the gateway that the environment names. All requests go through next.
func NewClients(next http.RoundTripper) (*Clients, error) {
	server := os.Getenv("STABLELINK_ENV")
	unsigned, err := gateway.NewClient(server, gateway.WithHTTPClient(httpClient(next)))
	if err != nil {
		return nil, err
	}
	tokens := &Tokens{
		File:   os.Getenv("STABLELINK_TOKEN_FILE"),
		Key:    os.Getenv("STABLELINK_API_KEY"),
		Secret: os.Getenv("STABLELINK_API_SECRET"),
		Request: func(ctx context.Context, grant gateway.IssueAccessTokenParams) (Token, error) {
			return requestToken(ctx, unsigned, grant)
		},
	}
	auth := &Auth{SignKey: os.Getenv("STABLELINK_SIGN_KEY"), Tokens: tokens, Next: next}
	signed := Doer{httpClient(auth)}
	documented, err := gateway.NewClient(server, gateway.WithHTTPClient(signed))
	if err != nil {
		return nil, err
	}
	inferred, err := provisional.NewClient(server, provisional.WithHTTPClient(signed))
	return &Clients{documented, inferred, auth}, err
}

// httpClient follows no redirects, which would send token, signature and body to another host.
func httpClient(transport http.RoundTripper) *http.Client {
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: noRedirect}
}

// requestToken returns a CallError: Rejected if the gateway rejects the grant, NotSent if there is no usable response.
func requestToken(ctx context.Context, client *gateway.Client, grant gateway.IssueAccessTokenParams) (Token, error) {
	notSent := func(problem string) (Token, error) {
		return Token{}, &CallError{Outcome: NotSent, Problem: problem}
	}
	resp, err := client.IssueAccessToken(ctx, &grant)
	if urlError := new(url.Error); errors.As(err, &urlError) {
		err = urlError.Err // without the URL, which contains the secrets
	}
	if err != nil {
		return notSent("the token request failed: " + err.Error())
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return notSent("the token request failed: " + err.Error())
	}
	fields := parseEnvelope(body)
	data := fields
	switch classify(resp.StatusCode, fields) {
	case success:
		data = parseEnvelope(fields["retdata"])
	case Rejected:
		return Token{}, &CallError{Outcome: Rejected, Problem: fmt.Sprintf("HTTP %d, retcode %s", resp.StatusCode, fields.retcode())}
	default: // one page shows a token without the envelope
		if code := string(fields["retcode"]); resp.StatusCode != http.StatusOK || code != "" && code != "null" {
			return notSent(fmt.Sprintf("the token request failed with HTTP %d", resp.StatusCode))
		}
	}
	// Only the token itself must be readable: it is used until it is rejected.
	var token Token
	if json.Unmarshal(data["access_token"], &token.AccessToken) != nil || token.AccessToken == "" {
		return notSent("the response to the token request has no token")
	}
	if json.Unmarshal(data["refresh_token"], &token.RefreshToken) != nil {
		token.RefreshToken = ""
	}
	return token, nil
}

// IntegerOrText is a value that the gateway sends as a number or as a string, in the types of both documents.
type IntegerOrText interface {
	AsInteger() (int64, error)
	AsText() (string, error)
}

// Text returns either form as a string.
func Text(value IntegerOrText) string {
	if text, err := value.AsText(); err == nil {
		return text
	}
	if integer, err := value.AsInteger(); err == nil {
		return fmt.Sprint(integer)
	}
	return ""
}

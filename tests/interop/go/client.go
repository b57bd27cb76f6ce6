package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"stablelink-interop/gateway"
	"stablelink-interop/provisional"
)

// Clients are the generated clients of both documents, which share one token.
type Clients struct {
	*gateway.ClientWithResponses
	Provisional *provisional.ClientWithResponses
	Auth        *Auth
}

// NewClients makes clients for the gateway that the environment names. All requests go through next.
func NewClients(next http.RoundTripper) (*Clients, error) {
	server := os.Getenv("STABLELINK_ENV")
	unsigned, err := gateway.NewClientWithResponses(server, gateway.WithHTTPClient(httpClient(next)))
	if err != nil {
		return nil, err
	}
	tokens := &Tokens{
		File:   os.Getenv("STABLELINK_TOKEN_FILE"),
		Key:    os.Getenv("STABLELINK_API_KEY"),
		Secret: os.Getenv("STABLELINK_API_SECRET"),
		Ask: func(ctx context.Context, grant gateway.IssueAccessTokenParams) (gateway.AccessToken, error) {
			return askToken(ctx, unsigned, grant)
		},
	}
	auth := &Auth{SignKey: os.Getenv("STABLELINK_SIGN_KEY"), Tokens: tokens, Next: next}
	signed := httpClient(auth)
	documented, err := gateway.NewClientWithResponses(server, gateway.WithHTTPClient(signed))
	if err != nil {
		return nil, err
	}
	inferred, err := provisional.NewClientWithResponses(server, provisional.WithHTTPClient(signed))
	return &Clients{documented, inferred, auth}, err
}

// httpClient follows no redirect: it would hand token, signature and body to another host.
func httpClient(transport http.RoundTripper) *http.Client {
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: stay}
}

func askToken(ctx context.Context, client *gateway.ClientWithResponses, grant gateway.IssueAccessTokenParams) (gateway.AccessToken, error) {
	answer, err := client.IssueAccessTokenWithResponse(ctx, &grant)
	if failed := new(url.Error); errors.As(err, &failed) {
		err = failed.Err // without the address, which holds the secrets
	}
	if err != nil {
		return gateway.AccessToken{}, err
	}
	if answer.JSON200 != nil {
		if token, err := answer.JSON200.AsAccessToken(); err == nil && token.AccessToken != "" {
			return token, nil // bare, as the page of the refresh shows it
		}
	}
	if err := Refused(answer); err != nil {
		return gateway.AccessToken{}, err
	}
	envelope, err := answer.JSON200.AsAccessTokenEnvelope()
	if err == nil && (envelope.Retdata == nil || envelope.Retdata.AccessToken == "") {
		err = errors.New("the token call succeeded without a token")
	}
	if err != nil {
		return gateway.AccessToken{}, err
	}
	return *envelope.Retdata, nil
}

// Refusal is an answer whose retcode is not 200, whatever its HTTP status.
type Refusal struct {
	Status           int
	Retcode, Message string
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("HTTP %d, retcode %s: %s", r.Status, r.Retcode, r.Message)
}

// Answer is what every method of the generated clients gives.
type Answer interface {
	StatusCode() int
	ContentType() string
	GetBody() []byte
}

// accepted passes what a call gave, and makes an error of an answer that is one.
func accepted[A Answer](answer A, err error) (A, error) {
	if err == nil {
		err = Refused(answer)
	}
	return answer, err
}

// Refused tells the answers that are errors apart from those that are not.
func Refused(answer Answer) error {
	var envelope gateway.ErrorEnvelope
	if !strings.Contains(answer.ContentType(), "json") { // the generated code reads no other
		return fmt.Errorf("HTTP %d, and not JSON but %q", answer.StatusCode(), answer.ContentType())
	}
	if err := json.Unmarshal(answer.GetBody(), &envelope); err != nil {
		return fmt.Errorf("HTTP %d without an envelope: %w", answer.StatusCode(), err)
	}
	refusal := &Refusal{Status: answer.StatusCode(), Retcode: Text(envelope.Retcode)}
	if refusal.Status == http.StatusOK && refusal.Retcode == "200" {
		return nil
	}
	if envelope.Retmsg != nil {
		refusal.Message = *envelope.Retmsg
	}
	return refusal
}

// IntegerOrText is what the gateway writes as a number at one time and as text at another, in the types of both documents.
type IntegerOrText interface {
	AsInteger() (int64, error)
	AsText() (string, error)
}

// Text gives either form as text.
func Text(value IntegerOrText) string {
	if text, err := value.AsText(); err == nil {
		return text
	}
	if integer, err := value.AsInteger(); err == nil {
		return fmt.Sprint(integer)
	}
	return ""
}

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

// NewClients creates clients for the gateway that the environment names. All requests go through next.
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
		Request: func(ctx context.Context, grant gateway.IssueAccessTokenParams) (gateway.AccessToken, error) {
			return requestToken(ctx, unsigned, grant)
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

// httpClient follows no redirects, which would send token, signature and body to another host.
func httpClient(transport http.RoundTripper) *http.Client {
	noRedirect := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &http.Client{Transport: transport, CheckRedirect: noRedirect}
}

func requestToken(ctx context.Context, client *gateway.ClientWithResponses, grant gateway.IssueAccessTokenParams) (gateway.AccessToken, error) {
	response, err := client.IssueAccessTokenWithResponse(ctx, &grant)
	if urlError := new(url.Error); errors.As(err, &urlError) {
		err = urlError.Err // without the URL, which contains the secrets
	}
	if err != nil {
		return gateway.AccessToken{}, err
	}
	if response.JSON200 != nil {
		if token, err := response.JSON200.AsAccessToken(); err == nil && token.AccessToken != "" {
			return token, nil // without an envelope, as the documentation of the refresh shows it
		}
	}
	if err := asError(response); err != nil {
		return gateway.AccessToken{}, err
	}
	envelope, err := response.JSON200.AsAccessTokenEnvelope()
	if err == nil && (envelope.Retdata == nil || envelope.Retdata.AccessToken == "") {
		err = errors.New("the token request succeeded without a token")
	}
	if err != nil {
		return gateway.AccessToken{}, err
	}
	return *envelope.Retdata, nil
}

// APIError is a response whose retcode is not 200, whatever its HTTP status.
type APIError struct {
	Status           int
	Retcode, Message string
}

func (e *APIError) Error() string {
	return fmt.Sprintf("HTTP %d, retcode %s: %s", e.Status, e.Retcode, e.Message)
}

// Response is the common interface of the responses of the generated clients.
type Response interface {
	StatusCode() int
	ContentType() string
	GetBody() []byte
}

// accepted returns the result of a call, with an error if the gateway rejected the call.
func accepted[A Response](response A, err error) (A, error) {
	if err == nil {
		err = asError(response)
	}
	return response, err
}

// asError returns an APIError unless the response is a success.
func asError(response Response) error {
	var envelope gateway.ErrorEnvelope
	if !strings.Contains(response.ContentType(), "json") { // the generated code reads only JSON
		return fmt.Errorf("HTTP %d with content type %q instead of JSON", response.StatusCode(), response.ContentType())
	}
	if err := json.Unmarshal(response.GetBody(), &envelope); err != nil {
		return fmt.Errorf("HTTP %d without an envelope: %w", response.StatusCode(), err)
	}
	apiError := &APIError{Status: response.StatusCode(), Retcode: Text(envelope.Retcode)}
	if apiError.Status == http.StatusOK && apiError.Retcode == "200" {
		return nil
	}
	if envelope.Retmsg != nil {
		apiError.Message = *envelope.Retmsg
	}
	return apiError
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

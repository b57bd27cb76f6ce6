package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"stablelink-interop/gateway"
	"stablelink-interop/provisional"
)

// responseCase is a response, or several pages, with the outcome that it must have. The README explains the fields.
type responseCase struct {
	Name       string
	Number     string // the order number of the request; A1 if it is empty
	Status     *int   // nil if the gateway closes the connection without a response
	Body       string
	Pages      []string
	Outcome    Outcome
	Outcomes   map[string]Outcome // by operation
	Orders     []string
	Requests   [][2]uint64
	Retcode    string
	Fields     map[string]string
	Unreadable []string
	Path       string
}

// cannedGateway sends the same response to each token request, and these responses, of which the last is repeated, to other
// requests.
type cannedGateway struct {
	token     responseCase
	responses []responseCase
	sent      [][]byte // the bodies of the other requests
}

func (g *cannedGateway) RoundTrip(req *http.Request) (*http.Response, error) {
	response := g.token
	if !strings.HasSuffix(req.URL.Path, "/oauth2/token") {
		var body []byte
		if req.Body != nil {
			body, _ = io.ReadAll(req.Body) // from memory
		}
		g.sent = append(g.sent, body)
		response = g.responses[min(len(g.sent), len(g.responses))-1]
	}
	if response.Status == nil {
		return nil, io.ErrUnexpectedEOF
	}
	body := io.NopCloser(strings.NewReader(response.Body))
	return &http.Response{StatusCode: *response.Status, Header: http.Header{}, Body: body, Request: req}, nil
}

// clients returns clients without a token.
func (g *cannedGateway) clients() (*Clients, error) {
	if err := os.Remove(os.Getenv("STABLELINK_TOKEN_FILE")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	return NewClients(g)
}

// Responses checks every case of the file.
func Responses(ctx context.Context, report *Report, file string) error {
	var table struct {
		Reads, Numbered                  []string
		Calls, Tokens, Lists, Deliveries []responseCase
	}
	text, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(text, &table)
	}
	if err != nil {
		return err
	}
	if !slices.Equal(table.Reads, reads) {
		err = errors.New("the operations that change nothing differ")
	}
	report.Check("responses", "reads", err)
	err = nil
	if !slices.Equal(table.Numbered, numbered) {
		err = errors.New("the operations with a number differ")
	}
	report.Check("responses", "numbered", err)
	for _, c := range table.Calls {
		for operation, outcome := range c.Outcomes {
			c.Outcome = outcome
			report.Check("responses", c.Name+"/"+operation, c.checkCall(ctx, operation))
		}
	}
	for _, c := range table.Tokens {
		report.Check("responses", "tokens/"+c.Name, c.checkToken(ctx))
	}
	for _, c := range table.Lists {
		report.Check("responses", "lists/"+c.Name, c.checkList(ctx))
	}
	for _, c := range table.Deliveries {
		report.Check("responses", "deliveries/"+c.Name, c.checkDelivery())
	}
	return nil
}

func ok(body string) responseCase {
	return responseCase{Status: new(http.StatusOK), Body: body}
}

// makeCall makes a call and checks its record. The second error is the result of the check.
func (c responseCase) makeCall(ctx context.Context, clients *Clients, operation string) (failure, wrong error) {
	number := cmp.Or(c.Number, "A1")
	switch operation {
	case "create":
		order, err := Read[gateway.CreatedCheckoutOrder](clients.CreateCheckoutOrder(ctx, newOrder(number, "1")))
		return err, checkRecord(c, order)
	case "get":
		order, err := Read[gateway.CheckoutOrder](clients.GetCheckoutOrder(ctx, &gateway.GetCheckoutOrderParams{OrderNo: number}))
		return err, checkRecord(c, order)
	case "cancel":
		_, err := Data(clients.CancelCheckoutOrder(ctx, &gateway.CancelCheckoutOrderParams{OrderNo: number}))
		return err, nil
	}
	return nil, errors.New("unknown operation " + operation)
}

func checkRecord[T any](c responseCase, record Record[T]) error {
	text, err := json.Marshal(record.Value)
	if err != nil {
		return err
	}
	fields := parseEnvelope(text)
	for name, expected := range c.Fields {
		if found := canonical(strings.Trim(string(fields[name]), `"`)); found != canonical(expected) {
			return fmt.Errorf("%s is %s, expected %s", name, found, expected)
		}
	}
	// Times are strings in the generated types, so that any string is readable.
	if len(record.Unreadable) != len(c.Unreadable) {
		return fmt.Errorf("%d unreadable fields, expected %v", len(record.Unreadable), c.Unreadable)
	}
	for _, name := range c.Unreadable {
		if err := record.Need(name); err == nil || err.Error() != name+" is unreadable" || fields[name] != nil {
			return fmt.Errorf("%s is not reported as unreadable: %v", name, err)
		}
	}
	return nil
}

// canonical removes the zeros at the end of a fraction.
func canonical(number string) string {
	if strings.Contains(number, ".") {
		return strings.TrimRight(number, "0")
	}
	return number
}

func (c responseCase) checkCall(ctx context.Context, operation string) error {
	canned := &cannedGateway{token: ok(`{"access_token":"token"}`), responses: []responseCase{c}}
	clients, err := canned.clients()
	if err != nil {
		return err
	}
	failure, wrong := c.makeCall(ctx, clients, operation)
	if failure == nil {
		if c.Outcome != success {
			return fmt.Errorf("success, expected %s", c.Outcome)
		}
		return wrong
	}
	callError := new(CallError)
	if !errors.As(failure, &callError) || callError.Outcome != c.Outcome {
		return failure
	}
	mayHaveTakenEffect := c.Outcome == Ambiguous || c.Outcome == Unreadable && operation != "get"
	number := cmp.Or(c.Number, "A1")
	isFound := callError.Number == number && strings.Contains(callError.Error(), "orderNo "+number)
	// Only a rejected token is a reason to send a call again.
	sends := 1
	if c.Status != nil && *c.Status == http.StatusUnauthorized && c.Outcome == Rejected {
		sends = 2
	}
	switch {
	case callError.MayHaveTakenEffect() != mayHaveTakenEffect:
		return fmt.Errorf("MayHaveTakenEffect is %t", !mayHaveTakenEffect)
	case mayHaveTakenEffect && !isFound:
		return fmt.Errorf("the error has no number: %w", failure)
	case c.Retcode != "" && callError.Retcode != c.Retcode:
		return errors.New("the retcode is " + callError.Retcode)
	case !strings.Contains(callError.Error(), c.Path):
		return failure
	case len(canned.sent) != sends:
		return fmt.Errorf("sent %d times", len(canned.sent))
	}
	return nil
}

func (c responseCase) checkToken(ctx context.Context) error {
	canned := &cannedGateway{token: c, responses: []responseCase{ok(`{"retcode":200,"retdata":{"orderNo":"A1"}}`)}}
	clients, err := canned.clients()
	if err != nil {
		return err
	}
	failure, _ := responseCase{}.makeCall(ctx, clients, "create")
	found, callError := success, new(CallError)
	if errors.As(failure, &callError) {
		found = callError.Outcome
	}
	if found != c.Outcome {
		return fmt.Errorf("%s, expected %s: %w", found, c.Outcome, failure)
	}
	if failure != nil && (callError.MayHaveTakenEffect() || len(canned.sent) > 0 || !strings.Contains(failure.Error(), "nothing else was sent")) {
		return failure
	}
	return nil
}

func (c responseCase) checkList(ctx context.Context) error {
	canned := &cannedGateway{token: ok(`{"access_token":"token"}`)}
	for _, page := range c.Pages {
		canned.responses = append(canned.responses, ok(`{"retcode":200,"retdata":`+page+`}`))
	}
	clients, err := canned.clients()
	if err != nil {
		return err
	}
	load := func(number, size uint64) (json.RawMessage, error) {
		fields := provisional.ListCheckoutOrdersRequest{"pageNum": number, "pageSize": size}
		return Data(clients.Provisional.ListCheckoutOrders(ctx, fields))
	}
	orders, found := []string{}, success
	for raw, err := range Records(20, load) {
		if callError := new(CallError); errors.As(err, &callError) {
			found = callError.Outcome
			continue
		}
		order, err := decode[provisional.CheckoutOrder](raw, isRequestedAmount)
		if err = errors.Join(err, order.Need("orderNo")); err != nil {
			return err
		}
		orders = append(orders, *order.Value.OrderNo)
	}
	var requests [][2]uint64
	for _, body := range canned.sent {
		var fields struct{ PageNum, PageSize uint64 }
		if err := json.NewDecoder(bytes.NewReader(body)).Decode(&fields); err != nil {
			return err
		}
		requests = append(requests, [2]uint64{fields.PageNum, fields.PageSize})
	}
	if found != c.Outcome || !slices.Equal(orders, c.Orders) || !slices.Equal(requests, c.Requests) {
		return fmt.Errorf("%s with %v after the requests %v", found, orders, requests)
	}
	return nil
}

func (c responseCase) checkDelivery() error {
	_, payment, err := ReadDelivery[gateway.AbnormalPayment]([]byte(c.Body))
	wrong := checkRecord(c, payment)
	if strings.Contains(c.Body, "CHECKOUT_ORDER_CHANGED") {
		var order Record[provisional.CheckoutOrderChange]
		_, order, err = ReadDelivery[provisional.CheckoutOrderChange]([]byte(c.Body))
		wrong = checkRecord(c, order)
	}
	if err == nil && c.Outcome == success {
		return wrong
	}
	if err == nil || c.Outcome == success || !strings.Contains(err.Error(), c.Path) {
		return fmt.Errorf("expected %s: %w", c.Outcome, err)
	}
	return nil
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"time"

	"stablelink-interop/gateway"
	"stablelink-interop/provisional"
)

// flow is one run against the gateway. Later steps use the results of earlier ones.
type flow struct {
	*Clients
	sandbox Sandbox
	seen    *statuses
	run     string // a prefix that makes the order numbers of this run unique

	customer provisional.User
	order    *gateway.CreatedCheckoutOrder
	orderNo  string
	fileID   *provisional.IntegerOrText
}

// statuses records the HTTP status of each response.
type statuses struct {
	http.RoundTripper
	all []int
}

func (s *statuses) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := s.RoundTripper.RoundTrip(req)
	if err == nil {
		s.all = append(s.all, resp.StatusCode)
	}
	return resp, err
}

// Flow runs all steps against the gateway that the environment names.
func Flow(ctx context.Context, report *Report) error {
	seen := &statuses{RoundTripper: http.DefaultTransport}
	clients, err := NewClients(seen)
	if err != nil {
		return err
	}
	f := &flow{Clients: clients, seen: seen, run: strconv.FormatInt(time.Now().UnixMilli(), 36)}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"token", f.token},
		{"refresh", f.refresh},
		{"exchange-rate", f.exchangeRate},
		{"create-user", f.createUser},
		{"create-order", f.createOrder},
		{"order-info", f.orderInfo},
		{"simulate", f.simulate},
		{"upload", f.upload},
		{"trade", f.trade},
		{"webhook", f.webhook},
		{"error-envelope", f.errorEnvelope},
		{"shared-token", f.sharedToken},
	} {
		report.Check("flow", step.name, step.run(ctx))
	}
	for i, amount := range []string{"1000.233567", "12345678901234567890.12"} {
		report.Check("money", "number "+amount, f.moneyNumber(ctx, i, json.Number(amount)))
		report.Check("money", "string "+amount, f.moneyString(ctx, i, amount))
	}
	return nil
}

func (f *flow) token(ctx context.Context) error {
	token, err := f.Auth.Tokens.Current(ctx, "")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(f.Auth.Tokens.File)
	if err != nil {
		return err
	}
	if !bytes.Contains(text, []byte(token)) {
		return errors.New("the token is not in the file")
	}
	return f.granted(ctx, 1, 0)
}

// granted compares the number of tokens that the sandbox granted with the expected numbers.
func (f *flow) granted(ctx context.Context, credentials, refresh int) error {
	c, r, err := f.sandbox.Grants(ctx)
	if err == nil && (c != credentials || r != refresh) {
		err = fmt.Errorf("granted %d tokens by credentials and %d by refresh token, expected %d and %d", c, r, credentials, refresh)
	}
	return err
}

func (f *flow) refresh(ctx context.Context) error {
	old, err := f.Auth.Tokens.Current(ctx, "")
	if err != nil {
		return err
	}
	if _, err := f.Auth.Tokens.Current(ctx, old); err != nil {
		return err
	}
	if err := f.granted(ctx, 1, 1); err != nil {
		return err
	}
	body := gateway.GetExchangeRateRequest{SellCurrency: new("USDT"), BuyCurrency: new("USD")}
	req, err := gateway.NewGetExchangeRateRequest(os.Getenv("STABLELINK_ENV"), body)
	if err != nil {
		return err
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp, err := f.seen.RoundTrip(f.Auth.signed(req.WithContext(ctx), old, text))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusUnauthorized {
		return fmt.Errorf("the response to the old token is HTTP %d, expected 401", resp.StatusCode)
	}
	return nil
}

func (f *flow) exchangeRate(ctx context.Context) error {
	rate, err := Read[gateway.ExchangeRate](f.GetExchangeRate(ctx, gateway.GetExchangeRateRequest{
		SellCurrency: new("USDT"), BuyCurrency: new("USD"), Amount: new(json.Number("358.79")),
	}))
	if err != nil {
		return err
	}
	if rate.Value.ChannelRate == nil && rate.Value.Rate == nil {
		return errors.New("neither channelRate nor rate")
	}
	return nil
}

func (f *flow) createUser(ctx context.Context) error {
	corporate := &gateway.IntegerOrText{}
	if err := corporate.FromInteger(4); err != nil {
		return err
	}
	customer, err := Read[provisional.User](f.CreateUser(ctx, gateway.CreateUserRequest{
		Email: new(f.run + "@example.com"), FullName: new("Example Limited"), Country: new("VGB"), ClientType: corporate,
	}))
	if err != nil {
		return err
	}
	f.customer = customer.Value
	return customer.Need("id")
}

func (f *flow) createOrder(ctx context.Context) error {
	f.orderNo = f.run + "A"
	order, err := Read[gateway.CreatedCheckoutOrder](f.CreateCheckoutOrder(ctx, newOrder(f.orderNo, "0.5")))
	if err == nil {
		err = order.Need("payingAmount", "depositAddress")
	}
	if err != nil {
		return err
	}
	f.order = &order.Value
	if *f.order.DepositAddress == "-1" {
		return errors.New("the token is not enabled: the order cannot be paid")
	}
	return nil
}

func newOrder(number string, amount json.Number) gateway.CreateCheckoutOrderRequest {
	return gateway.CreateCheckoutOrderRequest{
		OrderNo: number, OrderAmount: amount, CustomerID: "6", MerchantID: "1", Token: "ETH_USDT", ExpiredIn: new(int64(1800)),
	}
}

func (f *flow) orderInfo(ctx context.Context) error {
	order, err := Read[gateway.CheckoutOrder](f.GetCheckoutOrder(ctx, &gateway.GetCheckoutOrderParams{OrderNo: f.orderNo}))
	if err == nil {
		err = order.Need("orderStatus")
	}
	if err == nil && *order.Value.OrderStatus != "PAYING" {
		err = errors.New("the order is not PAYING")
	}
	return err
}

func (f *flow) simulate(ctx context.Context) error {
	onRamp := &gateway.IntegerOrText{}
	if err := onRamp.FromText("OnRamp"); err != nil {
		return err
	}
	_, err := Data(f.SimulateEvent(ctx, gateway.SimulateEventRequest{
		Event:             new("PAYMENT_REQUEST_CHANGED"),
		PaymentRequestDTO: &gateway.Trade{RequestID: new(f.run), Amount: new(json.Number("12.50")), RequestType: onRamp},
	}))
	return err
}

func (f *flow) upload(ctx context.Context) error {
	body := &bytes.Buffer{}
	form := multipart.NewWriter(body)
	file, err := form.CreateFormFile("file", "receipt.txt")
	if err != nil {
		return err
	}
	if _, err := file.Write([]byte("paid in full\n")); err != nil {
		return err
	}
	if err := errors.Join(form.WriteField("scene", "1"), form.Close()); err != nil {
		return err
	}
	uploaded, err := Read[provisional.UploadedFile](f.Provisional.UploadFileWithBody(ctx, form.FormDataContentType(), body))
	if err != nil {
		return err
	}
	f.fileID = uploaded.Value.FileID
	return uploaded.Need("fileId")
}

func (f *flow) trade(ctx context.Context) error {
	if f.customer.ID == nil {
		return errors.New("no user was created")
	}
	_, err := Data(f.Provisional.CreateFeeConfig(ctx, provisional.CreateFeeConfigRequest{
		ClientID: f.customer.ID, DeveloperFixAmount: new(json.Number("0.50")), DeveloperRate: new(json.Number("0.01")),
	}))
	if err != nil {
		return err
	}
	onRamp := &provisional.IntegerOrText{}
	if err := onRamp.FromInteger(1); err != nil {
		return err
	}
	trade, err := Read[provisional.Trade](f.Provisional.CreateTrade(ctx, provisional.CreateTradeRequest{
		RequestID: f.run, ClientID: f.customer.ID, RequestType: onRamp, FromCurrency: new("USD"), ToCurrency: new("USDC"),
		Amount: new(json.Number("120.00")), FileID: f.fileID, ReferenceNo: new("R1"),
	}))
	if err == nil {
		err = trade.Need("txNo", "requestId")
	}
	if err == nil && *trade.Value.RequestID != f.run {
		err = errors.New("requestId differs")
	}
	return err
}

func (f *flow) webhook(ctx context.Context) error {
	deliveries := make(chan Delivery, 8)
	receiver := NewReceiver(f.Auth.SignKey, deliveries)
	defer receiver.Close()
	if err := f.sandbox.Call(ctx, http.MethodPost, "webhook", map[string]any{"url": receiver.URL}, &struct{}{}); err != nil {
		return err
	}
	if f.order == nil {
		return errors.New("no order was created")
	}
	payment := map[string]any{"orderNo": f.orderNo, "amount": f.order.PayingAmount}
	if err := f.sandbox.Call(ctx, http.MethodPost, "pay", payment, &struct{}{}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	var delivery Delivery
	select {
	case delivery = <-deliveries:
	case <-ctx.Done():
		return errors.New("no delivery within 15 s")
	}
	if delivery.Rejection != nil {
		return delivery.Rejection
	}
	eventType, order, err := ReadDelivery[provisional.CheckoutOrderChange](delivery.Body)
	if err == nil {
		err = order.Need("orderNo", "orderStatus")
	}
	if err != nil {
		return err
	}
	if eventType != "CHECKOUT_ORDER_CHANGED" || *order.Value.OrderNo != f.orderNo || *order.Value.OrderStatus != "PAID" {
		return fmt.Errorf("unexpected event: %s", eventType)
	}
	changed := slices.Clone(delivery.Body)
	changed[len(changed)/2] ^= 1
	if VerifyDelivery(f.Auth.SignKey, delivery.Timestamp, delivery.Signature, changed, time.Now()) == nil {
		return errors.New("a changed byte is accepted")
	}
	if VerifyDelivery(f.Auth.SignKey, delivery.Timestamp, delivery.Signature, delivery.Body, time.Now().Add(Tolerance+time.Second)) == nil {
		return errors.New("an old timestamp is accepted")
	}
	return nil
}

func (f *flow) errorEnvelope(ctx context.Context) error {
	_, err := Data(f.CreateCheckoutOrder(ctx, newOrder("with space", "0.5")))
	rejection := new(CallError)
	if !errors.As(err, &rejection) || rejection.Outcome != Rejected {
		return fmt.Errorf("an order number with a space was not rejected: %v", err)
	}
	if rejection.Status != http.StatusOK || rejection.Retcode != "00008" || !strings.Contains(rejection.Problem, "orderNo") {
		return rejection
	}
	return nil
}

// sharedToken lets another process invalidate the token of this process.
func (f *flow) sharedToken(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	refresh := exec.CommandContext(ctx, self, "refresh")
	refresh.Stderr = os.Stderr
	if err := refresh.Run(); err != nil {
		return fmt.Errorf("refresh: %w", err)
	}
	if err := f.granted(ctx, 1, 2); err != nil {
		return err
	}
	f.seen.all = nil
	if err := f.exchangeRate(ctx); err != nil {
		return err
	}
	if !slices.Equal(f.seen.all, []int{http.StatusUnauthorized, http.StatusOK}) {
		return fmt.Errorf("the statuses are %v, expected a rejected token and then success", f.seen.all)
	}
	return f.granted(ctx, 1, 2)
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"stablelink-interop/gateway"
	"stablelink-interop/provisional"
)

// moneyNumber creates an order and reads it back.
func (f *flow) moneyNumber(ctx context.Context, nth int, amount json.Number) error {
	number := f.run + "N" + strconv.Itoa(nth)
	_, err := accepted(f.CreateCheckoutOrderWithResponse(ctx, newOrder(number, amount)))
	if err != nil {
		return err
	}
	response, err := accepted(f.GetCheckoutOrderWithResponse(ctx, &gateway.GetCheckoutOrderParams{OrderNo: number}))
	if err != nil {
		return err
	}
	order := response.JSON200.Retdata
	if order == nil || order.OrderAmount == nil || *order.OrderAmount != amount {
		return fmt.Errorf("the value in the generated type is not %s", amount)
	}
	return checkField(response.Body, "orderAmount", amount.String())
}

// moneyString creates a settlement and reads it back.
func (f *flow) moneyString(ctx context.Context, nth int, amount string) error {
	number := f.run + "T" + strconv.Itoa(nth)
	_, err := accepted(f.CreateSettlementOrderWithResponse(ctx, gateway.CreateSettlementOrderRequest{
		SettlementOrderNo: number, MerchantID: new("1"), Token: new("ETH_USDT"), Amount: &amount,
		Address: new("0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C"), OrderNos: &[]string{f.orderNo},
	}))
	if err != nil {
		return err
	}
	response, err := accepted(f.Provisional.GetSettlementOrderWithResponse(ctx, &provisional.GetSettlementOrderParams{SettlementOrderNo: &number}))
	if err != nil {
		return err
	}
	settlement := response.JSON200.Retdata
	if settlement == nil || settlement.Amount == nil || *settlement.Amount != amount {
		return fmt.Errorf("the value in the generated type is not %s", amount)
	}
	return checkField(response.Body, "amount", strconv.Quote(amount))
}

// checkField compares the JSON text of a field of retdata in the response body.
func checkField(body []byte, field, expected string) error {
	var envelope struct{ Retdata map[string]json.RawMessage }
	if err := json.Unmarshal(body, &envelope); err != nil {
		return err
	}
	if text := string(envelope.Retdata[field]); text != expected {
		return fmt.Errorf("the response has %s: %s, expected %s", field, text, expected)
	}
	return nil
}

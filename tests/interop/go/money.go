package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"stablelink-interop/gateway"
	"stablelink-interop/provisional"
)

// moneyNumber makes an order and reads it back.
func (f *flow) moneyNumber(ctx context.Context, nth int, amount json.Number) error {
	number := f.run + "N" + strconv.Itoa(nth)
	_, err := accepted(f.CreateCheckoutOrderWithResponse(ctx, newOrder(number, amount)))
	if err != nil {
		return err
	}
	answer, err := accepted(f.GetCheckoutOrderWithResponse(ctx, &gateway.GetCheckoutOrderParams{OrderNo: number}))
	if err != nil {
		return err
	}
	order := answer.JSON200.Retdata
	if order == nil || order.OrderAmount == nil || *order.OrderAmount != amount {
		return fmt.Errorf("the generated type does not hold %s", amount)
	}
	return stands(answer.Body, "orderAmount", amount.String())
}

// moneyString makes a settlement and reads it back.
func (f *flow) moneyString(ctx context.Context, nth int, amount string) error {
	number := f.run + "T" + strconv.Itoa(nth)
	_, err := accepted(f.CreateSettlementOrderWithResponse(ctx, gateway.CreateSettlementOrderRequest{
		SettlementOrderNo: number, MerchantID: new("1"), Token: new("ETH_USDT"), Amount: &amount,
		Address: new("0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C"), OrderNos: &[]string{f.orderNo},
	}))
	if err != nil {
		return err
	}
	answer, err := accepted(f.Provisional.GetSettlementOrderWithResponse(ctx, &provisional.GetSettlementOrderParams{SettlementOrderNo: &number}))
	if err != nil {
		return err
	}
	settlement := answer.JSON200.Retdata
	if settlement == nil || settlement.Amount == nil || *settlement.Amount != amount {
		return fmt.Errorf("the generated type does not hold %s", amount)
	}
	return stands(answer.Body, "amount", strconv.Quote(amount))
}

// stands tells whether a member of retdata has this JSON text in the answer as it came.
func stands(answer []byte, member, expected string) error {
	var envelope struct{ Retdata map[string]json.RawMessage }
	if err := json.Unmarshal(answer, &envelope); err != nil {
		return err
	}
	if text := string(envelope.Retdata[member]); text != expected {
		return fmt.Errorf("the answer has %s: %s, not %s", member, text, expected)
	}
	return nil
}

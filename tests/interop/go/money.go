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
	_, err := Data(f.CreateCheckoutOrder(ctx, newOrder(number, amount)))
	if err != nil {
		return err
	}
	order, err := Read[gateway.CheckoutOrder](f.GetCheckoutOrder(ctx, &gateway.GetCheckoutOrderParams{OrderNo: number}))
	if err == nil {
		err = order.Need("orderAmount")
	}
	if err != nil {
		return err
	}
	if *order.Value.OrderAmount != amount {
		return fmt.Errorf("the value in the generated type is not %s", amount)
	}
	return checkField(order.body, "orderAmount", amount.String())
}

// moneyString creates a settlement and reads it back.
func (f *flow) moneyString(ctx context.Context, nth int, amount string) error {
	number := f.run + "T" + strconv.Itoa(nth)
	_, err := Data(f.CreateSettlementOrder(ctx, gateway.CreateSettlementOrderRequest{
		SettlementOrderNo: number, MerchantID: new("1"), Token: new("ETH_USDT"), Amount: &amount,
		Address: new("0x9f9D96DAB48f2E67BF93CCc7Ece46e09D5e4a22C"), OrderNos: &[]string{f.orderNo},
	}))
	if err != nil {
		return err
	}
	settlement, err := Read[provisional.SettlementOrder](f.Provisional.GetSettlementOrder(ctx, &provisional.GetSettlementOrderParams{SettlementOrderNo: &number}))
	if err == nil {
		err = settlement.Need("amount")
	}
	if err != nil {
		return err
	}
	if *settlement.Value.Amount != amount {
		return fmt.Errorf("the value in the generated type is not %s", amount)
	}
	return checkField(settlement.body, "amount", strconv.Quote(amount))
}

// checkField compares the JSON text of a field of retdata, as received.
func checkField(retdata []byte, field, expected string) error {
	if text := string(parseEnvelope(retdata)[field]); text != expected {
		return fmt.Errorf("the response has %s: %s, expected %s", field, text, expected)
	}
	return nil
}

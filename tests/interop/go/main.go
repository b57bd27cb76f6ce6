// Command stablelink-interop shows that a generated client for Go gets along with the gateway; see the README of the folder above.
package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, report := context.Background(), &Report{}
	switch {
	case len(args) == 2 && args[0] == "vectors":
		if err := Vectors(report, args[1]); err != nil {
			return err
		}
	case len(args) == 1 && args[0] == "flow":
		if err := Flow(ctx, report); err != nil {
			return err
		}
	case len(args) == 1 && args[0] == "refresh":
		return Renew(ctx)
	default:
		return fmt.Errorf("usage: vectors FILE | flow | refresh")
	}
	if report.failed {
		return fmt.Errorf("not all passed")
	}
	return nil
}

// Renew ends the token of the file, for this process and all others, and puts a new one there.
func Renew(ctx context.Context) error {
	clients, err := NewClients(http.DefaultTransport)
	if err != nil {
		return err
	}
	tokens := clients.Auth.Tokens
	token, err := tokens.Live(ctx, "")
	if err != nil {
		return err
	}
	_, err = tokens.Live(ctx, token)
	return err
}

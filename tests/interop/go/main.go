// Command stablelink-interop verifies a generated Go client against the gateway, see ../README.md.
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
	case len(args) == 2 && args[0] == "responses":
		if err := Responses(ctx, report, args[1]); err != nil {
			return err
		}
	case len(args) == 1 && args[0] == "flow":
		if err := Flow(ctx, report); err != nil {
			return err
		}
	case len(args) == 1 && args[0] == "refresh":
		return Refresh(ctx)
	default:
		return fmt.Errorf("usage: vectors FILE | responses FILE | flow | refresh")
	}
	if report.failed {
		return fmt.Errorf("some checks failed")
	}
	return nil
}

// Refresh replaces the token in the file, which invalidates it for all processes.
func Refresh(ctx context.Context) error {
	clients, err := NewClients(http.DefaultTransport)
	if err != nil {
		return err
	}
	tokens := clients.Auth.Tokens
	token, err := tokens.Current(ctx, "")
	if err != nil {
		return err
	}
	_, err = tokens.Current(ctx, token)
	return err
}

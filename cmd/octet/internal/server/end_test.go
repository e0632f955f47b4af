package server

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/octet-ml/octet"
	"github.com/octet-ml/octet/serve"
)

// A model whose file is read forever does not keep the server from ending.
func TestEndWhileAModelIsRead(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	reading, never := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(never) })
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Config{HTTP: "127.0.0.1:0", MaxBody: 1, MaxConnections: 1, DrainTimeout: 10 * time.Millisecond}, serve.Options{
			Paths: []string{"end_test.go"}, Log: slog.New(slog.DiscardHandler),
			Open: func(context.Context, string) (*octet.Model, error) {
				close(reading)
				<-never
				return nil, context.Canceled
			},
		})
	}()
	<-reading
	cancel()
	select {
	case err := <-ended:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Error("it did not end")
	}
}

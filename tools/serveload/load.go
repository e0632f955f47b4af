package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
)

// figures are what a load prints.
type figures struct {
	Requests int     `json:"requests"` // that were answered with 200
	Failed   int     `json:"failed"`   // that were not
	Rate     float64 `json:"rate"`     // answers a second
	P50      float64 `json:"p50_ms"`
	P90      float64 `json:"p90_ms"`
	P99      float64 `json:"p99_ms"`
}

// loadCommand makes one load on a URL.
func loadCommand(ctx context.Context, args []string) error {
	var header []string
	f := flag.NewFlagSet("serveload load", flag.ExitOnError)
	file := f.String("body", "", "the file that is posted")
	clients := f.Int("clients", 1, "clients at a time")
	length := f.Duration("length", 5*time.Second, "how long")
	requests := f.Int("requests", 0, "so many requests instead")
	f.Func("header", "NAME: VALUE, as often as there are headers", func(text string) error {
		name, value, ok := strings.Cut(text, ":")
		if !ok {
			return fmt.Errorf("%q is no NAME: VALUE", text)
		}
		header = append(header, name, strings.TrimSpace(value))
		return nil
	})
	f.Parse(args)
	if f.NArg() != 1 || *file == "" || *clients < 1 {
		return fmt.Errorf("serveload load [-clients N] [-length TIME] [-header NAME:VALUE] -body FILE URL")
	}
	body, err := os.ReadFile(*file)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: *clients, DisableCompression: true, WriteBufferSize: len(body) + 4<<10}}
	ask := func(ctx context.Context) (int, []byte, error) {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, f.Arg(0), bytes.NewReader(body))
		if err != nil {
			return 0, nil, err
		}
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		a, err := client.Do(r)
		if err != nil {
			return 0, nil, err
		}
		defer a.Body.Close()
		b, err := io.ReadAll(a.Body)
		return a.StatusCode, b, err
	}
	got := load{query: ask, clients: *clients, length: *length, requests: *requests}.run(ctx)
	answered := len(got.took[fine])
	out := figures{Requests: answered, Rate: float64(answered) / got.length.Seconds()}
	for status, list := range got.took {
		if status != fine {
			out.Failed += len(list)
		}
	}
	for _, n := range got.wrong {
		out.Failed += n
	}
	ms := func(part float64) float64 { return float64(got.quantile(fine, part)) / float64(time.Millisecond) }
	out.P50, out.P90, out.P99 = ms(.5), ms(.9), ms(.99)
	return json.NewEncoder(os.Stdout).Encode(out)
}
